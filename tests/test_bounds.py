"""Everything remembered is bounded, and each bound that bites is counted."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.bounds import SeenIds, SessionLimits
from loopwatch_processor.conversation import Heard, Message
from loopwatch_processor.finding import Finding, RaisedFinding, Severity
from loopwatch_processor.node import Node
from loopwatch_processor.session import Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import Conversation, ModelCall, ToolCall, Usage
from tests.trees import TRACE, USAGE, agent, feed, feed_all, model, only, span, tool

CALLS = 20_000


def test_an_endless_trace_stays_one_session_of_one_agent() -> None:
    """Eleven days in one trace whose root never ends: nothing moves, nothing is lost from the totals."""
    sessions = feed_all(model(f"m{n}", "root", end=n, agent="analyzer") for n in range(CALLS))

    session = only(sessions)
    assert session.key == TRACE
    assert list(session.agents) == [("analyzer", "")]
    assert session.totals.model_calls == CALLS
    assert session.totals.usage == Usage(100 * CALLS, 10 * CALLS)
    kept = SessionLimits().spans_per_trace
    assert CALLS - kept <= sessions.counts.untracked_spans < CALLS - kept // 2


def test_the_agent_above_is_not_forgotten_while_it_has_children() -> None:
    """A turn that ended long ago may go on in its background: what comes later is still its own."""
    sessions = Sessions(SessionLimits(spans_per_trace=16))
    feed(span("request"), agent("root", "request"), span("loop", "root"), sessions=sessions)
    feed_all((model(f"m{n}", "loop", end=n) for n in range(500)), sessions)

    assert list(only(sessions).agents) == [("planner", "")]
    assert only(sessions).runs["root"].totals.model_calls == 500


def test_a_root_that_comes_after_its_spans_were_forgotten_takes_them_over() -> None:
    """Its session and its run hold all steps, and its total is not counted on top of them."""
    sessions = Sessions(SessionLimits(spans_per_trace=16))
    feed_all((model(f"m{n}", "root", end=n) for n in range(100)), sessions)
    feed(agent("root", end=100, session_id="conversation", usage=Usage(9_999, 9_999)), sessions=sessions)

    session = only(sessions)
    assert session.key == "conversation"
    assert session.totals.usage == Usage(10_000, 1_000)
    assert [(run.key, run.totals.model_calls, run.stop_reason) for run in session.runs.values()] == [
        ("root", 100, "completed")
    ]


def test_a_trace_knows_as_many_sessions_and_tools_as_spans() -> None:
    """Of a trace that goes on for days with others every hour the oldest are forgotten, and counted."""
    sessions = Sessions(SessionLimits(spans_per_trace=4))
    feed_all((model(f"m{n}", "gone", end=n, session_id=f"s{n}") for n in range(4)), sessions)
    feed_all((tool(f"t{n}", "gone", f"tool {n}", end=10 + n, session_id="s0") for n in range(4)), sessions)
    trace = sessions.trace(TRACE)
    assert trace is not None
    assert (list(trace.sessions), list(trace.tool_spans)) == (
        [f"s{n}" for n in range(4)],
        [f"tool {n}" for n in range(4)],
    )
    assert not sessions.counts.forgotten

    feed(tool("m4", "gone", "tool 4", end=20, session_id="s4"), sessions=sessions)
    feed(tool("m5", "gone", "tool 4", end=21, session_id="s4"), sessions=sessions)

    assert (next(iter(trace.sessions)), next(iter(trace.tool_spans))) == ("s1", "tool 1")
    assert (len(trace.sessions), len(trace.tool_spans)) == (4, 4)
    assert sessions.counts.forgotten == {"trace_sessions": 1, "trace_tools": 1}
    assert len(sessions.open) == 5


def test_an_agent_that_began_after_what_was_forgotten_counts_its_own_total() -> None:
    """Only the totals of turns around forgotten calls may repeat them."""
    sessions = Sessions(SessionLimits(spans_per_trace=16))
    feed_all((model(f"m{n}", "root", end=n) for n in range(100)), sessions)
    feed(agent("late", "root", end=200, name="helper", usage=Usage(7, 7)), sessions=sessions)

    assert only(sessions).totals.usage == Usage(10_007, 1_007)


def test_the_spans_of_all_traces_together_are_bounded() -> None:
    """Few long traces take no more than many short ones."""
    sessions = Sessions(SessionLimits(spans=100))
    feed_all((model(f"m{n}", "root", trace_id=f"t{n // 50}", end=n) for n in range(300)), sessions)

    assert sum(len(trace.nodes) for trace in sessions._traces.values()) <= 100
    assert sessions.counts.evicted_traces == 4
    assert sum(session.totals.model_calls for session in sessions.open.values()) == 300


def test_the_least_recently_active_session_is_evicted() -> None:
    """The bound holds and is counted."""
    sessions = Sessions(SessionLimits(sessions=2))
    feed(*(agent(f"r{n}", trace_id=f"t{n}", session_id=f"s{n}") for n in (1, 2, 1, 3)), sessions=sessions)

    assert list(sessions.open) == ["s2", "s3"]
    assert sessions.counts.evicted_sessions == 1


def test_a_step_leaves_only_the_session_that_counted_it() -> None:
    """A session that was evicted and opened anew does not pay for steps of its earlier life."""
    sessions = Sessions(SessionLimits(sessions=1))
    feed(model("m1", "root"), model("m2", trace_id="other"), model("m3", "root"), sessions=sessions)

    feed(agent("root", end=5, session_id="late"), sessions=sessions)

    assert only(sessions).key == "late"
    assert (only(sessions).totals.model_calls, only(sessions).totals.usage) == (2, Usage(200, 20))


@given(st.lists(st.integers(0, 30)), st.integers(1, 10))
def test_seen_ids_never_forget_the_newest(ids: list[int], size: int) -> None:
    """The rotating table remembers at least the last *size* different ids, in bounded space."""
    seen = SeenIds(size)
    recent: list[str] = []
    for key in map(str, ids):
        known = not seen.is_new(key)
        if key in recent[-size:]:
            assert known
        if not known:
            recent.append(key)
    assert sum(map(len, (*seen._young, *seen._old))) <= 2 * size * 7


def test_a_span_that_its_trace_remembers_counts_once_however_old() -> None:
    """The trace knows its spans after the table of ids has rotated."""
    sessions = Sessions(SessionLimits(span_ids=1))
    feed(model("m1"), model("m2", trace_id="b"), model("m3", trace_id="c"), model("m1"), sessions=sessions)

    assert sessions.counts.duplicates == 1


def test_histories_are_bounded() -> None:
    """A history that was forgotten starts a session of its own."""
    sessions = Sessions(SessionLimits(chains=1))
    first, other, second = (
        ModelCall(conversation=Conversation(leaves=("a",))),
        ModelCall(conversation=Conversation(leaves=("b",))),
        ModelCall(conversation=Conversation(continues=("a",))),
    )
    feed(
        *(model(f"m{n}", trace_id=f"t{n}", model=call) for n, call in enumerate((first, other, second))),
        sessions=sessions,
    )

    assert len(sessions.open) == 3
    assert sessions.counts.forgotten["chains"] == 1


def test_messages_without_a_span_are_bounded() -> None:
    """Log records of spans that never come do not pile up."""
    sessions = Sessions(SessionLimits(traces=2))
    for number in range(5):
        sessions.converse("a", f"m{number}", Heard(outputs=(Message("assistant", "Hm."),)), now=0.0)

    assert sessions.counts.forgotten["messages"] == 3


def test_runs_and_agents_of_a_session_are_bounded() -> None:
    """Both are counted; the totals of the session keep everything."""
    sessions = Sessions(SessionLimits(runs_per_session=2, agents_per_session=2))
    feed_all((agent(f"r{n}", name=f"a{n}", session_id="s", usage=USAGE, trace_id=f"t{n}") for n in range(5)), sessions)

    assert list(only(sessions).runs) == ["r3", "r4"]
    assert only(sessions).totals.usage == Usage(500, 50)
    assert (sessions.counts.forgotten["runs"], sessions.counts.forgotten["agents"]) == (3, 3)


def test_sessions_and_tools_without_end_in_one_trace_are_asked_for_and_not_looked_through() -> None:
    """Each span may name another; what a span costs must not grow with how many there were."""
    sessions = feed_all(tool(f"x{n}", "root", f"tool-{n}", session_id=f"s{n}") for n in range(100))

    trace = sessions.trace("t1")
    assert trace is not None
    assert isinstance(trace.sessions, dict)
    assert isinstance(trace.tool_spans, dict)
    assert list(trace.sessions) == [f"s{n}" for n in range(100)]
    assert list(trace.tool_spans) == [f"tool-{n}" for n in range(100)]


class Watched(Node):
    """A node that can be referred to weakly."""


def test_forgotten_spans_are_freed_without_the_garbage_collector() -> None:
    """It would have to walk all sessions, while everybody waits."""
    sessions = Sessions(SessionLimits(traces=1, spans_per_trace=16))
    gone: list[weakref.ref[Node]] = []
    gc.disable()
    try:
        for trace_id in ("t1", "t2"):
            calls = [tool(f"c{n}", "b", trace_id=trace_id) for n in range(20)]
            nested = [model("b", "a", trace_id=trace_id), model("a", "root", trace_id=trace_id)]
            for step in (*calls, *nested, agent("root", trace_id=trace_id)):
                node = Watched(step.span_id, step.parent_id, step.end_ns, step.session_id, step)
                gone += [weakref.ref(node)] if trace_id == "t1" else []
                sessions.observe(node, trace_id, 0.0)
            for span_id, parent_id in (("tail", "mouth"), ("mouth", "tail")):
                node = Watched(span_id, parent_id, 0)
                gone += [weakref.ref(node)] if trace_id == "t1" else []
                sessions.observe(node, trace_id, 0.0)
        del node
        assert sessions.counts.evicted_traces == 1
        assert [node.span_id for ref in gone if (node := ref()) is not None] == []
    finally:
        gc.enable()


def test_requests_that_nobody_answers_are_bounded() -> None:
    """A model may ask for any number of tool calls."""
    sessions = Sessions(SessionLimits(requests_per_session=2))
    asked = Conversation(requested=tuple(ToolCall("search", f"call-{n}") for n in range(5)))
    feed(model("m1", "root", model=ModelCall(conversation=asked)), sessions=sessions)

    assert list(only(sessions).requests.asked) == ["call-3", "call-4"]
    assert sessions.counts.forgotten["requests"] == 3


def raised(name: str, severity: Severity = Severity.WARNING) -> RaisedFinding:
    finding = Finding("loop", "exact", severity, 0.9, "loop_detected", "It repeats itself.")
    return RaisedFinding(finding, "s", "r", name, "svc", "", "t", "x", 3, 0)


def test_findings_of_agents_without_end_are_bounded() -> None:
    """Agents' names come from spans; a worse finding still finds its place, and is told once."""
    session = Session("s", SessionLimits(findings_per_session=2))
    assert [session.keep(raised(name)) is not None for name in "abc"] == [True, True, False]
    assert session.keep(raised("d", Severity.CRITICAL)) is not None
    assert session.keep(raised("d", Severity.CRITICAL)) is None

    assert len(session.findings) == 2
    assert session.worst is Severity.CRITICAL
    assert session.counts.forgotten["findings"] == 2


def test_tool_calls_from_messages_wait_for_their_span_in_bounds() -> None:
    """The newest are enough: a span comes soon after its call."""
    sessions = Sessions(SessionLimits(requests_per_session=2))
    session = Session("s", sessions.limits)
    for number in range(5):
        session.requests.recover(replace(tool(f"x{number}"), tool=ToolCall("search", recovered=True)))

    assert list(session.requests.recovered) == ["x3", "x4"]
