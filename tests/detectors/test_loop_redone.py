"""Work that is done again after a compaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.corpus import Labelled
from loopwatch_processor.evaluation import evaluate

Steps = Sequence[dict[str, Any]]
FILES = ("api", "core", "db", "auth", "mail", "jobs", "web", "util")


def read(name: str, result: str = "") -> dict[str, Any]:
    return {"kind": "tool", "name": "read", "arguments": {"path": name}, "result": result or f"text of {name}"}


def thinks(tokens: int) -> dict[str, Any]:
    return {"kind": "llm", "result": f"At {tokens}.", "input_tokens": tokens, "output_tokens": 9}


def grows(calls: Iterable[dict[str, Any]], since: int = 9_000) -> list[dict[str, Any]]:
    """*calls*, each after a model call whose input is longer than the last one's."""
    return [item for n, call in enumerate(calls) for item in (thinks(since + 12_000 * n), call)]


def found(steps: Steps, *, sketches: bool = False) -> list[tuple[int, str]]:
    outcome = evaluate(Labelled("a", "loop", steps), lambda: build_pipeline(Config()), sketches=sketches)
    return [(at, item.finding.pattern) for at, item in outcome.findings if item.finding.detector == "loop"]


FIRST = grows(read(name) for name in FILES)


@pytest.mark.parametrize("sketches", [False, True])
def test_six_calls_of_before_in_a_row_are_found(sketches: bool) -> None:
    """In any order; the warning comes with the sixth."""
    steps = [*FIRST, *grows(read(name) for name in FILES[6::-1])]
    assert found(steps, sketches=sketches)[0] == (len(FIRST) + 11, "redone")


@pytest.mark.parametrize(
    "steps",
    [
        [*FIRST, *grows(read(name) for name in FILES[:5])],
        [*FIRST, *grows([*(read(name) for name in FILES[:4]), read("new"), *(read(name) for name in FILES[4:])])],
        [*FIRST, *grows(read(name, f"changed {name}") for name in FILES)],
        [*FIRST, *grows((read(name) for name in FILES[::-1]), 105_000)],
        [*FIRST, thinks(300), *grows((read(name) for name in FILES[::-1]), 105_000)],
        [
            *FIRST,
            *grows(
                item
                for name in FILES
                for item in (
                    read(name),
                    {"kind": "tool", "name": "edit", "arguments": {"path": name}, "result": "edited"},
                )
            ),
        ],
    ],
    ids=[
        "a few files again",
        "something new among them",
        "other results",
        "no compaction",
        "one small side question",
        "read again to change it",
    ],
)
def test_getting_back_to_work_is_left_alone(steps: Steps) -> None:
    """Something is read again, and something else is done."""
    assert found(steps) == []
    assert found(steps, sketches=True) == []
