"""Traces of no session yet in the journal: which are kept, for how long, and how many."""

from __future__ import annotations

import pytest

from loopwatch_processor import store
from loopwatch_processor.snapshot import bare
from loopwatch_processor.snapshot.traces import KeptTrace
from tests.snapshot.lives import Kept
from tests.trees import model, observe, span


def bare_ids(kept: Kept) -> list[str]:
    """The traces of no session that the journal holds."""
    return [trace.trace.trace_id for trace in bare.read(kept.texts[bare.KEY])] if bare.KEY in kept.texts else []


def test_spans_of_no_session_yet_are_kept_until_a_call_comes_or_their_root() -> None:
    """Written in a round when they are others than before, and gone with the round after."""
    kept = Kept(every_s=10.0)
    observe(kept.sessions, span("chain", "root", trace_id="t"), 1.0)
    observe(kept.sessions, span("handler", "request", trace_id="u"), 1.0)
    assert kept.round(2.0) == [bare.KEY]
    assert bare_ids(kept) == ["u", "t"]
    assert kept.round(12.0) == []
    observe(kept.sessions, span("request", trace_id="u"), 13.0)
    assert kept.round(22.0) == [bare.KEY]
    assert bare_ids(kept) == ["t"]
    observe(kept.sessions, model("call", "chain", trace_id="t", session_id="s"), 23.0)
    assert kept.round(32.0) == [bare.KEY, "s"]
    assert kept.texts.keys() == {"s"}


def test_of_more_traces_of_no_session_than_are_kept_the_newest_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """They count as no session that `journal.max_snapshots` left out."""
    monkeypatch.setattr(bare, "MAX_TRACES", 2)
    kept = Kept(every_s=10.0)
    for number in range(3):
        observe(kept.sessions, span("chain", "root", trace_id=f"t{number}"), float(number))
    kept.round(5.0)
    assert bare_ids(kept) == ["t2", "t1"]
    assert not kept.sessions.counts.forgotten["snapshots"]


def test_the_row_of_traces_of_no_session_has_at_most_so_many_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written in one go: the newest traces are whole, the last one is cut, and older ones are left out."""
    monkeypatch.setattr(bare, "MAX_SPANS", 10)
    kept = Kept(every_s=10.0, spans=4)
    for number in range(5):
        for inner in range(number + 1):
            observe(kept.sessions, span(f"s{inner}", f"s{inner + 1}", trace_id=f"t{number}"), float(number))
    kept.round(6.0)
    found = {item.trace.trace_id: len(item.nodes) for item in bare.read(kept.texts[bare.KEY])}
    assert found == {"t4": 4, "t3": 4, "t2": 2}


def _silent_for(kept: Kept, until_s: int) -> None:
    """Rounds every ten seconds, and packing every second, as in a process that hears nothing."""
    for now in range(until_s):
        kept.keeper.begin(float(now))
        while kept.sessions.cool(float(now), 100):
            pass


def test_traces_of_no_session_survive_minutes_of_silence() -> None:
    """The first call may take long; those that are left out of the journal are packed like others."""
    kept = Kept(every_s=10.0)
    for number in range(bare.MAX_TRACES + 2):
        observe(kept.sessions, span("chain", "root", trace_id=f"t{number}"), 0.0)
    _silent_for(kept, 200)
    assert bare_ids(kept) == [f"t{number}" for number in range(bare.MAX_TRACES + 1, 1, -1)]
    assert len(kept.sessions._traces.shelf) == 2


def test_rounds_may_be_rarer_than_packing() -> None:
    """No round has seen the trace when it could be packed, and the next one finds it all the same."""
    kept = Kept(every_s=1_000.0)
    for second in range(1_100):
        kept.keeper.begin(float(second))
        if second == 1:
            observe(kept.sessions, span("chain", "root", trace_id="t"), 1.0)
        while kept.sessions.cool(float(second), 100):
            pass
    assert bare_ids(kept) == ["t"]


def test_traces_of_no_session_that_are_silent_are_kept_behind_any_number_of_newer_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once found they are looked at again, though they are not among the newest any more."""
    monkeypatch.setattr(store, "_LOOKED_AT", 2)
    kept = Kept(every_s=10.0)
    observe(kept.sessions, span("chain", "root", trace_id="t1"), 1.0)
    observe(kept.sessions, span("chain", "root", trace_id="t2"), 2.0)
    kept.round(3.0)
    for number in range(5):
        kept.step(f"s{number}", 4.0 + number)
    kept.round(13.0)
    assert bare_ids(kept) == ["t2", "t1"]


def test_a_trace_of_no_session_that_has_one_now_is_packed() -> None:
    """What was spared from packing is not spared for ever."""
    kept = Kept(every_s=10.0)
    observe(kept.sessions, span("chain", "root", trace_id="t"), 0.0)
    kept.round(1.0)
    observe(kept.sessions, model("call", "chain", trace_id="t", session_id="s"), 2.0)
    _silent_for(kept, 90)
    assert "t" not in kept.sessions._traces.hot
    assert bare_ids(kept) == []


def test_traces_of_no_session_survive_two_restarts() -> None:
    """Minutes after each of them the journal still holds them, in the same order."""
    journal: list[KeptTrace] = []
    for life in range(3):
        kept = Kept(every_s=10.0)
        kept.keeper.restore([], 1_000.0 * life, journal)
        if not life:
            observe(kept.sessions, span("chain", "root", trace_id="t1"), 0.0)
            observe(kept.sessions, span("chain", "root", trace_id="t2"), 0.0)
        while kept.sessions.cool(1_000.0 * life, 100):
            pass
        kept.round(1_000.0 * life + 5.0)
        while kept.sessions.cool(1_000.0 * life + 200.0, 100):
            pass
        kept.round(1_000.0 * life + 200.0)
        assert bare_ids(kept) == ["t2", "t1"]
        journal = bare.read(kept.texts[bare.KEY])
