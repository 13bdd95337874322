"""OpenInference beyond its recordings: hidden content, fallbacks, graph nodes, odd shapes of arguments."""

from __future__ import annotations

from typing import Any

import pytest

from loopwatch_processor.step import StepKind, StreamTimings, Usage
from tests.dialects.made import step

LLM = {"openinference.span.kind": "LLM"}
TOOL = {"openinference.span.kind": "TOOL", "tool.name": "search"}
ASKED = {"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hello"}
ANSWERED = {"llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": "hi"}


@pytest.mark.parametrize(
    ("value", "arguments"),
    [
        ("a query", "a query"),
        ('{"query": "a query"}', '{"query":"a query"}'),
        ("{'query': 'a query', 'limit': 3}", '{"limit":3,"query":"a query"}'),
        ('{"kwargs": {"query": "a query"}}', '{"query":"a query"}'),
        (
            '{"args": [], "sanitize_inputs_outputs": true, "kwargs": {"query": "a query"}}',
            '{"query":"a query"}',
        ),
        ('{"args": ["x"], "kwargs": {"query": "a query"}}', '{"args":["x"],"query":"a query"}'),
        ("__REDACTED__", None),
        (None, None),
    ],
)
def test_tool_arguments_lose_their_wrapper(value: str | None, arguments: str | None) -> None:
    """LangChain, CrewAI, LlamaIndex and smolagents wrap arguments each in their way; hidden ones are unknown."""
    tool = step(TOOL if value is None else {**TOOL, "input.value": value}).tool
    assert tool is not None
    assert tool.arguments == arguments


@pytest.mark.parametrize("kind", ["CHAIN", "RETRIEVER", "EMBEDDING", "GUARDRAIL", "UNKNOWN", "chain"])
def test_structure_is_no_step(kind: str) -> None:
    """Chains, retrievers, embeddings and guards are known, and nothing that an agent did."""
    assert step({"openinference.span.kind": kind}).kind is StepKind.OTHER


def test_kinds_are_read_in_any_case() -> None:
    """Some exporters write the kind in small letters."""
    assert step({"openinference.span.kind": "llm"}).kind is StepKind.MODEL_CALL


def test_a_node_named_agent_is_structure() -> None:
    """LangGraph's node "agent" is of kind AGENT on each of its rounds, and is no agent's turn."""
    node = {"openinference.span.kind": "AGENT", "metadata": {"langgraph_node": "agent", "thread_id": "t1"}}
    assert step(node, name="agent").kind is StepKind.OTHER


def test_a_sub_agent_in_a_node_of_its_name_is_an_agent() -> None:
    """An agent that stands in a node of the same name is told by LangChain's own name for it."""
    metadata = {"langgraph_node": "writer", "lc_agent_name": "writer"}
    found = step({"openinference.span.kind": "AGENT", "metadata": metadata}, name="writer")
    assert (found.kind, found.agent) == (StepKind.AGENT_TURN, "writer")


@pytest.mark.parametrize("name", ["thread_id", "session_id", "conversation_id"])
def test_the_session_may_stand_in_the_metadata(name: str) -> None:
    """Where `session.id` is missing, LangChain's metadata still tell the thread."""
    assert step({**LLM, "metadata": {name: "t1"}}).session_id == "t1"
    assert step({**LLM, "session.id": "s1", "metadata": {name: "t1"}}).session_id == "s1"


def test_a_first_token_within_the_span_is_the_time_to_it() -> None:
    """The event's time, less the span's start, in seconds."""
    model = step(LLM, events_ms={"First Token Stream Event": [40]}, duration_ms=100).model
    assert model is not None
    assert model.stream == StreamTimings(ttft_s=0.04)


def test_a_first_token_behind_the_end_is_unknown() -> None:
    """A span that ended when the stream began says only that it streamed."""
    model = step(LLM, events_ms={"First Token Stream Event": [140]}, duration_ms=100).model
    assert model is not None
    assert model.stream == StreamTimings()


def test_hidden_messages_tie_nothing_together() -> None:
    """All hidden histories look alike: none of them is a key."""
    hidden = {key: "__REDACTED__" if key.endswith("content") else value for key, value in (ASKED | ANSWERED).items()}
    model = step({**LLM, **hidden, "input.value": "__REDACTED__", "output.value": "__REDACTED__"}).model
    assert model is not None
    assert model.conversation is None


def test_messages_are_read_from_the_bodies_where_they_are_not_flattened() -> None:
    """`input.value` and `output.value` hold the request and the response."""
    body = {
        "input.value": {"messages": [{"role": "user", "content": "hello"}]},
        "output.value": {"id": "chatcmpl-1", "choices": [{"message": {"role": "assistant", "content": "hi"}}]},
        "output.mime_type": "application/json",
    }
    flattened, from_bodies = step({**LLM, **ASKED, **ANSWERED}).model, step({**LLM, **body}).model
    assert flattened is not None
    assert from_bodies is not None
    assert from_bodies.conversation is not None
    assert from_bodies.conversation.user_text == "hello"
    assert from_bodies.conversation == flattened.conversation
    assert from_bodies.response_id == "chatcmpl-1"


def test_a_call_in_two_places_is_one_call() -> None:
    """Anthropic's content blocks repeat the call that is listed already; alone they count."""
    call = {"tool_call.id": "toolu_1", "tool_call.function.name": "search", "tool_call.function.arguments": '{"q": 1}'}
    prefix = "llm.output_messages.0.message."
    blocks = {f"{prefix}contents.0.{key}": value for key, value in call.items()}
    listed = {f"{prefix}tool_calls.0.{key}": value for key, value in call.items()}
    for attributes in (blocks, listed, blocks | listed):
        assert _requested({**LLM, **attributes}) == ["toolu_1"]


def test_usage_and_cost_are_read() -> None:
    """Cached, written and reasoning tokens, and a cost that the emitter computed itself."""
    counts = {
        "llm.token_count.prompt": 100,
        "llm.token_count.completion": 20,
        "llm.token_count.prompt_details.cache_read": 40,
        "llm.token_count.prompt_details.cache_write": 10,
        "llm.token_count.completion_details.reasoning": 5,
        "llm.cost.total": 0.25,
    }
    found = step({**LLM, **counts})
    assert (found.usage, found.cost_usd) == (Usage(100, 20, 40, 10, 5), 0.25)
    assert step({"openinference.span.kind": "CHAIN", **counts}).usage is None


def test_a_traceback_does_not_decide_the_class() -> None:
    """LangChain's message is the exception's repr and then source lines, where any word may stand."""
    said = "ValueError('no luck')Traceback (most recent call last):\n  File 'x.py'\n    raise TimeoutError"
    found = step(TOOL, status={"code": 2, "message": said}).error
    assert found is not None
    assert (found.tool_class, found.message) == ("other", "ValueError('no luck')")


def _requested(attributes: dict[str, Any]) -> list[str]:
    model = step(attributes).model
    assert model is not None
    assert model.conversation is not None
    return [call.call_id for call in model.conversation.requested]
