"""Traces of any shape, in any order, killed anywhere, with snapshots that hold all spans or only a few."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loopwatch_processor.bounds import Counts
from loopwatch_processor.cold.cooler import FOLD_S
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.snapshot.restoring import restore
from loopwatch_processor.snapshot.sessions import read, write
from loopwatch_processor.step import Limits, Step, StepKind, Usage
from tests.snapshot.lives import known, next_life
from tests.trees import agent, feed_all, model, observe, span, tool

_TRACES = 3


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Spans of a few traces, each span under an earlier one of its trace, in any order."""
    made: list[Step] = []
    for number in range(draw(st.integers(1, 12))):
        trace_id = f"t{draw(st.integers(1, _TRACES))}"
        above = [item.span_id for item in made if item.trace_id == trace_id]
        parent = draw(st.sampled_from(above)) if above else ""
        more = {
            "trace_id": trace_id,
            "session_id": draw(st.sampled_from(["", "", "", "s1", "s2"])),
            "limits": draw(st.sampled_from([None, None, Limits(max_usd=1.0)])),
        }
        name = f"p{number}"
        kind = draw(st.sampled_from(["model", "model", "tool", "agent", "job", "other"]))
        end = draw(st.integers(0, 50))
        if kind == "model":
            made.append(model(name, parent, end=end, usage=Usage(number, 1), cost_usd=float(number), **more))
        elif kind == "tool":
            made.append(tool(name, parent, end=end, call_id=draw(st.sampled_from(["", "call_0123456789"])), **more))
        elif kind == "agent":
            made.append(agent(name, parent, end=end, name=draw(st.sampled_from("ab")), **more))
        else:
            made.append(span(name, parent, StepKind.JOB if kind == "job" else StepKind.OTHER, end=end, **more))
    return draw(st.permutations(made))


def _goes_on(arrived: list[Step]) -> bool:
    """Whether no trace without a step has its root span: such a one is taken for over, and is in no snapshot."""
    counted = {step.trace_id for step in arrived if step.kind is not StepKind.OTHER}
    return counted >= {step.trace_id for step in arrived if not step.parent_id}


@given(steps(), st.data())
def test_a_kill_changes_no_sum(arriving: list[Step], data: st.DataObject) -> None:
    """Children before parents, ids that come late, two sessions in one trace: all moves as if nothing had been."""
    cut = data.draw(st.integers(0, len(arriving)))
    again = data.draw(st.integers(0, cut))
    assume(_goes_on(arriving[:cut]))
    after = Sessions()
    next_life(feed_all(arriving[:cut]), after)
    for step in arriving[again:]:
        observe(after, step)
    assert known(after) == known(feed_all(arriving))


def test_many_tools_and_sessions_of_one_trace_are_not_looked_through_after_a_restart_either() -> None:
    """They are the mapping that they were."""
    sessions = feed_all(tool(f"x{n}", "root", f"tool-{n}", session_id=f"s{n}") for n in range(100))
    (kept,) = read(write(sessions.open["s99"], sessions.trace, 1_000), sessions.limits, Counts()).traces
    assert isinstance(kept.trace.tool_spans, dict)
    assert isinstance(kept.trace.sessions, dict)
    assert list(kept.trace.tool_spans) == [f"tool-{n}" for n in range(100)]
    assert list(kept.trace.sessions) == [f"s{n}" for n in range(100)]


@pytest.mark.parametrize("of_a_session", [False, True])
def test_a_kill_between_a_call_and_the_span_above_it_leaves_it_in_the_run_of_the_root(of_a_session: bool) -> None:
    """The span above came first and is no step, so it is counted nowhere; its session may be open for another trace."""
    other = [agent("before", trace_id="t0", session_id="s1")] if of_a_session else []
    above = span("chain", "root", StepKind.OTHER, end=3)
    below = [model("call", "chain", end=2, cost_usd=1.0), agent("root", end=9, session_id="s1")]
    after = Sessions()
    next_life(feed_all([*other, above]), after)
    for step in below:
        observe(after, step)
    assert known(after) == known(feed_all([*other, above, *below]))
    assert after.open["s1"].runs["root"].totals.cost_usd == 1.0


@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 5))
def test_with_few_spans_kept_the_money_still_follows_the_root(calls: int, cut: int, most: int) -> None:
    """What a snapshot leaves out stays counted where it was, and joins the agent's run when its span comes."""
    spans = [model(f"m{number}", "root", end=number, cost_usd=1.0) for number in range(calls)]
    after = Sessions()
    next_life(feed_all(spans[:cut]), after, most)
    for step in (*spans[cut:], agent("root", end=calls, session_id="s1")):
        observe(after, step)
    assert [(session.key, session.totals.cost_usd) for session in after.open.values()] == [("s1", calls)]
    assert [run.totals.cost_usd for run in after.open["s1"].runs.values()] == [calls]


def test_what_one_copy_of_a_trace_left_out_is_not_counted_twice_after_a_restart() -> None:
    """An aggregate over calls that its session's snapshot had no room for stays one when it is folded."""
    before = Sessions()
    observe(before, model("x1", "far", session_id="X", end=1), 0.0)
    kept = [write(before.open["X"], before.trace, 128)]
    for number in range(6):
        observe(before, model(f"m{number}", "crew", session_id="Y", end=2 + number), 5.0)
    observe(before, agent("crew", "root", session_id="Y", end=20, usage=Usage(600, 60)), 12.0)
    kept.append(write(before.open["Y"], before.trace, 2))
    tokens = before.open["Y"].totals.total_tokens

    after = Sessions()
    restore([read(text, after.limits, after.counts) for text in kept], after, 100.0)
    while after.cool(100.0 + FOLD_S, 1_000):
        pass
    observe(after, agent("root", session_id="Y", end=30, name="boss"), 130.0)
    assert after.open["Y"].totals.total_tokens == tokens
