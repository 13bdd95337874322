"""OpenLLMetry (Traceloop): the official names with `traceloop.*` around them, and its own older names.

Until its 0.5x releases it flattened messages (`gen_ai.prompt.0.content`), before that under `llm.*`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from loopwatch_processor.attributes import Value
from loopwatch_processor.conversation import Message
from loopwatch_processor.dialects import flattened, messages
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import genai_model, genai_usage, kind_of
from loopwatch_processor.dialects.reading import error_of, finish_reason, parsed, step_of, text, usage_of
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Conversation, ModelCall, Step, StepKind, StreamTimings, ToolCall, Usage

_SCOPE = "opentelemetry.instrumentation."
_PACKAGES = frozenset(
    {"openai", "anthropic", "langchain", "mcp", "openai_agents", "bedrock", "cohere", "groq", "mistralai", "ollama"}
    | {"google_generativeai", "vertexai", "llamaindex", "crewai", "together", "replicate", "watsonx", "writer"}
)
_MARKS = frozenset({"traceloop.span.kind", "traceloop.entity.name", "traceloop.workflow.name"})
_CHUNKS = frozenset({"gen_ai.content.completion.chunk", "llm.content.completion.chunk"})
_TRACELOOP_KINDS = {"agent": StepKind.AGENT_TURN, "tool": StepKind.TOOL_CALL}
_PROPERTIES = "traceloop.association.properties."


class OpenLLMetry:
    """Spans from OpenLLMetry's scopes, or with one of its own attributes."""

    name = "openllmetry"

    def claims(self, look: Look) -> bool:
        """By scope or attribute."""
        return _is_own(look.scope) or not _MARKS.isdisjoint(look.names)

    def read(self, span: Span) -> Step:
        """The step of an OpenLLMetry span."""
        kind = _kind(span)
        return step_of(
            span,
            self.name,
            kind,
            session_id_of(span) or _thread_id(span),
            agent=_agent(span),
            usage=_usage(span) if kind in (StepKind.MODEL_CALL, StepKind.AGENT_TURN) else None,
            error=error_of(span) if kind is not StepKind.OTHER or not span.parent_id else None,
            tool=_tool(span) if kind is StepKind.TOOL_CALL else None,
            model=_model(span) if kind is StepKind.MODEL_CALL else None,
        )


OPENLLMETRY = OpenLLMetry()


def _is_own(scope: str) -> bool:
    return scope.startswith(_SCOPE) and scope.removeprefix(_SCOPE).partition(".")[0] in _PACKAGES


def _kind(span: Span) -> StepKind:
    operation = text(span, "gen_ai.operation.name", "llm.request.type")
    if operation:
        return kind_of(operation)
    return _TRACELOOP_KINDS.get(text(span, "traceloop.span.kind"), StepKind.OTHER)


def _thread_id(span: Span) -> str:
    """LangChain's thread, which releases before 0.5x tell only inside the input of a run or a tool."""
    if text(span, "traceloop.span.kind") not in ("workflow", "tool"):
        return ""
    given = parsed(span.get("traceloop.entity.input"))
    metadata = given.get("metadata") if isinstance(given, dict) else None
    thread_id = metadata.get("thread_id") if isinstance(metadata, dict) else None
    return thread_id if isinstance(thread_id, str) else ""


def _agent(span: Span) -> str:
    given = text(span, "gen_ai.agent.name", _PROPERTIES + "lc_agent_name")
    return given or (text(span, "traceloop.entity.name") if text(span, "traceloop.span.kind") == "agent" else "")


def _usage(span: Span) -> Usage | None:
    return genai_usage(span) or usage_of(
        span,
        input_keys=("llm.usage.prompt_tokens",),
        output_keys=("llm.usage.completion_tokens",),
        cache_read_keys=("llm.usage.cache_read_input_tokens",),
        cache_write_keys=("llm.usage.cache_creation_input_tokens",),
    )


def _tool(span: Span) -> ToolCall:
    said = next((value for key in _ARGUMENTS if (value := parsed(span.get(key))) is not None), None)
    result = next((value for key in _RESULTS if (value := parsed(span.get(key))) is not None), None)
    return ToolCall(
        name=text(span, "gen_ai.tool.name", "traceloop.entity.name") or span.name.removesuffix(".tool"),
        call_id=text(span, "gen_ai.tool.call.id") or _call_id(said) or _call_id(result),
        arguments=arguments_of(said),
        result=result_of(result),
    )


_ARGUMENTS = ("gen_ai.tool.call.arguments", "traceloop.entity.input")
_RESULTS = ("gen_ai.tool.call.result", "traceloop.entity.output")


def _call_id(dump: Any) -> str:
    """The id in what LangChain's callback was given: `kwargs.tool_call_id`, or that of the `ToolMessage`."""
    for path in (("kwargs",), ("output", "kwargs")):
        inner = dump
        for key in path:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and isinstance(call_id := inner.get("tool_call_id"), str):
            return call_id
    return ""


def _model(span: Span) -> ModelCall:
    official = genai_model(span)
    answers = flattened.items_of(span, "gen_ai.completion.") or flattened.items_of(span, "llm.completions.")
    reason = answers[0].get("finish_reason") if answers else None
    return ModelCall(
        provider=official.provider or text(span, "llm.vendor"),
        request_model=official.request_model or text(span, "llm.request.model"),
        response_model=official.response_model or text(span, "llm.response.model"),
        response_id=official.response_id,
        finish_reason=official.finish_reason
        or finish_reason(span.get("llm.response.finish_reason"))
        or finish_reason(reason),
        stream=_stream(span) or official.stream,
        conversation=official.conversation or _conversation(span, answers),
        context_window_tokens=official.context_window_tokens,
        compacted=official.compacted,
    )


def _stream(span: Span) -> StreamTimings | None:
    """From its event per chunk; of more than 128 events the SDK keeps the newest."""
    times = sorted(event.time_ns for event in span.events() if event.name in _CHUNKS)
    if not times:
        streamed = True in (span.get("gen_ai.is_streaming"), span.get("llm.is_streaming"))
        return StreamTimings() if streamed else None
    gaps = [after - before for before, after in pairwise(times)]
    dropped = span.dropped_events
    return StreamTimings(
        ttft_s=max(0, times[0] - span.start_ns) / 1e9 if not dropped else None,
        max_gap_s=max(gaps) / 1e9 if gaps else None,
        mean_gap_s=sum(gaps) / len(gaps) / 1e9 if gaps else None,
        chunks=len(times) + dropped,
        early_gaps_unknown=dropped > 0,
    )


def _conversation(span: Span, answers: list[dict[str, Value]]) -> Conversation | None:
    asked = flattened.encoded_items_of(span, "gen_ai.prompt.") or flattened.encoded_items_of(span, "llm.prompts.")
    return messages.listed(asked, messages.from_json([_message(item, "assistant") for item in answers]), _asked)


def _asked(items: Sequence[flattened.Encoded]) -> list[Message]:
    return messages.from_json([_message(flattened.decoded(item), "user") for item in items])


def _message(item: dict[str, Value], role: str) -> dict[str, Any]:
    called = [_called(part) for part in flattened.items(item, "tool_calls.")]
    if "function_call.name" in item:
        called.append({"name": item["function_call.name"], "arguments": item.get("function_call.arguments") or {}})
    content = item.get("content")
    blocks = parsed(content) if item.get("role") != "tool" else None
    return {
        "role": item.get("role") or role,
        "content": blocks if isinstance(blocks, list | str) else content,
        "tool_calls": called,
        "tool_call_id": item.get("tool_call_id"),
    }


def _called(part: dict[str, Value]) -> dict[str, Any]:
    return {"id": part.get("id"), "name": part.get("name"), "arguments": part.get("arguments") or {}}
