"""Recordings of real SDKs, cut in two by a kill: what is known at the end is as if nobody had been killed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shared import needs_recordings
from tests.snapshot.lives import CONTENT, feed, known, names, next_life, pipeline, raised_as, requests

pytestmark = needs_recordings


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_kill_changes_neither_sums_nor_budgets_nor_findings(data: st.DataObject) -> None:
    """Whatever the recording and wherever it is cut; what was sent once more around the kill counts once."""
    items = requests(data.draw(st.sampled_from(names())))
    cut = data.draw(st.integers(0, len(items)))
    again = data.draw(st.integers(0, 3))

    whole = pipeline()
    expected = feed(whole, items)
    first, second = pipeline(), pipeline()
    found = feed(first, items[:cut])
    next_life(first.sessions, second.sessions)
    found += feed(second, items[max(0, cut - again) : cut], cut)
    found += feed(second, items[cut:], cut)

    assert known(second.sessions) == known(whole.sessions)
    plain = [sorted(map(raised_as, item)) for item in (found, expected)]
    now, before = ([item for item in each if item[2] not in CONTENT] for each in plain)
    assert now == before


@pytest.mark.parametrize("cut", [1, 16, 51])
def test_a_kill_right_below_a_span_that_is_no_step(cut: int) -> None:
    """The newest span is the first of its trace, and what stands above the call that comes next."""
    items = requests("langsmith_langchain.jsonl")
    whole, first, second = pipeline(), pipeline(), pipeline()
    feed(whole, items)
    feed(first, items[:cut])
    assert list(first.sessions.bare_traces())
    next_life(first.sessions, second.sessions)
    feed(second, items[cut:], cut)
    assert known(second.sessions) == known(whole.sessions)


@pytest.mark.parametrize("name", names()[:12])
def test_a_loop_is_raised_at_most_once_at_each_severity(name: str) -> None:
    """What was found before a kill is known after it, wherever the cut is: nothing is raised again."""
    items = requests(name)
    for cut in range(0, len(items), 5):
        first, second = pipeline("budgets.per_session.max_usd=1000"), pipeline("budgets.per_session.max_usd=1000")
        found = feed(first, items[:cut])
        next_life(first.sessions, second.sessions)
        found += feed(second, items[cut:], cut)
        loops = [raised_as(item) for item in found if item.finding.detector == "loop"]
        assert len(loops) == len(set(loops))
