"""Packing changes nothing: whatever arrives afterwards finds everything as it would have been."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loopwatch_processor.bounds import SessionLimits
from loopwatch_processor.cold.cooler import FOLD_S
from loopwatch_processor.cold.shelved import Shelved
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import ModelCall, Step
from loopwatch_processor.values import replace
from tests.cold.pictures import picture
from tests.shared import needs_recordings
from tests.snapshot.lives import TIGHT, names, pipeline, requests
from tests.snapshot.test_trees import steps
from tests.trees import model, observe, tool

_ALL = 10**6
"""Steps to pack at once: all there are."""
_COOL_S = 0.5
_LONG_S = 1e6


def _cool(sessions: Sessions, now: float, after_s: float = _COOL_S) -> None:
    while sessions.cool(now + after_s, _ALL):
        pass


def _fed(
    arriving: Sequence[Step], limits: SessionLimits, cool_at: set[int], after_s: float = _COOL_S
) -> tuple[list[Any], Sessions]:
    sessions, placed = Sessions(limits), []
    for number, step in enumerate(arriving):
        now = number * 2 * after_s
        found = observe(sessions, step, now)
        placed += [(place.session.key, place.run.key, place.agent.key, place.step_index, one) for place, one in found]
        if number in cool_at:
            _cool(sessions, now, after_s)
    return placed, sessions


def _all_at_moments_of_their_own(arriving: Sequence[Step], limits: SessionLimits) -> bool:
    sessions = Sessions(limits)
    for number, step in enumerate(arriving):
        observe(sessions, step, float(number))
        moments = [session.seen_s for session in sessions.open.hot.values()]
        if len(set(moments)) < len(moments):
            return False
    return True


def _in_order(shelved: Shelved[Any]) -> list[tuple[float | None, list[str]]]:
    """The names in order of activity; those of one moment have no order."""
    names = [(shelved.seen_s(name), name) for name in shelved]
    return [(moment, sorted(name for _, name in same)) for moment, same in groupby(names, key=itemgetter(0))]


@given(steps(), st.sets(st.integers(0, 12)), st.integers(1, 4), st.integers(1, 4), st.integers(2, 12))
def test_packed_at_any_time_all_is_equal(
    arriving: list[Step], cool_at: set[int], most_sessions: int, most_traces: int, most_spans: int
) -> None:
    """Children before parents, late ids, two sessions in one trace, bounds that bite: places and state are equal."""
    limits = SessionLimits(sessions=most_sessions, traces=most_traces, spans=most_spans, cool_s=_COOL_S)
    never, warm = _fed(arriving, limits, set())
    often, cold = _fed(arriving, limits, cool_at)
    # Which of two that were heard of at one moment is evicted first, packing may change.
    assume(not warm.counts.evicted_sessions or _all_at_moments_of_their_own(arriving, limits))
    assert often == never
    assert _in_order(cold.open) == _in_order(warm.open)
    assert _in_order(cold._traces) == _in_order(warm._traces)
    assert picture(cold) == picture(warm)


def _of_one_call(arriving: Sequence[Step], numbers: set[int]) -> list[Step]:
    """The model calls among *numbers* have one response id, as two instrumentations of one call would say."""
    call = ModelCall(response_id="resp-1")
    return [
        replace(step, model=call) if number in numbers and step.model is not None else step
        for number, step in enumerate(arriving)
    ]


_NUMBERS = st.sets(st.integers(0, 12))


@given(steps(), _NUMBERS, _NUMBERS, st.integers(1, 4), st.integers(1, 4), st.integers(2, 12), st.integers(2, 12))
def test_folded_at_any_time_all_is_equal(
    arriving: list[Step],
    of_one_call: set[int],
    fold_at: set[int],
    most_sessions: int,
    most_traces: int,
    most_spans: int,
    most_spans_of_one: int,
) -> None:
    """A trace that nothing is heard of for seconds is held as what its tree grows from again: as it would have been."""
    limits = SessionLimits(
        sessions=most_sessions,
        traces=most_traces,
        spans=most_spans,
        spans_per_trace=most_spans_of_one,
        cool_s=_LONG_S,
    )
    called = _of_one_call(arriving, of_one_call)
    never, grown = _fed(called, limits, set(), FOLD_S)
    often, folded = _fed(called, limits, fold_at, FOLD_S)
    assert often == never
    assert picture(folded) == picture(grown)


def test_a_folded_call_that_its_trace_has_forgotten_since_stops_nothing() -> None:
    """The next span of the call is one of its own, as where nothing was folded."""
    call = ModelCall(response_id="resp-1")
    sessions = Sessions(SessionLimits(spans_per_trace=4))
    observe(sessions, model("a", trace_id="t1", model=call), 0.0)
    _cool(sessions, 0.0, FOLD_S)
    assert sessions._traces.hot["t1"].is_folded
    for number in range(5):
        observe(sessions, tool(f"x{number}", trace_id="t1"), 20.0)
    observe(sessions, model("b", trace_id="t2", session_id="s", model=call), 21.0)
    assert sessions.open["s"].totals.model_calls == 1


def test_a_call_that_another_trace_completed_is_not_folded() -> None:
    """The spans inside it were read before it had its usage, and would be read in another way now."""
    call = ModelCall(response_id="resp-1")
    sessions = Sessions()
    observe(sessions, model("a", trace_id="t1", session_id="s", usage=None, model=call), 0.0)
    observe(sessions, model("inside", "a", trace_id="t1", usage=None, model=ModelCall(response_id="resp-2")), 0.0)
    observe(sessions, model("b", trace_id="t2", model=call), 0.0)
    _cool(sessions, 0.0, FOLD_S)
    observe(sessions, model("late", "a", trace_id="t1", usage=None, model=ModelCall(response_id="resp-3")), 20.0)
    assert sessions.open["s"].totals.model_calls == 1


def _two_spans_of_one_call(sessions: Sessions, *, folds: bool) -> Sessions:
    call = ModelCall(response_id="resp-1")
    observe(sessions, model("a", trace_id="t1", model=call), 0.0)
    if folds:
        _cool(sessions, 0.0, FOLD_S)
        assert sessions._traces.hot["t1"].is_folded
    observe(sessions, model("c", trace_id="t3", session_id="other"), 20.0)
    observe(sessions, model("b", trace_id="t2", session_id="s", model=call), 20.0)
    return sessions


@pytest.mark.parametrize(("traces", "calls"), [(9, 2), (1, 3)])
def test_the_other_span_of_a_folded_call_is_found(traces: int, calls: int) -> None:
    """Where the trace of the first one was evicted since, its call stays counted, folded or not."""
    folded = _two_spans_of_one_call(Sessions(SessionLimits(traces=traces)), folds=True)
    assert picture(folded) == picture(_two_spans_of_one_call(Sessions(SessionLimits(traces=traces)), folds=False))
    assert sum(session.totals.model_calls for session in folded.open.values()) == calls


def _lived(line: Pipeline, name: str, *, cools: bool, after_s: float = _COOL_S) -> tuple[list[Any], list[str]]:
    found: list[Any] = []
    for number, item in enumerate(requests(name)):
        now = number * 2 * after_s
        scored = line.feed_traces(item.body, now)
        found += [*scored.raised, *scored.changes]
        if cools:
            _cool(line.sessions, now, after_s)
            assert not (line.sessions.open.hot if after_s == _COOL_S else line.sessions.open.shelf)
    return found, picture(line.sessions)


@needs_recordings
@pytest.mark.parametrize("name", names())
def test_recordings_packed_after_each_span_are_equal(name: str) -> None:
    """All detectors on, with content: findings, incidents, windows and what detectors remember are equal."""
    settings = (*TIGHT, f"sessions.cool_s={_COOL_S}")
    never = _lived(pipeline(*settings), name, cools=False)
    often = _lived(pipeline(*settings), name, cools=True)
    assert often == never


@needs_recordings
@pytest.mark.parametrize("name", names())
def test_recordings_folded_after_each_span_are_equal(name: str) -> None:
    """As long as they are not silent for long enough to be packed, their traces are only folded."""
    settings = (*TIGHT, f"sessions.cool_s={_LONG_S}")
    never = _lived(pipeline(*settings), name, cools=False, after_s=FOLD_S)
    often = _lived(pipeline(*settings), name, cools=True, after_s=FOLD_S)
    assert often == never
