"""Packing changes nothing: whatever arrives afterwards finds everything as it would have been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.bounds import SessionLimits
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


@given(steps(), st.sets(st.integers(0, 12)), st.integers(1, 4), st.integers(1, 4), st.integers(2, 12))
def test_packed_at_any_time_all_is_equal(
    arriving: list[Step], cool_at: set[int], most_sessions: int, most_traces: int, most_spans: int
) -> None:
    """Children before parents, late ids, two sessions in one trace, bounds that bite: places and state are equal."""
    limits = SessionLimits(sessions=most_sessions, traces=most_traces, spans=most_spans, cool_s=_COOL_S)
    never, warm = _fed(arriving, limits, set())
    often, cold = _fed(arriving, limits, cool_at)
    assert often == never
    assert list(cold.open) == list(warm.open)
    assert list(cold._traces) == list(warm._traces)
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
