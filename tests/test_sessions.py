"""Which session, run and agent every step belongs to, in whatever order the spans arrive."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.bounds import SessionLimits
from loopwatch_processor.conversation import Heard, Message
from loopwatch_processor.finding import Finding, RaisedFinding, Severity
from loopwatch_processor.session import UNSCORABLE, Place
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import Conversation, ErrorInfo, ModelCall, Step, ToolCall, ToolResult, Usage
from tests.trees import TRACE, USAGE, agent, feed, model, observe, only, span, tool

NESTED = [
    model("m1", "turn", end=1),
    tool("x1", "turn", end=2),
    model("inner", "outer", end=3),
    model("outer", "turn", end=4),
    span("turn", "root", end=5),
    tool("x2", "sub", "fetch", end=6),
    agent("sub", "root", end=7, name="helper"),
    agent("root", "", end=8, session_id="conversation", usage=Usage(300, 30)),
]


def raised(step: Step, place: Place) -> RaisedFinding:
    """What a detector found in *step*."""
    return RaisedFinding(
        Finding("loop", "exact", Severity.WARNING, 0.5, "loop_detected", "a loop", (step.span_id,)),
        place.session.key,
        place.run.key,
        place.agent.name,
        step.service,
        step.environment,
        step.trace_id,
        step.span_id,
        place.step_index,
        step.end_ns,
    )


@given(st.permutations(NESTED))
def test_any_order_of_arrival_ends_in_the_same_session(order: list[Step]) -> None:
    """A trace counts the same however its spans are shuffled: no call twice, no parent's total on top."""
    session = only(feed(*order))

    assert session.key == "conversation"
    assert (session.totals.model_calls, session.totals.tool_calls) == (2, 2)
    assert session.totals.usage == Usage(200, 20)
    assert session.agents.keys() == {("planner", ""), ("helper", "root")}
    assert [run.key for run in session.runs.values()] == ["root"]
    assert session.stop_reason == "completed"
    assert [step.span_id for step in session.agents["planner", ""].tool_calls] == ["x1"]


TWO_CONVERSATIONS = [
    model("m1", "a", end=1),
    model("m2", "b", end=2),
    model("m3", "root", end=3),
    agent("a", "root", end=4, session_id="A"),
    agent("b", "root", end=5, session_id="B"),
    span("root", "", end=6),
]


@given(st.permutations(TWO_CONVERSATIONS))
def test_a_trace_with_two_conversation_ids_is_never_merged(order: list[Step]) -> None:
    """Each step goes to its nearest ancestor's conversation; what has none stays under the trace's id."""
    sessions = feed(*order)

    assert {key: item.totals.model_calls for key, item in sessions.open.items()} == {"A": 1, "B": 1, TRACE: 1}


def test_steps_move_with_their_money_when_the_id_comes_late() -> None:
    """The parent's conversation id takes the steps along, and the provisional session is gone."""
    sessions = feed(model("m1", "root", end=1), tool("x1", "root", end=2))
    assert sessions.open.keys() == {TRACE}

    feed(agent("root", end=3, session_id="late"), sessions=sessions)

    assert only(sessions).key == "late"
    assert only(sessions).totals.usage == USAGE


def test_a_parent_total_counts_where_no_call_below_has_usage() -> None:
    """Law 7: money is counted at the model calls, else at the parent."""
    sessions = feed(model("m1", "root", usage=None, end=1), agent("root", end=2, usage=Usage(70, 7)))

    assert only(sessions).totals.usage == Usage(70, 7)


def test_an_aggregate_around_several_calls_is_no_call() -> None:
    """A span that wears the attributes of its last call stands around all of them; only they count."""
    sessions = feed(model("m1", "root", end=1), model("m2", "root", end=2), model("root", end=3))

    assert only(sessions).totals.model_calls == 2
    assert only(sessions).totals.usage == Usage(200, 20)


def test_two_instrumentors_of_one_call_are_merged() -> None:
    """The inner span's numbers win, the outer one fills in the messages that it alone captured."""
    said = Conversation(output_text="hello")
    outer = model("outer", end=2, model=ModelCall(provider="openai", conversation=said), usage=Usage(1, 1))
    sessions = feed(model("inner", "outer", end=1, model=ModelCall(response_id="r")), outer)

    (step,) = only(sessions).agents["", ""].model_calls
    assert step.model == ModelCall(provider="openai", response_id="r", conversation=said)
    assert step.usage == USAGE


def test_the_same_response_id_twice_in_a_trace_is_one_call() -> None:
    """Two exporters that stand side by side do not double the money."""
    twice = [model(name, "root", end=1, model=ModelCall(response_id="r1")) for name in ("m1", "m2")]

    assert only(feed(*twice, agent("root", end=2))).totals.usage == USAGE


@pytest.mark.parametrize(("dialect", "starts_ns", "calls"), [("other", 1, 1), ("test", 1, 2), ("other", 9, 2)])
def test_a_failed_call_that_two_instrumentations_saw_is_one(dialect: str, starts_ns: int, calls: int) -> None:
    """It has no response id; the same moment in another dialect tells. A second call, or a retry, is another."""
    error = ErrorInfo("RateLimitError", "rate_limit")
    one = model("m1", "root", end=1, usage=None, error=error)
    other = model("m2", "root", end=starts_ns, usage=None, error=error, dialect=dialect)

    assert only(feed(one, other, agent("root", end=20))).totals.model_calls == calls


def test_a_repeated_delivery_counts_once() -> None:
    """At-least-once means duplicates: the span id tells."""
    sessions = feed(model("m1"), model("m1"))

    assert only(sessions).totals.model_calls == 1
    assert sessions.counts.duplicates == 1


def ask(name: str, call_id: str) -> ModelCall:
    return ModelCall(
        conversation=Conversation(requested=(ToolCall(name, call_id, '{"q":1}'),), leaves=(f"after {call_id}",))
    )


def answer(call_id: str) -> ModelCall:
    returned = (ToolResult(call_id, "nothing"),)
    return ModelCall(conversation=Conversation(returned=returned, continues=(f"after {call_id}",), leaves=("end",)))


def test_a_tool_call_inside_messages_becomes_a_step() -> None:
    """Root-less calls are chained by their history, and the tool call between them is recovered."""
    session = only(
        feed(
            model("m1", trace_id="a", end=1, model=ask("search", "c1")),
            model("m2", trace_id="b", end=5, model=answer("c1")),
        )
    )

    (call,) = session.agents["", ""].tool_calls
    assert call.tool == ToolCall("search", "c1", '{"q":1}', "nothing", recovered=True)
    assert list(session.runs) == ["a"]


MESSAGES_AND_SPANS = [
    model("m1", "root", end=1, model=ask("search", "c1")),
    tool("x1", "root", "search", end=2, call_id="c1"),
    model("m2", "root", end=3, model=answer("c1")),
    agent("root", end=4),
]


@given(st.permutations(MESSAGES_AND_SPANS))
def test_a_tool_span_and_its_message_are_one_call(order: list[Step]) -> None:
    """Whichever comes first, the tool call counts once, as its own span tells it."""
    session = only(feed(*order))

    assert session.totals.tool_calls == 1
    assert [step.span_id for step in session.agents["planner", ""].tool_calls] == ["x1"]


def test_rootless_calls_without_content_share_one_bucket_a_service() -> None:
    """They cannot be told apart, so they are counted together and named for what they are."""
    sessions = feed(model("m1", trace_id="a"), model("m2", trace_id="b"))

    assert only(sessions).key == UNSCORABLE + "svc"


SAID = Heard((Message("user", "Find it."),), (Message("assistant", "Here it is."),))


def test_rootless_calls_of_one_session_are_one_run() -> None:
    """The id on each call says which conversation, the history that they are one activation."""
    calls = [
        model("m1", trace_id="a", end=1, model=ask("search", "c1"), session_id="talk"),
        model("m2", trace_id="b", end=5, model=answer("c1"), session_id="talk"),
    ]
    session = only(feed(*calls))

    assert session.key == "talk"
    assert list(session.runs) == ["a"]


def test_messages_that_come_as_logs_take_a_call_out_of_the_bucket() -> None:
    """A log record after its span chains the call as if the span had carried the messages."""
    sessions = feed(model("m1", trace_id="a"))
    sessions.converse("a", "m1", SAID, now=0.0)

    assert only(sessions).key == "a"


def test_a_step_that_is_told_in_more_detail_has_not_moved() -> None:
    """It is the same news; a step whose agent span comes is counted elsewhere, and tells nothing new."""
    sessions = feed(model("m1", "root", trace_id="a"))
    ((told, _),) = sessions.converse("a", "m1", SAID, now=0.0)
    moved = {step.span_id: place.moved for place, step in observe(sessions, agent("root", trace_id="a", end=9))}

    assert told.before is not None
    assert not told.moved
    assert moved == {"m1": True, "root": False}


def test_a_finding_of_an_agent_without_a_name_joins_the_named_one_when_both_move() -> None:
    """Both steps go to the run of the agent whose span comes last, and what was found in both is one finding then."""
    sessions = Sessions()
    for step in (tool("x1", "root", agent="planner"), tool("x2", "root", end=2)):
        ((place, _),) = observe(sessions, step)
        place.session.keep(raised(step, place))
    assert list(only(sessions).findings) == [("loop", "exact", "planner"), ("loop", "exact", "")]

    observe(sessions, agent("root", end=9))

    (found,) = only(sessions).findings.values()
    assert (found.agent, found.run_key) == ("planner", "root")


def test_messages_that_come_before_their_span_wait_for_it() -> None:
    """Log and span exporters do not wait for each other."""
    sessions = Sessions()
    sessions.converse("a", "m1", SAID, now=0.0)

    assert only(feed(model("m1", trace_id="a"), sessions=sessions)).key == "a"


def test_messages_that_come_one_by_one_count_once_the_answer_is_there() -> None:
    """A record each for question and answer: half of them would make another history."""
    sessions = feed(model("m1", trace_id="a"))
    sessions.converse("a", "m1", Heard(inputs=SAID.inputs), now=0.0)
    assert only(sessions).key == UNSCORABLE + "svc"

    sessions.converse("a", "m1", Heard(outputs=SAID.outputs), now=0.0)

    assert only(sessions).key == "a"


def test_messages_on_the_span_go_before_log_records() -> None:
    """Some emitters send both: the requested calls of one are those of the other."""
    own = Conversation(requested=(ToolCall("search", "call-1"),))
    sessions = feed(model("m1", trace_id="a", model=ModelCall(conversation=own)))

    assert sessions.converse("a", "m1", SAID, now=0.0) == []


def test_a_root_span_of_another_kind_ends_the_run() -> None:
    """A web request around the calls makes up the run, so its end is the run's."""
    sessions = feed(model("m1", "root", end=1))
    assert only(sessions).stop_reason is None

    feed(span("root", end=2), sessions=sessions)

    assert only(sessions).stop_reason == "completed"


def test_a_failed_model_call_names_the_stop_reason() -> None:
    """The root repeats the failure; the call says which it was."""
    error = ErrorInfo("RateLimitError", "rate_limit")
    session = only(feed(model("m1", "root", end=1, error=error), agent("root", end=2, error=error)))

    assert session.stop_reason == "model_rate_limited"


def test_a_silent_session_ends_unknown() -> None:
    """A run whose root never came may have lost its worker: nobody knows."""
    sessions = feed(model("m1", "missing"))

    assert sessions.expire(now=SessionLimits().idle_s - 1) == []
    (ended,) = sessions.expire(now=SessionLimits().idle_s)
    assert ended.stop_reason == "unknown"
    assert sessions.counts.expired_sessions == 1


def asking(*calls: ToolCall) -> ModelCall:
    return ModelCall(conversation=Conversation(requested=calls))


def bringing(*results: ToolResult) -> ModelCall:
    return ModelCall(conversation=Conversation(returned=results))


def test_a_request_without_an_id_is_answered_by_its_tools_name() -> None:
    """Some emitters give the id only with the result."""
    sessions = feed(
        model("m1", "root", end=1, model=asking(ToolCall("search", "", "{}"))),
        model("m2", "root", end=3, model=bringing(ToolResult("call-1", "nothing", "search"))),
    )

    assert only(sessions).totals.tool_calls == 1


def test_two_views_of_one_request_are_one_call() -> None:
    """A request seen with its id and without is answered once, in whatever order the two arrive."""
    numbered, plain = ToolCall("search", "call-1", "{}"), ToolCall("search", "", "{}")
    for first, second in ((numbered, plain), (plain, numbered)):
        sessions = feed(
            model("m1", "root", end=1, model=asking(first)),
            model("m2", "root", end=1, model=asking(second)),
            model("m3", "root", end=3, model=bringing(ToolResult("call-1", "nothing", "search"))),
            model("m4", "root", end=5, model=bringing(ToolResult("call-1", "nothing", "search"))),
        )
        assert only(sessions).totals.tool_calls == 1


def test_an_emitters_cost_goes_before_ours() -> None:
    """Of two views of one call the one that the vendor priced tells the money."""
    given = model("outer", "root", end=2, usage=None, cost_usd=0.5)
    ours = model("inner", "outer", end=1, cost_usd=0.4, cost_is_ours=True)

    assert only(feed(ours, given)).totals.cost_usd == 0.5


def test_a_turns_cost_counts_only_where_no_call_below_gives_one() -> None:
    """Helpers and SDKs put the sum of the calls on the turn's span."""
    turn = agent("turn", end=3, cost_usd=0.7)

    assert only(feed(model("m1", "turn", end=1, cost_usd=0.5), turn)).totals.cost_usd == 0.5
    assert only(feed(model("m1", "turn", end=1), turn)).totals.cost_usd == 0.7


def answered(span_id: str, *, trace_id: str, end: int = 0, **more: Any) -> Step:
    call = ModelCall(response_id="msg-1", conversation=more.pop("conversation", None))
    return model(span_id, trace_id=trace_id, end=end, model=call, **more)


@given(st.permutations([0, 1]))
def test_a_rootless_call_in_two_traces_is_one_call(order: list[int]) -> None:
    """Two instrumentations of one client start a trace each; the one with the messages stands for both."""
    views = [
        answered("m1", trace_id="a"),
        answered("m2", trace_id="b", usage=None, conversation=Conversation(leaves=("k",))),
    ]
    session = only(feed(*(views[at] for at in order)))

    assert session.key == "b"
    assert (session.totals.model_calls, session.totals.usage) == (1, USAGE)


def test_an_id_that_is_given_again_is_another_call() -> None:
    """A cache or a fake model repeats ids, at another time or for other tokens."""
    later = feed(answered("m1", trace_id="a"), answered("m2", trace_id="b", end=100))
    assert only(later).totals.model_calls == 2
    other = feed(answered("m1", trace_id="a"), answered("m2", trace_id="b", usage=Usage(7, 7)))
    assert only(other).totals.model_calls == 2
