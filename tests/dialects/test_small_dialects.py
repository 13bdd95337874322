"""LangSmith, Langfuse, the AI SDK's own names and MCP beyond their recordings."""

from __future__ import annotations

from typing import Any

import pytest

from loopwatch_processor.step import StepKind, StreamTimings, Usage
from tests.dialects.made import START_NS, step

GENERATION = {"langfuse.observation.type": "generation"}


@pytest.mark.parametrize("kind", ["chain", "prompt", "parser", "retriever", "embedding"])
def test_langsmiths_structure_is_no_step(kind: str) -> None:
    """Only its kinds llm and tool are calls."""
    assert step({"langsmith.span.kind": kind}).kind is StepKind.OTHER


def test_langsmiths_chain_of_the_agents_name_is_its_turn() -> None:
    """LangSmith has no kind for agents; LangChain's name of the agent tells."""
    chain = {"langsmith.span.kind": "chain", "langsmith.metadata.lc_agent_name": "writer"}
    assert step(chain, name="writer").kind is StepKind.AGENT_TURN
    assert step(chain, name="model").kind is StepKind.OTHER


def test_langsmiths_error_has_the_type_that_its_message_names() -> None:
    """Every exception comes as "Exception", with a status that may say OK."""
    exception = {
        "name": "exception",
        "timeUnixNano": str(START_NS),
        "attributes": [
            {"key": "exception.type", "value": {"stringValue": "Exception"}},
            {"key": "exception.message", "value": {"stringValue": "openai.RateLimitError('slow down')Traceback"}},
        ],
    }
    error = step({"langsmith.span.kind": "llm"}, events=[exception], status={"code": 1}).error
    assert error is not None
    assert (error.type, error.tool_class) == ("openai.RateLimitError", "rate_limit")


def test_langsmiths_cached_tokens_stand_in_its_metadata() -> None:
    """The official attributes hold the totals only."""
    usage = {"input_token_details": {"cache_read": 8, "cache_creation": 2}, "output_token_details": {"reasoning": 3}}
    found = step(
        {
            "langsmith.span.kind": "llm",
            "gen_ai.usage.input_tokens": 20,
            "gen_ai.usage.output_tokens": 5,
            "langsmith.metadata.usage_metadata": usage,
        }
    )
    assert found.usage == Usage(20, 5, 8, 2, 3)


@pytest.mark.parametrize(
    ("details", "usage"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 4}, Usage(9, 4)),
        ({"input": 9, "output": 4, "total": 13}, Usage(9, 4)),
        ({"input": 9, "input_cache_read": 20, "output": 4, "output_reasoning": 2, "total": 35}, Usage(29, 6, 20, 0, 2)),
        ({"input_tokens": 9, "output_tokens": 4, "cache_read_input_tokens": 3}, Usage(12, 4, 3)),
        ({"input_tokens": 9, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 3}}, Usage(9, 4, 3)),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 6}},
            Usage(9, 4, 6),
        ),
        ({"total": 13}, None),
        ({}, None),
        ("nonsense", None),
    ],
)
def test_langfuses_usage_comes_under_several_names(details: Any, usage: Usage | None) -> None:
    """The vendor's names, or Langfuse's own; a total alone says nothing."""
    assert step({**GENERATION, "langfuse.observation.usage_details": details}).usage == usage


def test_langfuses_cost_is_taken() -> None:
    """The total of what Langfuse was told a call costs."""
    assert step({**GENERATION, "langfuse.observation.cost_details": {"total": 0.5}}).cost_usd == 0.5
    assert step(GENERATION).cost_usd is None


@pytest.mark.parametrize(
    ("said", "stream"),
    [
        ('"2026-06-01T00:00:00.250000Z"', StreamTimings(ttft_s=0.25)),
        ('"2026-06-01T00:00:00.250000"', StreamTimings(ttft_s=0.25)),
        ('"2026-05-31T23:59:59Z"', StreamTimings()),
        ('"soon"', StreamTimings()),
        ("", None),
    ],
)
def test_langfuses_start_of_completion_is_the_time_to_the_first_chunk(said: str, stream: StreamTimings | None) -> None:
    """A quoted time; one before the span's start, or none at all, says only that it streamed."""
    attributes = {**GENERATION, "langfuse.observation.completion_start_time": said} if said else GENERATION
    model = step(attributes).model
    assert model is not None
    assert model.stream == stream


def test_an_observation_of_level_error_failed() -> None:
    """Langfuse's own level counts where the status was left unset."""
    attributes = {
        "langfuse.observation.type": "tool",
        "langfuse.observation.level": "ERROR",
        "langfuse.observation.status_message": "connection refused",
    }
    error = step(attributes).error
    assert error is not None
    assert error.tool_class == "unavailable"
    assert step({"langfuse.observation.type": "tool", "langfuse.observation.level": "WARNING"}).error is None


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("ai.generateText", StepKind.AGENT_TURN),
        ("ai.generateText.doGenerate", StepKind.MODEL_CALL),
        ("ai.streamObject.doStream", StepKind.MODEL_CALL),
        ("ai.toolCall", StepKind.TOOL_CALL),
        ("ai.embed", StepKind.OTHER),
        ("ai.embed.doEmbed", StepKind.OTHER),
    ],
)
def test_the_ai_sdks_operations_are_what_they_say(operation: str, kind: StepKind) -> None:
    """`doGenerate` and `doStream` are the model's calls, what stands around them is the turn."""
    assert step({"ai.operationId": operation}).kind is kind


def test_the_ai_sdks_turn_has_no_usage() -> None:
    """It is the last step's in one version and the sum in another."""
    usage = {"ai.usage.promptTokens": 10, "ai.usage.completionTokens": 5}
    assert step({"ai.operationId": "ai.generateText", **usage}).usage is None
    assert step({"ai.operationId": "ai.generateText.doGenerate", **usage}).usage == Usage(10, 5)


def test_the_ai_sdks_milliseconds_become_seconds() -> None:
    """`msToFirstChunk` is the time to the first chunk."""
    model = step({"ai.operationId": "ai.streamText.doStream", "ai.response.msToFirstChunk": 250.0}).model
    assert model is not None
    assert model.stream == StreamTimings(ttft_s=0.25)


@pytest.mark.parametrize("prefix", ["ai.telemetry.metadata.", "ai.settings.context."])
def test_the_ai_sdks_metadata_name_the_session(prefix: str) -> None:
    """Version 5 and version 7 carry what the user gave under different prefixes."""
    assert step({"ai.operationId": "ai.toolCall", f"{prefix}sessionId": "s1"}).session_id == "s1"


def test_the_name_of_an_mcp_tool_may_stand_in_the_spans_name() -> None:
    """The SDK's middle span has no attribute for it."""
    tool = step({"mcp.method.name": "tools/call"}, name="MCP send tools/call search").tool
    assert tool is not None
    assert (tool.name, tool.arguments, tool.result) == ("search", None, None)


def test_an_mcp_session_is_no_session() -> None:
    """`mcp.session.id` is new on every request."""
    assert step({"mcp.method.name": "tools/call", "mcp.session.id": "m1"}).session_id == ""


def test_an_mcp_span_of_the_convention_tells_arguments_and_failure() -> None:
    """The official names on an MCP span, where content is captured."""
    attributes = {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.arguments": {"query": "x"},
        "gen_ai.tool.call.result": '[{"type": "text", "text": "found"}]',
        "error.type": "tool_error",
    }
    found = step(attributes)
    assert found.tool is not None
    assert (found.tool.arguments, found.tool.result) == ('{"query":"x"}', "found")
    assert found.error is not None


@pytest.mark.parametrize("method", ["initialize", "tools/list", "resources/read", "notifications/progress"])
def test_other_mcp_methods_are_no_tool_calls(method: str) -> None:
    """Only `tools/call` calls a tool."""
    assert step({"mcp.method.name": method}).kind is StepKind.OTHER
