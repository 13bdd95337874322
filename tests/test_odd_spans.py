"""Spans that no sane exporter sends: they are counted somewhere, once, and nothing raises."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from loopwatch_processor.bounds import SessionLimits
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import Conversation, ModelCall, Step, StepKind, ToolCall, ToolResult, Usage
from tests.trees import USAGE, agent, feed, feed_all, model, only, span, tool

IDS = st.sampled_from(["", "a", "b", "c", "d"])
TIMES = st.sampled_from([0, 1, 5, 2**64 - 2])


@st.composite
def any_step(draw: st.DrawFn) -> Step:
    kind = draw(st.sampled_from(StepKind))
    call = ToolCall(draw(st.sampled_from(["search", ""])), draw(st.sampled_from(["", "call_0", "call-unique-1"])))
    result = ToolResult(call.call_id, "nothing", call.name)
    said = Conversation(
        requested=draw(st.sampled_from([(), (call,)])),
        returned=draw(st.sampled_from([(), (result,)])),
        continues=draw(st.sampled_from([(), ("k",)])),
        leaves=draw(st.sampled_from([(), ("k",)])),
    )
    is_model = kind is StepKind.MODEL_CALL
    return span(
        draw(IDS),
        draw(IDS),
        kind,
        trace_id=draw(st.sampled_from(["", "t", "u"])),
        start_ns=draw(TIMES),
        end_ns=draw(TIMES),
        session_id=draw(st.sampled_from(["", "", "s", "r"])),
        agent=draw(st.sampled_from(["", "planner", "helper"])),
        usage=draw(st.sampled_from([None, USAGE])) if kind is not StepKind.OTHER else None,
        tool=call if kind is StepKind.TOOL_CALL else None,
        model=ModelCall(response_id=draw(st.sampled_from(["", "r"])), conversation=said) if is_model else None,
    )


@settings(max_examples=300)
@given(st.lists(any_step(), max_size=24), st.sampled_from([1, 2, 5, 100]), st.sampled_from([1, 2, 100]))
def test_no_spans_make_it_raise_or_count_below_nothing(steps: list[Step], few: int, sessions: int) -> None:
    """Cycles, empty ids, ids given twice and times out of order, with bounds that bite."""
    limits = SessionLimits(
        sessions=sessions, spans_per_trace=few, runs_per_session=few, agents_per_session=few, span_ids=4
    )
    store = feed_all(steps, Sessions(limits))
    store.settled_runs(100.0)

    for session in store.open.values():
        for totals in (session.totals, *(run.totals for run in session.runs.values())):
            assert min(totals.steps, totals.model_calls, totals.tool_calls, totals.usage.input_tokens) >= 0
        assert session.totals.steps == session.totals.model_calls + session.totals.tool_calls
    store.expire(store.limits.idle_s)
    assert not store.open


def test_a_span_that_is_its_own_parent_counts_once() -> None:
    """It hangs under nothing."""
    assert only(feed(model("m1", "m1"))).totals.model_calls == 1


def test_agents_in_a_circle_count_once_each() -> None:
    """Ids that collide can close a circle; each span is still a step of its own."""
    session = only(feed(agent("a", "b", usage=USAGE), agent("b", "c", name="helper"), agent("c", "a"), model("m", "c")))

    assert session.totals.model_calls == 1
    assert session.totals.usage == USAGE


def test_call_ids_that_come_again_are_other_calls() -> None:
    """Some servers number the calls of each turn from call_0."""
    sessions = feed(*(tool(f"x{n}", "root", end=10 * n, call_id="call_0") for n in range(3)), agent("root", end=99))

    assert only(sessions).totals.tool_calls == 3


def test_calls_that_agents_number_alike_at_once_are_other_calls() -> None:
    """Two sub-agents side by side ask for different things under the same id."""
    here, there = (
        tool(name, parent, end=1, tool=ToolCall("search", "call_0", arguments))
        for name, parent, arguments in (("x1", "a", '{"q":1}'), ("x2", "b", '{"q":2}'))
    )

    assert only(feed(here, there, agent("root", end=9))).totals.tool_calls == 2


def test_a_cached_answer_is_a_call_each_time() -> None:
    """A cache gives the response and its id again."""
    answers = [model(f"m{n}", "root", end=10 * n, model=ModelCall(response_id="r")) for n in range(3)]

    assert only(feed(*answers)).totals.model_calls == 3


def asking(*ids: str) -> ModelCall:
    return ModelCall(conversation=Conversation(requested=tuple(ToolCall("search", item, "{}") for item in ids)))


def bringing(*ids: str) -> ModelCall:
    return ModelCall(conversation=Conversation(returned=tuple(ToolResult(item, "nothing") for item in ids)))


ACROSS_TRACES = [
    model("m1", trace_id="a", end=1, model=asking("call-unique-1"), session_id="s"),
    tool("x1", trace_id="b", end=3, call_id="call-unique-1", session_id="s"),
    model("m2", trace_id="c", end=6, model=bringing("call-unique-1"), session_id="s"),
]


@given(st.permutations(ACROSS_TRACES))
def test_a_tool_span_in_another_trace_is_the_call_of_the_messages(order: list[Step]) -> None:
    """Without a common parent each span starts a trace of its own, in any order of arrival."""
    session = only(feed(*order))

    assert session.totals.tool_calls == 1
    assert [step.span_id for step in session.agents["", ""].tool_calls] == ["x1"]


@given(
    st.permutations(
        [
            model("m1", "root", end=1, model=asking("call-unique-1")),
            model("m2", "root", end=5, model=bringing("call-unique-1")),
        ]
    )
)
def test_an_answer_that_overtakes_its_request_is_kept_for_it(order: list[Step]) -> None:
    """Two exporters do not wait for each other."""
    assert only(feed(*order)).totals.tool_calls == 1


def test_a_numbered_request_takes_no_answer_of_an_earlier_turn() -> None:
    """An answer that nobody asked for, and later a request with the same short id."""
    sessions = feed(
        model("m1", "root", end=1, model=bringing("call_0")), model("m2", "root", end=5, model=asking("call_0"))
    )

    assert only(sessions).totals.tool_calls == 0


def test_requests_move_with_the_call_that_asked() -> None:
    """A late session id takes the waiting request along, and the answer finds it there."""
    sessions = feed(model("m1", "turn", end=1, model=asking("call_0")), model("other", "elsewhere", end=2))
    feed(agent("turn", end=3, session_id="a"), agent("elsewhere", end=4, session_id="b"), sessions=sessions)
    feed(model("m2", "turn", end=9, model=bringing("call_0")), sessions=sessions)

    assert {key: item.totals.tool_calls for key, item in sessions.open.items()} == {"a": 1, "b": 0}


@given(
    st.permutations(
        [
            model("root", end=9, usage=Usage(200, 20), model=ModelCall(provider="sum")),
            model("m1", "root", end=1),
            model("m2", "root", end=2),
        ]
    )
)
def test_an_aggregate_fills_no_gaps_of_the_calls_in_it(order: list[Step]) -> None:
    """Whatever comes first: once there are two calls inside, what is said of their sum is true of neither."""
    session = only(feed(*order))

    assert session.totals.usage == Usage(200, 20)
    assert [step.model and step.model.provider for step in session.agents["", ""].model_calls] == ["", ""]


def test_a_job_is_a_run() -> None:
    """A worker's job around its agents makes one run, which ends with it."""
    job = span("job", "", StepKind.JOB, end=9, usage=Usage(300, 30), stop_reason="completed")
    session = only(feed(model("m1", "turn", end=1), agent("turn", "job", end=5), model("m2", "job", end=7), job))

    assert [(run.key, run.totals.model_calls, run.stop_reason) for run in session.runs.values()] == [
        ("job", 2, "completed")
    ]
    assert session.totals.usage == Usage(200, 20)


def test_invocations_of_one_agent_side_by_side_can_be_told_apart() -> None:
    """They share a window; each step's place names the agent span it belongs to."""
    from tests.trees import observe

    sessions = feed(
        agent("root", end=9), agent("one", "root", name="helper", end=8), agent("two", "root", name="helper", end=8)
    )
    places = [place for step in (tool("x1", "one"), tool("x2", "two")) for place, _ in observe(sessions, step)]

    assert [place.turn for place in places] == ["one", "two"]
    assert places[0].agent is places[1].agent
