"""When sessions are packed, what brings them back, and what is known of them meanwhile."""

from __future__ import annotations

import pytest

from loopwatch_processor.bounds import SessionLimits
from loopwatch_processor.cold import company
from loopwatch_processor.cold.cooler import FOLD_S
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import ModelCall
from tests.trees import agent, model, observe, span, tool

_ALL = 10**6


def _at(*seconds: int, **limits: float) -> Sessions:
    """A session each, named after the second at which its only call arrived."""
    sessions = Sessions(SessionLimits(**limits))  # type: ignore[arg-type]
    for second in seconds:
        observe(sessions, _call(second), float(second))
    return sessions


def _call(second: int, span_id: str = "m") -> object:
    return model(f"{span_id}{second}", trace_id=f"t{second}", session_id=f"s{second}")


def _cool(sessions: Sessions, now: float) -> None:
    while sessions.cool(now, _ALL):
        pass


def test_only_what_is_silent_is_packed() -> None:
    """A session that was heard of within `cool_s` stays as it is, and so does its trace."""
    sessions = _at(0, 50, cool_s=60.0)
    _cool(sessions, 70.0)
    assert list(sessions.open.hot) == ["s50"]
    assert list(sessions._traces.hot) == ["t50"]
    assert len(sessions.open) == len(sessions._traces) == 2


def test_one_portion_packs_no_more_than_it_may() -> None:
    """The rest waits for the next portion, so that requests come between."""
    sessions = _at(*range(10))
    assert sessions.cool(1_000.0, 3)
    assert 0 < len(sessions.open.shelf) < 10
    _cool(sessions, 1_000.0)
    assert len(sessions.open.shelf) == 10


def test_a_span_of_a_packed_session_brings_it_back() -> None:
    """By its session id or by its trace; the others stay packed."""
    sessions = _at(0, 1, 2)
    _cool(sessions, 1_000.0)
    observe(sessions, model("more", trace_id="new", session_id="s0"), 1_000.0)
    observe(sessions, span("above", trace_id="t1"), 1_000.0)
    assert sessions.open.hot.keys() == {"s0", "s1"}
    assert sessions.open["s0"].totals.model_calls == 2


def test_a_trace_that_is_still_heard_of_stays() -> None:
    """Its session may be packed without it, and moves with it when a span says where it belongs."""
    sessions = _at(0)
    observe(sessions, model("late", "structure", trace_id="t0", end=3), 1.0)
    observe(sessions, span("other", trace_id="t0"), 50.0)
    _cool(sessions, 70.0)
    assert list(sessions.open.hot) == []
    assert list(sessions._traces.hot) == ["t0"]
    observe(sessions, agent("structure", trace_id="t0", end=4), 71.0)
    assert sessions.open["s0"].runs["structure"].totals.model_calls == 1
    assert sessions.open["s0"].runs["s0"].last_step is not None


def test_a_trace_that_nothing_is_heard_of_is_folded_until_a_span_comes() -> None:
    """It holds no tree then; the late span finds its place in one that is as it was."""
    sessions = Sessions()
    for number, step in enumerate((tool("c", "above"), model("m", "above"), agent("above", "root"))):
        observe(sessions, step, float(number))
    _cool(sessions, 5.0)
    trace = sessions._traces.hot["t1"]
    assert not trace.is_folded
    _cool(sessions, 2.0 + FOLD_S)
    assert trace.is_folded
    assert trace.size == 3
    observe(sessions, agent("root", name="chief", end=9), 20.0)
    assert not trace.is_folded
    assert sessions.open["t1"].runs["root"].members == 4


def test_a_trace_in_which_a_span_stands_for_another_is_not_folded() -> None:
    """What was decided when it came does not follow from the spans alone."""
    sessions = Sessions()
    call = ModelCall(response_id="resp-1")
    observe(sessions, model("a", trace_id="t1", model=call), 0.0)
    observe(sessions, model("b", trace_id="t2", session_id="s", model=call), 0.0)
    _cool(sessions, 20.0)
    assert not any(trace.is_folded for trace in sessions._traces.hot.values())


def test_traces_of_a_session_that_goes_on_are_packed_alone() -> None:
    """It has its steps in its windows, and needs the trace only where a late span belongs to it."""
    sessions = Sessions()
    for number in range(100):
        observe(sessions, tool(f"c{number}", "root", end=number, trace_id=f"t{number}", session_id="s"), float(number))
    _cool(sessions, 130.0)
    assert sessions.open.hot.keys() == {"s"}
    assert len(sessions._traces.shelf) == 71
    observe(sessions, agent("root", trace_id="t9", end=10), 131.0)
    assert sessions.open["s"].runs["root"].members == 2


def test_the_least_recently_active_is_evicted_first_packed_or_not() -> None:
    """Bounds bite in the order of silence; what was packed and evicted is gone."""
    sessions = _at(0, 1, 2, sessions=3, traces=3)
    _cool(sessions, 61.5)
    assert list(sessions.open.hot) == ["s2"]
    for second in (70, 71, 72):
        observe(sessions, _call(second), float(second))  # type: ignore[arg-type]
    assert list(sessions.open) == ["s70", "s71", "s72"]
    assert list(sessions._traces) == ["t70", "t71", "t72"]
    assert sessions._spans == 3
    assert sessions.counts.evicted_sessions == sessions.counts.evicted_traces == 3


def test_packed_sessions_idle_out_like_others() -> None:
    """They are given out whole, the one that was silent for longest first."""
    sessions = _at(0, 1, 2, 100, idle_s=150.0)
    _cool(sessions, 110.0)
    ended = sessions.expire(152.0)
    assert [session.key for session in ended] == ["s0", "s1", "s2"]
    assert [session.totals.model_calls for session in ended] == [1, 1, 1]
    assert list(sessions.open) == ["s100"]


def test_a_clock_that_was_set_is_no_silence() -> None:
    """What was packed idles out as much later as the clock went on."""
    sessions = _at(0, idle_s=150.0)
    _cool(sessions, 100.0)
    sessions.shift(1_000.0)
    assert sessions.open.seen_s("s0") == 1_000.0
    assert not sessions.expire(1_100.0)
    assert sessions.expire(1_151.0)


def test_looking_does_not_unpack() -> None:
    """A page reads a copy: the session stays packed, and what is done to the copy is forgotten."""
    sessions = _at(0, 1)
    _cool(sessions, 100.0)
    copy = sessions.cold.peek("s0")
    assert copy is not None
    assert copy.totals.model_calls == 1
    copy.agent = "changed"
    assert len(sessions.open.shelf) == 2
    assert sessions.open["s0"].agent == ""
    assert [member.name for member in sessions.open.newest_first()] == ["s1", "s0"]


def test_what_was_unpacked_without_news_keeps_its_place_among_the_packed() -> None:
    """A look that brings it back makes it no newer, so that whoever goes by age finds the packed ones behind it."""
    sessions = _at(0, 5, 100, cool_s=60.0)
    _cool(sessions, 80.0)
    assert sessions.open.get("s0") is not None
    assert set(sessions.open.hot) == {"s0", "s100"}
    assert [member.name for member in sessions.open.newest_first()] == ["s100", "s5", "s0"]
    assert list(sessions.open) == ["s0", "s5", "s100"]


def test_the_other_span_of_a_packed_call_is_found() -> None:
    """Two instrumentations may tell of one call in two traces; the second span may come after a minute."""
    sessions = Sessions()
    call = ModelCall(response_id="resp-1")
    observe(sessions, model("a", trace_id="t1", model=call), 0.0)
    _cool(sessions, 100.0)
    observe(sessions, model("b", trace_id="t2", session_id="s", model=call), 100.0)
    assert sum(session.totals.model_calls for session in sessions.open.values()) == 1


def test_the_other_span_of_an_evicted_packed_call_is_found() -> None:
    """As without packing, calls are remembered longer than their traces."""
    found = []
    for cool_s in (1.0, 1_000.0):
        sessions = Sessions(SessionLimits(traces=1, cool_s=cool_s))
        call = ModelCall(response_id="resp-1")
        observe(sessions, model("a", trace_id="t1", model=call), 0.0)
        _cool(sessions, 100.0)
        observe(sessions, model("x", trace_id="t3"), 100.0)
        observe(sessions, model("b", trace_id="t2", session_id="s", model=call), 100.0)
        found.append({key: sessions.open[key].totals.model_calls for key in sorted(sessions.open)})
    assert found[0] == found[1]


def test_what_nests_too_deep_stays_as_it_is() -> None:
    """A thousand agents inside one another are more than the writer goes down: nothing is lost."""
    sessions = Sessions(SessionLimits())
    for depth in range(400):
        observe(sessions, agent(f"a{depth}", f"a{depth + 1}", name=f"n{depth}", session_id="s"), 0.0)
    _cool(sessions, 100.0)
    assert not sessions.open.shelf
    assert len(sessions._traces["t1"].nodes) == 400


@pytest.mark.parametrize("is_root_first", [True, False])
def test_deep_structure_is_packed(is_root_first: bool) -> None:
    """How deep spans that are no steps stand under one another does not matter, and each is under its parent again."""
    sessions = Sessions()
    chain = [span(f"s{depth}", f"s{depth - 1}" if depth else "above") for depth in range(500)]
    steps = [*chain, tool("x", "s499")]
    for step in steps if is_root_first else steps[::-1]:
        observe(sessions, step, 0.0)
    _cool(sessions, 100.0)
    assert len(sessions.open.shelf) == len(sessions._traces.shelf) == 1
    nodes = sessions._traces["t1"].nodes
    assert [node.span_id for node in nodes["s499"].children or ()] == ["x"]
    assert all(nodes[f"s{depth}"].children == [nodes[f"s{depth + 1}"]] for depth in range(499))


def test_a_session_held_by_somebody_is_found_as_it_is_now() -> None:
    """In-line, what was said of a session is taken back when its spans did not arrive: not of a copy of it."""
    sessions = _at(0)
    held = sessions.open["s0"]
    _cool(sessions, 100.0)
    assert sessions.current(held) is sessions.open["s0"]
    assert sessions.current(held) is not held


def test_what_remembers_too_much_stays_and_is_counted_until_it_is_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at once for each time that it fell silent; once it has less to remember it is packed."""
    monkeypatch.setattr(company, "MOST_STEPS", 3)
    sessions = _at(0)
    for number in range(3):
        observe(sessions, model(f"more{number}", trace_id="t0", session_id="s0", end=number + 1), 1.0)
    observe(sessions, _call(2), 2.0)  # type: ignore[arg-type]
    _cool(sessions, 100.0)
    assert list(sessions.open.hot) == ["s0"]
    assert sessions.cold.unfit_sessions == 1
    observe(sessions, model("news", trace_id="t0", session_id="s0", end=9), 110.0)
    assert sessions.cold.unfit_sessions == 0
    _cool(sessions, 200.0)
    assert sessions.cold.unfit_sessions == 1
    monkeypatch.setattr(company, "MOST_STEPS", 10)
    observe(sessions, model("newer", trace_id="t0", session_id="s0", end=10), 210.0)
    _cool(sessions, 300.0)
    assert not sessions.open.hot
    assert sessions.cold.unfit_sessions == 0


def test_a_session_of_many_steps_is_packed() -> None:
    """All windows of nine agents are, with the traces, as much as is packed in one go."""
    sessions = Sessions()
    for number in range(9 * 64):
        call = model if number % 2 else tool
        observe(
            sessions,
            call(f"m{number}", end=number, trace_id=f"t{number % 7}", session_id="s", agent=f"agent{number % 9}"),
            0.0,
        )
    _cool(sessions, 100.0)
    assert not sessions.open.hot
    assert sum(len(state.tool_calls) + len(state.model_calls) for state in sessions.open["s"].agents.values()) == 576


def test_the_bytes_of_what_is_packed_are_known() -> None:
    """They are of the packed values themselves, and nothing is left of them when all is back or evicted."""
    sessions = _at(0, 1, 2)
    assert sessions.cold.packed_bytes == 0
    _cool(sessions, 100.0)
    units = {sessions.open.shelf.get(f"s{second}") for second in (0, 1, 2)}
    assert sessions.cold.packed_bytes == sum(len(unit) for unit in units if unit is not None) > 300
    assert sessions.open.get("s0") is not None
    sessions.cold.forget_session("s1")
    sessions.cold.forget_trace("t1")
    assert sessions.cold.packed_bytes == len(sessions.open.shelf.get("s2") or b"")
    assert sessions.open.get("s2") is not None
    assert sessions.cold.packed_bytes == 0
