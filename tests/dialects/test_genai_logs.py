"""Messages in log records and span events, in every shape that emitters give them."""

from __future__ import annotations

from typing import Any

import pytest

from loopwatch_processor.conversation import Heard, Message, Transcript
from loopwatch_processor.dialects import read, read_log
from loopwatch_processor.step import Conversation, ToolCall, ToolResult
from tests.dialects.sent import log_record, span

SEARCH = ToolCall("search", "call_000001_0", '{"query":"ACME"}')


def heard(name: str, body: Any = None, attributes: dict[str, Any] | None = None) -> Heard:
    found = read_log(log_record(name, body, attributes))
    assert found is not None
    return found


def test_records_of_one_call_make_up_its_conversation() -> None:
    """System, user, answer, result and choice come in records of their own, as openai-v2 sends them."""
    function = {"name": "search", "arguments": '{"query": "ACME"}'}
    calls = [{"id": "call_000001_0", "type": "function", "function": function}]
    transcript = Transcript()
    for name, body in (
        ("gen_ai.system.message", {"content": "You are a research agent."}),
        ("gen_ai.user.message", {"content": "Find it."}),
        ("gen_ai.assistant.message", {"tool_calls": calls}),
        ("gen_ai.tool.message", {"content": '{"results": []}', "id": "call_000001_0"}),
    ):
        transcript.hear(heard(name, body))
        assert not transcript.is_answered
    transcript.hear(heard("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"content": "Nothing."}}))

    assert transcript.is_answered
    assert transcript.finish_reason == "stop"
    told = transcript.conversation()
    assert told is not None
    assert told.returned == (ToolResult("call_000001_0", '{"results": []}', "search"),)
    assert (told.user_text, told.output_text) == ("Find it.", "Nothing.")
    assert told.continues[1:] == ("id:call_000001_0",)


def test_a_choice_may_ask_for_tools() -> None:
    """What is asked for is in the message of the choice."""
    function = {"name": "search", "arguments": '{"query": "ACME"}'}
    message = {"role": "assistant", "tool_calls": [{"id": "call_000001_0", "type": "function", "function": function}]}
    found = heard("gen_ai.choice", {"finish_reason": "tool_calls", "message": message})
    assert found == Heard(outputs=(Message("assistant", calls=(SEARCH,)),), finish_reason="tool_call")


def test_without_content_names_and_ids_remain() -> None:
    """The official default of openai-v2: the arguments are unknown, not empty."""
    calls = [{"id": "call_000001_0", "type": "function", "function": {"name": "search"}}]
    found = heard("gen_ai.choice", {"finish_reason": "tool_calls", "message": {"tool_calls": calls}})
    assert found.outputs[0].calls == (ToolCall("search", "call_000001_0"),)


def test_elided_content_is_no_content() -> None:
    """ADK 1.x writes a word in its place, which would be the same for every conversation."""
    transcript = Transcript()
    for name in ("gen_ai.user.message", "gen_ai.choice"):
        transcript.hear(heard(name, {"content": "<elided>"}))
    assert transcript.conversation() is None


def test_geminis_contents_keep_their_role() -> None:
    """ADK sends all history as user messages, with the true role inside."""
    called = {"id": "call_000001_0", "name": "search", "args": {"query": "ACME"}}
    answered = {"id": "call_000001_0", "name": "search", "response": {"result": "none"}}
    answer = {"role": "model", "parts": [{"function_call": called}]}
    result = {"role": "user", "parts": [{"function_response": answered}]}
    assert heard("gen_ai.user.message", {"content": answer}).inputs == (Message("assistant", calls=(SEARCH,)),)
    returned = ToolResult("call_000001_0", "none", "search")
    assert heard("gen_ai.user.message", {"content": result}).inputs == (Message("user", results=(returned,)),)


@pytest.mark.parametrize("as_text", [True, False])
def test_inference_details_hold_all_messages(as_text: bool) -> None:
    """As objects in a log record, or as JSON text."""
    asked: Any = [{"role": "user", "parts": [{"type": "text", "content": "Find it."}]}]
    text = '[{"role": "user", "parts": [{"type": "text", "content": "Find it."}]}]'
    found = heard(
        "gen_ai.client.inference.operation.details", attributes={"gen_ai.input.messages": text if as_text else asked}
    )
    assert found == Heard(inputs=(Message("user", "Find it."),))


def test_other_records_hold_no_messages() -> None:
    """A heartbeat or a log line is none, nor is a message without a body."""
    assert read_log(log_record("loopwatch.heartbeat", {"content": "x"})) is None
    assert read_log(log_record("", "a line of a log")) is None
    assert read_log(log_record("gen_ai.user.message")) is None


def test_a_tools_result_that_is_json_stays_its_text() -> None:
    """Only a list of message parts is taken apart."""
    for content in ('{"text": "x", "type": "y"}', '[{"id": 1}]', "[]"):
        found = heard("gen_ai.tool.message", {"content": content, "id": "c1"})
        assert found.inputs[0].results[0].text == content or content == "[]"


def test_events_of_the_span_are_read_like_records() -> None:
    """Strands puts them on the span, in Bedrock's shape."""
    question = '[{"text": "Find it."}]'
    answer = '[{"toolUse": {"toolUseId": "call_000001_0", "name": "search", "input": {"query": "ACME"}}}]'
    events = [("gen_ai.user.message", {"content": question}), ("gen_ai.choice", {"message": answer})]
    step = read(span({"gen_ai.operation.name": "chat"}, events=events))
    assert step is not None
    assert step.model is not None
    assert step.model.conversation is not None
    assert step.model.conversation.requested == (SEARCH,)
    assert step.model.conversation.user_text == "Find it."


def told(*messages: Message, answer: Message) -> Conversation:
    transcript = Transcript()
    transcript.hear(Heard(messages, (answer,)))
    found = transcript.conversation()
    assert found is not None
    return found


def test_a_call_leaves_what_the_next_goes_on_from() -> None:
    """The history's key is the same before and after the answer went into it, whatever the system prompt."""
    user, answer = Message("user", "Find it."), Message("assistant", calls=(SEARCH,))
    result = Message("tool", results=(ToolResult("call_000001_0", "none"),))
    first = told(Message("system", "Be brief."), user, answer=answer)
    second = told(Message("system", "Be long."), user, answer, result, answer=Message("assistant", "Nothing."))
    assert second.continues == first.leaves
    other = told(Message("user", "Find the other."), answer=answer)
    assert other.leaves[0] != first.leaves[0]


def test_short_call_ids_tie_nothing() -> None:
    """ "call_0" is the first call of everybody."""
    assert not told(answer=Message("assistant", calls=(ToolCall("search", "call_0"),))).leaves
