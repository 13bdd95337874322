"""What identifies a call, where its tool is declared in the settings: from the settings to the finding."""

from __future__ import annotations

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.corpus import Labelled
from loopwatch_processor.evaluation import evaluate

FRESH_EACH_TIME = [
    {"kind": "tool", "name": "seek", "arguments": {"query": "tide", "marker": f"{n * 7919:x}q"}, "result": "no hits"}
    for n in range(6)
]
OTHER_QUERIES = [
    {"kind": "tool", "name": "seek", "arguments": {"query": query, "marker": "7q"}, "result": "no hits"}
    for query in ("tide", "moon", "gauge", "harbour", "mole", "quay")
]


def found(steps: list[dict[str, object]], identity: list[str]) -> list[tuple[int, str]]:
    config = Config.model_validate({"tools": [{"match": "seek", "identity": identity}]} if identity else {})
    outcome = evaluate(Labelled("a", "loop", steps), lambda: build_pipeline(config))
    return [(at, item.finding.pattern) for at, item in outcome.findings if item.finding.detector == "loop"]


def test_a_field_that_is_fresh_each_time_hides_nothing_where_the_others_are_declared() -> None:
    """Without the declaration six different calls are made, with it one call six times."""
    assert found(FRESH_EACH_TIME, []) == []
    assert found(FRESH_EACH_TIME, ["query"])[0] == (3, "exact")


def test_calls_that_differ_in_what_is_declared_stay_different() -> None:
    """Whatever else they share."""
    assert found(OTHER_QUERIES, ["query"]) == []
