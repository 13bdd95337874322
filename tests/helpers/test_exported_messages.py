"""What is left of messages without their content: structure, and a stand-in for each text."""

import json

import pytest
from opentelemetry.sdk.trace import Event

from loopwatch.exporter import sketched
from loopwatch.stand_in import (
    STAND_IN_CLASS,
    STAND_IN_HASH,
    STAND_IN_REPEATS,
    STAND_IN_SKETCH,
    StandIn,
    read_stand_in,
)
from tests.helpers.swapping import ARGUMENTS_HASH, span_of, swap


def test_tool_calls_inside_messages_survive_as_structure() -> None:
    """Role, name, id and finish reason stay, so calls can be scored and deduplicated; texts become stand-ins."""
    message = {
        "role": "assistant",
        "finish_reason": "tool_call",
        "parts": [
            {"type": "text", "content": "I will search for ACME"},
            {"type": "tool_call", "id": "call_1", "name": "search", "arguments": '{"query": "ACME"}'},
        ],
    }
    found = swap({"gen_ai.operation.name": "chat", "gen_ai.output.messages": json.dumps([message])})
    (kept,) = json.loads(found["gen_ai.output.messages"])
    text, call = kept["parts"]

    assert "ACME" not in found["gen_ai.output.messages"]
    assert (kept["role"], kept["finish_reason"]) == ("assistant", "tool_call")
    assert (call["type"], call["id"], call["name"]) == ("tool_call", "call_1", "search")
    assert call["arguments"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH, STAND_IN_CLASS}
    assert text["content"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH}


def test_flattened_messages_keep_their_tool_calls() -> None:
    """OpenInference's flat names: the function's name stays, its arguments become a stand-in."""
    prefix = "llm.output_messages.0.message.tool_calls.0.tool_call"
    found = swap(
        {
            "openinference.span.kind": "LLM",
            f"{prefix}.function.name": "search",
            f"{prefix}.function.arguments": '{"query": "ACME"}',
            "llm.output_messages.0.message.content": "ACME",
            "llm.token_count.prompt": 12,
        }
    )

    assert found[f"{prefix}.function.name"] == "search"
    assert json.loads(found[f"{prefix}.function.arguments"]).keys() == {STAND_IN_HASH, STAND_IN_SKETCH, STAND_IN_CLASS}
    assert found["llm.token_count.prompt"] == 12
    assert "ACME" not in json.dumps(found)


def test_a_stand_in_is_read_back() -> None:
    """As an object or as JSON text; anything else is no stand-in."""
    stand_in = {STAND_IN_HASH: "h", STAND_IN_SKETCH: "s", STAND_IN_CLASS: "prose"}

    assert read_stand_in(stand_in) == read_stand_in(json.dumps(stand_in)) == StandIn("h", "s", "prose")
    assert read_stand_in({STAND_IN_HASH: "h"}) == StandIn("h", "")
    assert read_stand_in({STAND_IN_HASH: "h", STAND_IN_REPEATS: 12}) == StandIn("h", "", repeats=12)
    assert read_stand_in({STAND_IN_HASH: "h", STAND_IN_REPEATS: 10**9}) == StandIn("h", "", repeats=32)
    assert read_stand_in({STAND_IN_HASH: "h", STAND_IN_REPEATS: "12"}) is None
    for other in (None, "", "{", '{"loopwatch.hash"', {"query": "x"}, {**stand_in, "query": "x"}, {STAND_IN_HASH: 7}):
        assert read_stand_in(other) is None


def test_json_inside_a_text_is_text() -> None:
    """A name inside a message's content is content, even when it looks like a tool call."""
    inner = json.dumps({"name": "Smith", "id": "123-45", "arguments": "x"})
    found = swap(
        {"gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": inner}]}])}
    )
    generic = swap({"openinference.span.kind": "CHAIN", "input.value": '{"name": "Smith", "id": "123-45"}'})

    assert "Smith" not in json.dumps(found) + json.dumps(generic)
    assert "123-45" not in json.dumps(found) + json.dumps(generic)


def test_content_in_span_events_is_swapped() -> None:
    """Strands has a tool's arguments and result in events, older instrumentations have messages there."""
    events = [
        Event("gen_ai.tool.message", {"content": '{"query": "ACME"}', "role": "tool"}, 5),
        Event("gen_ai.choice", {"message": "ACME earned much", "finish_reason": "stop"}, 6),
    ]
    tool = sketched(span_of({"gen_ai.operation.name": "execute_tool"}, events=events))
    chat = sketched(span_of({"gen_ai.operation.name": "chat"}, events=events))

    assert dict(tool.attributes or {})[ARGUMENTS_HASH]
    assert dict(tool.attributes or {})["loopwatch.tool.result.hash"]
    assert [event.timestamp for event in chat.events] == [5, 6]
    assert dict(chat.events[1].attributes or {})["finish_reason"] == "stop"
    assert "ACME" not in tool.to_json() + chat.to_json()


def test_a_response_keeps_its_id_and_model() -> None:
    """Two instrumentations of one call are known by the id; the same fields of anything else are content."""
    response = {"id": "chatcmpl-1", "model": "gpt-4o-mini", "choices": [{"message": {"content": "ACME"}}], "usage": {}}
    found = json.loads(swap({"openinference.span.kind": "LLM", "output.value": json.dumps(response)})["output.value"])
    order = swap({"openinference.span.kind": "CHAIN", "input.value": '{"id": "A-17", "model": "Phone"}'})

    assert (found["id"], found["model"]) == ("chatcmpl-1", "gpt-4o-mini")
    assert "A-17" not in order["input.value"]
    assert "Phone" not in order["input.value"]


def test_langchain_messages_keep_their_kind() -> None:
    """The kind of a dumped message stands in the path of its class; another path is dropped."""
    dumped = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"]}
    said = [{**dumped, "kwargs": {"content": "ACME"}}, {"id": ["ACME"], "content": "x"}]
    (message, other) = json.loads(
        swap({"langsmith.span.kind": "llm", "gen_ai.prompt": json.dumps(said)})["gen_ai.prompt"]
    )

    assert message["id"] == ["AIMessage"]
    assert message["kwargs"]["content"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH}
    assert "id" not in other


def test_messages_that_are_written_as_events_are_content() -> None:
    """Pydantic-ai's first format has them in an attribute of a name that other libraries' spans have too."""
    said = json.dumps([{"event.name": "gen_ai.user.message", "role": "user", "content": "ACME"}])
    (message,) = json.loads(swap({"gen_ai.operation.name": "chat", "events": said})["events"])

    assert (message["event.name"], message["role"]) == ("gen_ai.user.message", "user")
    assert message["content"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH}
    assert swap({"calendar.name": "work", "events": said})["events"] == said


def test_python_literals_are_read_like_json() -> None:
    """LiteLLM writes the vendor's messages so; a text that only begins like one is one text."""
    call = {"id": "call_1", "type": "function", "function": {"name": "search", "arguments": '{"query": "ACME"}'}}
    said = {"llm.openai.messages": str([{"role": "assistant", "content": None, "tool_calls": [call]}])}
    (message,) = json.loads(swap(said)["llm.openai.messages"])
    broken = json.loads(swap({"llm.openai.messages": "[{'role': ACME"})["llm.openai.messages"])

    assert message["tool_calls"][0]["function"]["name"] == "search"
    assert message["tool_calls"][0]["function"]["arguments"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH, STAND_IN_CLASS}
    assert broken.keys() == {STAND_IN_HASH, STAND_IN_SKETCH}


@pytest.mark.parametrize("blank", ["", "  ", "\t \n"])
def test_a_blank_text_leaves_as_it_is(blank: str) -> None:
    """It says nothing, so nothing has to stand for it, and a reader knows that it was blank."""
    said = [{"role": "assistant", "parts": [{"type": "text", "content": blank}]}]
    prefix = "llm.output_messages.0.message"

    assert json.loads(swap({"gen_ai.output.messages": json.dumps(said)})["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [{"type": "text"}]}
    ]
    assert swap({f"{prefix}.content": blank})[f"{prefix}.content"] == ""


def test_a_text_that_chants_says_how_often() -> None:
    """A number, and no more of it than of any other text; other texts have none."""
    chant = "Larkfield is done and I will now mark all of it as complete. " * 11
    kept = [json.loads(swap({"gen_ai.prompt": text})["gen_ai.prompt"]) for text in (chant, chant * 5, chant[:150])]

    assert [stand_in.get(STAND_IN_REPEATS) for stand_in in kept] == [11, 32, None]
    assert "Larkfield" not in json.dumps(kept)
