"""LangSmith's OpenTelemetry exporter: `langsmith.*` beside some of `gen_ai.*`, all content in two JSON attributes."""

from __future__ import annotations

import re
from typing import Any

from loopwatch_processor.dialects import chat_json, messages
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import genai_usage
from loopwatch_processor.dialects.reading import as_count, error_of, failure, parsed, step_of, text
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import ErrorInfo, ModelCall, Step, StepKind, StreamTimings, ToolCall, Usage
from loopwatch_processor.values import replace

_KINDS = {"llm": StepKind.MODEL_CALL, "tool": StepKind.TOOL_CALL}
_REPR = re.compile(r"\s*([A-Za-z_][\w.]*)\(")


class LangSmith:
    """Spans with `langsmith.span.kind`."""

    name = "langsmith"

    def claims(self, look: Look) -> bool:
        """By attribute."""
        return "langsmith.span.kind" in look.names

    def read(self, span: Span) -> Step:
        """The step of a LangSmith span."""
        kind = _kind(span)
        return step_of(
            span,
            self.name,
            kind,
            session_id_of(span) or text(span, "langsmith.metadata.session_id", "langsmith.metadata.conversation_id"),
            agent=text(span, "langsmith.metadata.lc_agent_name"),
            usage=_usage(span) if kind is StepKind.MODEL_CALL else None,
            error=_error(span) if kind is not StepKind.OTHER or not span.parent_id else None,
            tool=_tool(span) if kind is StepKind.TOOL_CALL else None,
            model=_model(span) if kind is StepKind.MODEL_CALL else None,
        )


LANGSMITH = LangSmith()


def _kind(span: Span) -> StepKind:
    kind = _KINDS.get(text(span, "langsmith.span.kind"), StepKind.OTHER)
    is_agent = kind is StepKind.OTHER and span.name == text(span, "langsmith.metadata.lc_agent_name")
    return StepKind.AGENT_TURN if is_agent else kind


def _usage(span: Span) -> Usage | None:
    given = genai_usage(span)
    details = parsed(span.get("langsmith.metadata.usage_metadata"))
    if given is None or not isinstance(details, dict):
        return given
    return replace(
        given,
        cache_read_tokens=given.cache_read_tokens or _detail(details, "input_token_details", "cache_read"),
        cache_write_tokens=given.cache_write_tokens or _detail(details, "input_token_details", "cache_creation"),
        reasoning_tokens=given.reasoning_tokens or _detail(details, "output_token_details", "reasoning"),
    )


def _detail(details: dict[str, Any], group: str, name: str) -> int:
    inner = details.get(group)
    return as_count(inner.get(name)) or 0 if isinstance(inner, dict) else 0


def _error(span: Span) -> ErrorInfo | None:
    """Every exception comes as of type "Exception"; its real type begins the message, a `repr`."""
    error = error_of(span)
    if error is None or error.type not in ("Exception", "_OTHER") or (named := _REPR.match(error.message)) is None:
        return error
    return failure(span, named[1], error.message)


def _tool(span: Span) -> ToolCall:
    return ToolCall(
        name=text(span, "gen_ai.tool.name") or span.name,
        call_id=text(span, "gen_ai.tool.call.id"),
        arguments=arguments_of(span.get("gen_ai.prompt")),
        result=result_of(parsed(span.get("gen_ai.completion")) or None),
    )


def _model(span: Span) -> ModelCall:
    response = chat_json.response(span.get("gen_ai.completion"))
    streamed = span.get("langsmith.metadata.stream") is True
    return ModelCall(
        provider=text(span, "langsmith.metadata.ls_provider", "gen_ai.system"),
        request_model=text(span, "gen_ai.request.model", "langsmith.metadata.ls_model_name"),
        response_model=text(span, "gen_ai.response.model") or response.model,
        response_id=text(span, "gen_ai.response.id") or response.id,
        finish_reason=response.finish_reason,
        stream=StreamTimings() if streamed else None,
        conversation=messages.listed(
            chat_json.asked(span.get("gen_ai.prompt")), response.messages(), chat_json.read_asked
        ),
    )
