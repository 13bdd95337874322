"""Langfuse's SDK (3 and later): `langfuse.observation.*`, with input, output, usage and cost as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from loopwatch_processor.dialects import chat_json, messages
from loopwatch_processor.dialects.reading import (
    arguments_of,
    as_number,
    error_class,
    error_of,
    finish_reason,
    parsed,
    result_of,
    step_of,
    text,
)
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import ErrorInfo, ModelCall, Step, StepKind, StreamTimings, ToolCall, Usage

_KINDS = {"generation": StepKind.MODEL_CALL, "tool": StepKind.TOOL_CALL, "agent": StepKind.AGENT_TURN}
_INPUT = "langfuse.observation.input"
_OUTPUT = "langfuse.observation.output"
_EPOCH = datetime.fromtimestamp(0, UTC)


class Langfuse:
    """Spans with `langfuse.observation.type`."""

    name = "langfuse"

    def read(self, span: Span) -> Step | None:
        """The step of a Langfuse observation, or None: "not mine"."""
        if not span.has("langfuse.observation.type"):
            return None
        kind = _KINDS.get(text(span, "langfuse.observation.type"), StepKind.OTHER)
        return step_of(
            span,
            self.name,
            kind,
            session_id_of(span),
            agent=span.name if kind is StepKind.AGENT_TURN else "",
            usage=_usage(span) if kind is StepKind.MODEL_CALL else None,
            cost_usd=_cost(span) if kind is StepKind.MODEL_CALL else None,
            error=_error(span) if kind is not StepKind.OTHER or not span.parent_id else None,
            tool=_tool(span) if kind is StepKind.TOOL_CALL else None,
            model=_model(span) if kind is StepKind.MODEL_CALL else None,
        )


LANGFUSE = Langfuse()


def _usage(span: Span) -> Usage | None:
    details = _dict(span, "langfuse.observation.usage_details")
    given = (
        _first(details, "prompt_tokens", "input_tokens", "input"),
        _first(details, "completion_tokens", "output_tokens", "output"),
    )
    if given == (None, None):
        return None
    return Usage(
        given[0] or 0,
        given[1] or 0,
        _first(details, "prompt_tokens_details.cached_tokens", "cache_read_input_tokens", "input_cache_read") or 0,
        _first(details, "cache_creation_input_tokens", "input_cache_creation") or 0,
        _first(details, "completion_tokens_details.reasoning_tokens", "output_reasoning_tokens") or 0,
    )


def _first(details: dict[str, Any], *keys: str) -> int | None:
    """The first of *keys* that holds a count; a dot steps into an inner object."""
    for key in keys:
        outer, _, inner = key.partition(".")
        value = details.get(key, details.get(outer))
        value = value.get(inner) if isinstance(value, dict) else value
        number = as_number(value)
        if number is not None:
            return int(number)
    return None


def _cost(span: Span) -> float | None:
    return as_number(_dict(span, "langfuse.observation.cost_details").get("total"))


def _error(span: Span) -> ErrorInfo | None:
    """Status or exception as everywhere, or an observation whose level is ERROR."""
    error = error_of(span)
    if error is not None or text(span, "langfuse.observation.level") != "ERROR":
        return error
    said = text(span, "langfuse.observation.status_message")
    return ErrorInfo("_OTHER", error_class("", said), said[:300])


def _tool(span: Span) -> ToolCall:
    return ToolCall(
        name=span.name,
        arguments=arguments_of(span.get(_INPUT)),
        result=result_of(span.get(_OUTPUT)),
    )


def _model(span: Span) -> ModelCall:
    response = chat_json.response(span.get(_OUTPUT))
    model = text(span, "langfuse.observation.model.name")
    reason = finish_reason(span.get("langfuse.observation.metadata.finish_reason"))
    return ModelCall(
        request_model=model,
        response_model=response.model,
        response_id=response.id,
        finish_reason=reason or response.finish_reason,
        stream=_stream(span),
        conversation=messages.conversation(chat_json.request(span.get(_INPUT)), response.messages),
    )


def _stream(span: Span) -> StreamTimings | None:
    said = parsed(span.get("langfuse.observation.completion_start_time"))
    if not isinstance(said, str):
        return None
    try:
        first = datetime.fromisoformat(said)
        since_epoch = (first if first.tzinfo else first.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return StreamTimings()
    ttft_ns = since_epoch // timedelta(microseconds=1) * 1_000 - span.start_ns
    return StreamTimings(ttft_s=ttft_ns / 1e9 if ttft_ns >= 0 else None)


def _dict(span: Span, key: str) -> dict[str, Any]:
    value = parsed(span.get(key))
    return value if isinstance(value, dict) else {}
