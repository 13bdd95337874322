"""OpenLLMetry beyond its recordings: decorators, dropped chunk events, its names of three generations."""

from __future__ import annotations

import pytest

from loopwatch_processor.step import StepKind, StreamTimings, Usage
from tests.dialects.made import step

OPENAI = "opentelemetry.instrumentation.openai.v1"
CHAT = {"gen_ai.operation.name": "chat"}
CHUNK = "gen_ai.content.completion.chunk"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("workflow", StepKind.OTHER),
        ("task", StepKind.OTHER),
        ("agent", StepKind.AGENT_TURN),
        ("tool", StepKind.TOOL_CALL),
        ("server", StepKind.OTHER),
    ],
)
def test_decorated_functions_are_what_they_say(kind: str, expected: StepKind) -> None:
    """`@workflow` and `@task` are structure; `@agent` is a turn and `@tool` a call."""
    assert step({"traceloop.span.kind": kind, "traceloop.entity.name": "x"}).kind is expected


def test_a_decorated_tool_tells_its_arguments_and_result() -> None:
    """Input is `args` and `kwargs`, output is JSON in text."""
    attributes = {
        "traceloop.span.kind": "tool",
        "traceloop.entity.name": "search",
        "traceloop.entity.input": {"args": [], "kwargs": {"query": "x"}},
        "traceloop.entity.output": '"found"',
    }
    tool = step(attributes, name="search.tool").tool
    assert tool is not None
    assert (tool.name, tool.arguments, tool.result) == ("search", '{"query":"x"}', "found")


def test_a_decorated_agent_has_its_name() -> None:
    """The entity's name is an agent's only where the entity is an agent."""
    assert step({"traceloop.span.kind": "agent", "traceloop.entity.name": "writer"}).agent == "writer"
    assert step({"traceloop.span.kind": "task", "traceloop.entity.name": "writer"}).agent == ""


def test_langchains_wrapper_does_not_make_calls_differ() -> None:
    """What LangChain's callback was given changes with every step; only the inputs are the arguments."""
    tools = [
        step(
            {
                "traceloop.span.kind": "tool",
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "search",
                "gen_ai.tool.call.arguments": {
                    "input_str": "{'query': 'x'}",
                    "metadata": {"langgraph_step": at},
                    "inputs": {"query": "x"},
                    "kwargs": {"tool_call_id": f"call_{at}"},
                },
            }
        ).tool
        for at in (2, 4)
    ]
    assert [tool.arguments for tool in tools if tool] == ['{"query":"x"}'] * 2
    assert [tool.call_id for tool in tools if tool] == ["call_2", "call_4"]


def test_every_chunk_is_timed() -> None:
    """First chunk, largest and mean gap and the count come from the event of each chunk."""
    model = step(CHAT, scope=OPENAI, events_ms={CHUNK: [100, 150, 1650, 1700]}, duration_ms=1800).model
    assert model is not None
    assert model.stream is not None
    stream = model.stream
    assert (stream.ttft_s, stream.max_gap_s, stream.chunks, stream.early_gaps_unknown) == (0.1, 1.5, 4, False)
    assert stream.mean_gap_s == pytest.approx(1.6 / 3)


def test_dropped_chunk_events_make_the_early_gaps_unknown() -> None:
    """Of more than 128 events the SDK keeps the newest: the first chunk's time is gone, its count is not."""
    found = step(CHAT, scope=OPENAI, events_ms={CHUNK: [900, 950]}, duration_ms=1000, droppedEventsCount=40)
    assert found.model is not None
    assert found.model.stream is not None
    stream = found.model.stream
    assert (stream.ttft_s, stream.max_gap_s, stream.chunks, stream.early_gaps_unknown) == (None, 0.05, 42, True)


def test_a_call_that_did_not_stream_has_no_timings() -> None:
    """Silent without chunk events; a stream without them is known as one."""
    whole = step({**CHAT, "gen_ai.is_streaming": False}, scope=OPENAI).model
    streamed = step({**CHAT, "gen_ai.is_streaming": True}, scope=OPENAI).model
    assert whole is not None
    assert streamed is not None
    assert (whole.stream, streamed.stream) == (None, StreamTimings())


@pytest.mark.parametrize("prefixes", [("gen_ai.prompt", "gen_ai.completion"), ("llm.prompts", "llm.completions")])
def test_flattened_messages_of_both_old_generations_are_read(prefixes: tuple[str, str]) -> None:
    """A tool's call and result, and the user's text, stand under numbered names."""
    asked, answered = prefixes
    attributes = {
        "llm.request.type": "chat",
        "llm.usage.prompt_tokens": 10,
        "llm.usage.completion_tokens": 5,
        f"{asked}.0.role": "user",
        f"{asked}.0.content": "find it",
        f"{asked}.1.role": "assistant",
        f"{asked}.1.tool_calls.0.id": "call_1",
        f"{asked}.1.tool_calls.0.name": "search",
        f"{asked}.1.tool_calls.0.arguments": '{"query": "x"}',
        f"{asked}.2.role": "tool",
        f"{asked}.2.tool_call_id": "call_1",
        f"{asked}.2.content": '{"results": []}',
        f"{answered}.0.role": "assistant",
        f"{answered}.0.content": "",
        f"{answered}.0.finish_reason": "function_call",
        f"{answered}.0.function_call.name": "search",
        f"{answered}.0.function_call.arguments": '{"query": "y"}',
    }
    found = step(attributes, scope=OPENAI)
    assert found.usage == Usage(10, 5)
    assert found.model is not None
    assert found.model.finish_reason == "tool_call"
    conversation = found.model.conversation
    assert conversation is not None
    assert [(call.name, call.arguments) for call in conversation.requested] == [("search", '{"query":"y"}')]
    assert [(result.call_id, result.text) for result in conversation.returned] == [("call_1", '{"results": []}')]
    assert conversation.user_text == "find it"


def test_content_blocks_in_text_are_read() -> None:
    """Multimodal content is a JSON list in the text of an old generation's message."""
    blocks = '[{"type": "text", "text": "look at this"}, {"type": "image_url", "image_url": {"url": "x"}}]'
    attributes = {"llm.request.type": "chat", "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": blocks}
    model = step(attributes, scope=OPENAI).model
    assert model is not None
    assert model.conversation is not None
    assert model.conversation.user_text == "look at this"


def test_foreign_scopes_are_not_claimed() -> None:
    """The official packages have scopes that begin alike, and a dialect of their own."""
    for scope in ("opentelemetry.instrumentation.openai_v2", "opentelemetry.instrumentation.genai.openai"):
        assert step(CHAT, scope=scope).dialect != "openllmetry"
