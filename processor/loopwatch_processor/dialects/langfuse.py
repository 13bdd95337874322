"""Langfuse's SDK (3 and later): `langfuse.observation.*`, with input, output, usage and cost as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from loopwatch_processor.dialects import chat_json, messages
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.reading import (
    as_count,
    as_number,
    error_of,
    failure,
    finish_reason,
    parsed,
    step_of,
    text,
)
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import ErrorInfo, ModelCall, Step, StepKind, StreamTimings, ToolCall, Usage

_KINDS = {"generation": StepKind.MODEL_CALL, "tool": StepKind.TOOL_CALL, "agent": StepKind.AGENT_TURN}
_INPUT = "langfuse.observation.input"
_OUTPUT = "langfuse.observation.output"
_CACHE_READ = (
    "prompt_tokens_details.cached_tokens",
    "input_tokens_details.cached_tokens",
    "cache_read_input_tokens",
    "input_cache_read",
)
_CACHE_WRITTEN = ("cache_creation_input_tokens", "input_cache_creation")
_REASONING = (
    "completion_tokens_details.reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
    "output_reasoning",
)
_EPOCH = datetime.fromtimestamp(0, UTC)


class Langfuse:
    """Spans with `langfuse.observation.type`."""

    name = "langfuse"

    def claims(self, look: Look) -> bool:
        """By attribute."""
        return "langfuse.observation.type" in look.names

    def read(self, span: Span) -> Step:
        """The step of a Langfuse observation."""
        kind = _kind(span)
        return step_of(
            span,
            self.name,
            kind,
            session_id_of(span),
            agent=_metadata(span, "lc_agent_name") or (span.name if kind is StepKind.AGENT_TURN else ""),
            usage=_usage(span) if kind is StepKind.MODEL_CALL else None,
            cost_usd=_cost(span) if kind is StepKind.MODEL_CALL else None,
            error=_error(span) if kind is not StepKind.OTHER or not span.parent_id else None,
            tool=_tool(span) if kind is StepKind.TOOL_CALL else None,
            model=_model(span) if kind is StepKind.MODEL_CALL else None,
        )


LANGFUSE = Langfuse()


def _kind(span: Span) -> StepKind:
    kind = _KINDS.get(text(span, "langfuse.observation.type"), StepKind.OTHER)
    is_node = _metadata(span, "langgraph_node") == span.name != _metadata(span, "lc_agent_name")
    # LangGraph's node "agent" is of type agent on each of its rounds.
    return StepKind.OTHER if kind is StepKind.AGENT_TURN and is_node else kind


def _metadata(span: Span, name: str) -> str:
    """LangChain's metadata, each value of which is JSON."""
    value = parsed(span.get(f"langfuse.observation.metadata.{name}"))
    return value if isinstance(value, str) else ""


def _usage(span: Span) -> Usage | None:
    """Langfuse's own names part the tokens: "input" excludes those under "input_cache_read" and the like."""
    details = _dict(span, "langfuse.observation.usage_details")
    read = _first(details, *_CACHE_READ) or 0
    written = _first(details, *_CACHE_WRITTEN) or 0
    reasoning = _first(details, *_REASONING) or 0
    asked, answered = _first(details, "prompt_tokens"), _first(details, "completion_tokens", "output_tokens")
    if asked is None and (asked := _first(details, "input_tokens")) is not None:
        # Anthropic's raw usage parts them as well; OpenAI's has the cached ones inside.
        asked += read + written if details.keys() & {"cache_read_input_tokens", "cache_creation_input_tokens"} else 0
    if asked is None:
        asked = _parts(details, "input")
    if answered is None:
        answered = _parts(details, "output")
    if asked is None and answered is None:
        return None
    return Usage(asked or 0, answered or 0, read, written, reasoning)


def _parts(details: dict[str, Any], whole: str) -> int | None:
    """All tokens of one side, "input" or "output", under Langfuse's own names."""
    counts = [as_count(count) for name, count in details.items() if name == whole or name.startswith(f"{whole}_")]
    given = [count for count in counts if count is not None]
    return sum(given) if given else None


def _first(details: dict[str, Any], *keys: str) -> int | None:
    """The first of *keys* that holds a count; a dot steps into an inner object."""
    for key in keys:
        outer, _, inner = key.partition(".")
        value = details.get(key, details.get(outer))
        number = as_count(value.get(inner) if isinstance(value, dict) else value)
        if number is not None:
            return number
    return None


def _cost(span: Span) -> float | None:
    return as_number(_dict(span, "langfuse.observation.cost_details").get("total"))


def _error(span: Span) -> ErrorInfo | None:
    """Status or exception as everywhere, or an observation whose level is ERROR."""
    error = error_of(span)
    if error is not None or text(span, "langfuse.observation.level") != "ERROR":
        return error
    return failure(span, "", text(span, "langfuse.observation.status_message"))


def _tool(span: Span) -> ToolCall:
    return ToolCall(
        name=span.name,
        call_id=_metadata(span, "tool_call_id"),
        arguments=arguments_of(span.get(_INPUT)),
        result=result_of(span.get(_OUTPUT)),
    )


def _model(span: Span) -> ModelCall:
    response = chat_json.response(span.get(_OUTPUT))
    model = text(span, "langfuse.observation.model.name")
    reason = finish_reason(span.get("langfuse.observation.metadata.finish_reason"))
    return ModelCall(
        provider=_metadata(span, "ls_provider"),
        request_model=model,
        response_model=response.model,
        response_id=response.id,
        finish_reason=reason or response.finish_reason,
        stream=_stream(span),
        conversation=messages.listed(_asked(span), response.messages(), chat_json.read_asked),
    )


def _asked(span: Span) -> list[Any]:
    """What the input lists; LangChain's handler puts the tools' definitions among them, as of role "tool"."""
    content = parsed(span.get(_INPUT))
    if isinstance(content, list):
        content = [item for item in content if not (isinstance(item, dict) and _is_definition(item.get("content")))]
    return chat_json.asked(content)


def _is_definition(content: Any) -> bool:
    return isinstance(content, dict) and content.get("type") == "function" and "function" in content


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
