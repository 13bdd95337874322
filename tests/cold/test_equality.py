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
from loopwatch_processor.cold.shelved import Shelved
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import Step
from tests.cold.pictures import picture
from tests.shared import needs_recordings
from tests.snapshot.lives import TIGHT, names, pipeline, requests
from tests.snapshot.test_trees import steps
from tests.trees import observe

_ALL = 10**6
"""Steps to pack at once: all there are."""
_COOL_S = 0.5


def _cool(sessions: Sessions, now: float) -> None:
    while sessions.cool(now + _COOL_S, _ALL):
        pass


def _fed(arriving: Sequence[Step], limits: SessionLimits, cool_at: set[int]) -> tuple[list[Any], Sessions]:
    sessions, placed = Sessions(limits), []
    for number, step in enumerate(arriving):
        found = observe(sessions, step, float(number))
        placed += [(place.session.key, place.run.key, place.agent.key, place.step_index, one) for place, one in found]
        if number in cool_at:
            _cool(sessions, float(number))
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


def _lived(line: Pipeline, name: str, *, cools: bool) -> tuple[list[Any], list[str]]:
    found: list[Any] = []
    for number, item in enumerate(requests(name)):
        scored = line.feed_traces(item.body, float(number))
        found += [*scored.raised, *scored.changes]
        if cools:
            _cool(line.sessions, float(number))
            assert not line.sessions.open.hot
    return found, picture(line.sessions)


@needs_recordings
@pytest.mark.parametrize("name", names())
def test_recordings_packed_after_each_span_are_equal(name: str) -> None:
    """All detectors on, with content: findings, incidents, windows and what detectors remember are equal."""
    settings = (*TIGHT, f"sessions.cool_s={_COOL_S}")
    never = _lived(pipeline(*settings), name, cools=False)
    often = _lived(pipeline(*settings), name, cools=True)
    assert often == never
