"""How what a run has failed at is held."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from loopwatch_processor import run
from loopwatch_processor.run import Totals


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], Mapping[str, int]]:
    """What is held once for all runs."""
    empty: dict[tuple[str, int], Mapping[str, int]] = {}
    monkeypatch.setattr(run, "_ONE_ERROR", empty)
    return empty


def _failed(*counts: int, what: str = "tool_call/timeout") -> Totals:
    totals = Totals()
    for count in counts:
        totals.fail(what, count)
    return totals


def test_what_many_runs_failed_at_is_held_once() -> None:
    """Also where it was more for a while."""
    one, other = _failed(1, 1), _failed(3, -1)
    assert one.errors == {"tool_call/timeout": 2}
    assert one.errors is other.errors


def test_a_run_that_fails_on_and_on_takes_no_places() -> None:
    """Nobody else has its counts, and those that others have must find room."""
    looping = _failed(*[1] * 5_000)
    assert looping.errors == {"tool_call/timeout": 5_000}
    assert _failed(1, what="tool_call/bug").errors is _failed(1, what="tool_call/bug").errors


def test_what_is_held_is_found_where_all_places_are_taken(held: dict[tuple[str, int], Mapping[str, int]]) -> None:
    """And what is not is held by its run."""
    first = _failed(1)
    for number in range(5_000):
        _failed(1, what=f"tool_call/{number}")
    assert len(held) < 2_000
    assert _failed(1).errors is first.errors
    assert _failed(1, what="tool_call/4999").errors == {"tool_call/4999": 1}


def test_several_ways_to_fail_are_counted_each() -> None:
    """One that is taken away again is gone."""
    totals = _failed(2)
    totals.fail("model_call/refused", 1)
    assert totals.errors == {"tool_call/timeout": 2, "model_call/refused": 1}
    totals.fail("tool_call/timeout", -2)
    assert totals.errors == {"model_call/refused": 1}
    assert _failed(2).errors == {"tool_call/timeout": 2}
