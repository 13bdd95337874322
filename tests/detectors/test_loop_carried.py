"""One failing call that is carried from agent to agent of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.corpus import Labelled
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.carried import Failures, carried_error
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.evaluation import evaluate
from loopwatch_processor.finding import Severity
from tests.trees import tool

Steps = Sequence[dict[str, Any]]
GONE = "NoSuchKey: lake/tides.parquet"
QUESTIONS = ("Which columns are there?", "Please say what it holds.", "Read all of it and sum it up.")


def tried(n: int, error: str = GONE, name: str = "load", **arguments: object) -> dict[str, Any]:
    """The one call of the agent number *n*."""
    return {"kind": "tool", "name": name, "arguments": arguments, "error": error, "agent": f"helper-{n}"}


def did(name: str, agent: str = "lead", **arguments: object) -> dict[str, Any]:
    return {"kind": "tool", "name": name, "arguments": arguments, "result": "ok", "agent": agent}


def found(steps: Steps, *, sketches: bool = False) -> list[tuple[int, str, str]]:
    """Index, pattern and severity of what is found."""
    outcome = evaluate(Labelled("a", "loop", steps), lambda: build_pipeline(Config()), sketches=sketches)
    return [(at, item.finding.pattern, item.finding.severity.label) for at, item in outcome.findings]


@pytest.mark.parametrize("sketches", [False, True])
def test_three_agents_that_fail_at_one_thing_are_found(sketches: bool) -> None:
    """Whatever each asks about it."""
    steps = [tried(n, path="lake/tides.parquet", question=text) for n, text in enumerate(QUESTIONS)]
    assert found(steps, sketches=sketches) == [(2, "carried_error", "warning")]


def test_the_error_tells_what_is_missing_where_other_fields_differ() -> None:
    """The name in it is the one that all of them give."""
    steps = [tried(n, path="lake/tides.parquet", column=f"{n}") for n in range(3)]
    assert found(steps) == [(2, "carried_error", "warning")]


def test_it_turns_critical_once_when_it_goes_on() -> None:
    """Eight agents, one page: no warning of its own for each agent in between."""
    steps = [tried(n, path="lake/tides.parquet") for n in range(8)]
    assert found(steps)[:2] == [(2, "carried_error", "warning"), (7, "carried_error", "critical")]


@pytest.mark.parametrize(
    "steps",
    [
        [tried(n, path=f"lake/tides-{n}.parquet", error="404 Not Found") for n in range(6)],
        [tried(n, path="lake/tides.parquet", error="429 Too Many Requests") for n in range(4)],
        [tried(n, path="lake/tides.parquet") for n in range(2)],
        [tried(0, path="lake/tides.parquet"), tried(1, path="lake/tides.parquet", error="403 Forbidden")] * 1
        + [tried(2, path="lake/tides.parquet", error="500 Internal Server Error")],
        [tried(n, name=f"load_{n}", path="lake/tides.parquet") for n in range(4)],
        [item for n in range(4) for item in (tried(n, path="lake/tides.parquet"), did("upload", path=f"part {n}"))],
        [item for n in range(4) for item in (tried(n, path="lake/tides.parquet"), did("load", path=f"x{n}"))],
        [{**tried(n, path="lake/tides.parquet"), "run": n} for n in range(6)],
        [{**tried(n, path="lake/tides.parquet"), "start": 0.01 * n, "end": 5} for n in range(6)],
        [tried(n, mode="fast", path=f"p{n}", error="unreadable") for n in range(5)],
    ],
    ids=[
        "other things",
        "a busy service",
        "two agents",
        "other errors",
        "other tools",
        "mended in between",
        "a success in between",
        "runs of their own",
        "at the same time",
        "one mode for each of many things",
    ],
)
def test_failures_that_are_not_one_attempt_are_left_alone(steps: Steps) -> None:
    """A list, a busy moment, a repair: each agent has a reason to try."""
    assert found(steps) == []
    assert found(steps, sketches=True) == []


def test_nothing_is_remembered_without_bound() -> None:
    """A thousand different failures of a hundred agents, and then one attempt of three."""
    steps = [tried(n % 100, path=f"part-{n}", error=f"bad magic in part-{n}") for n in range(1000)]
    steps += [tried(n, path="lake/tides.parquet") for n in range(3)]
    assert [item for item in found(steps) if item[1] == "carried_error"] == [(1002, "carried_error", "warning")]


def test_critical_needs_more_agents_than_a_warning() -> None:
    """The level is that of any loop: five more repetitions."""
    steps = [tried(n, path="lake/tides.parquet") for n in range(7)]
    outcome = evaluate(Labelled("a", "loop", steps), lambda: build_pipeline(Config()))
    assert outcome.first(Severity.CRITICAL) is None


def test_a_call_that_ended_before_all_that_is_remembered_is_carried_nowhere() -> None:
    """Spans come late: with 32 failures after it, it is not remembered, and nothing fails."""
    failures = Failures()
    for end in range(1, 33):
        failures.add(("a", ""), Call(tool(f"c{end}", end=end)))
    late = Call(tool("late", end=0))
    failures.add(("b", ""), late)
    assert carried_error(failures.until(late), LoopSettings()) is None
