"""What every dialect needs: typed look-ups, finish reasons, errors, and a step with what every span has."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import Any

import orjson

from loopwatch.error_text import error_class
from loopwatch.stand_in import read_stand_in
from loopwatch_processor import unread
from loopwatch_processor.attributes import Value, value_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.redact import first_word
from loopwatch_processor.step import ErrorInfo, Limits, ModelCall, Step, StepKind, ToolCall, Usage
from loopwatch_processor.values import replace

MESSAGE_MAX_CHARS = 300
NAME_MAX_CHARS = 256
"""Of sessions, agents, tools, models, services and spans, which are kept by the hundred thousand."""
_FAILED = 2
_COUNT_MAX = 2**53
"""What is more is no count: it is not exact where it comes as a float, and 64 bits must hold a sum of many."""


def text(span: Span, *keys: str) -> str:
    """The first of *keys* that holds something, as text; "" where none does."""
    names = span.names
    for key in keys:
        if key in names:
            value = value_of(span.encoded[key])
            if value is not None and value != "":
                return value if isinstance(value, str) else str(value)
    return ""


def number(span: Span, *keys: str) -> float | None:
    """The first of *keys* that holds a number (or one written as text)."""
    names = span.names
    for key in keys:
        if key in names:
            value = as_number(value_of(span.encoded[key]))
            if value is not None:
                return value
    return None


def as_number(value: Value) -> float | None:
    """*value* as a number; None where it is none, or negative, or not finite."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        result = float(value)  # type: ignore[arg-type]  # anything else is the TypeError below
    except (TypeError, ValueError, OverflowError):  # the last of an integer of more than 308 digits
        return None
    return result if 0 <= result < math.inf else None


def as_count(value: Value) -> int | None:
    """*value* as a whole number of 0 to 2**53; None where it is none."""
    given = as_number(value)
    return int(given) if given is not None and given <= _COUNT_MAX else None


def count(span: Span, *keys: str) -> int | None:
    """The first of *keys* that holds a whole number of 0 or more."""
    return first_count(span, keys)


def first_count(span: Span, keys: tuple[str, ...]) -> int | None:
    """The same for keys in a tuple: to hand one on as `*keys` takes a call of four times the instructions."""
    names = span.names
    for key in keys:
        if key in names:
            value = value_of(span.encoded[key])
            if type(value) is int and 0 <= value <= _COUNT_MAX:
                return value
            given = as_count(value)
            if given is not None:
                return given
    return None


def usage_of(
    span: Span,
    *,
    input_keys: tuple[str, ...],
    output_keys: tuple[str, ...],
    cache_read_keys: tuple[str, ...] = (),
    cache_write_keys: tuple[str, ...] = (),
    reasoning_keys: tuple[str, ...] = (),
) -> Usage | None:
    """The tokens under these names; None where neither input nor output is given."""
    asked, answered = first_count(span, input_keys), first_count(span, output_keys)
    if asked is None and answered is None:
        return None
    return Usage(
        asked or 0,
        answered or 0,
        first_count(span, cache_read_keys) or 0,
        first_count(span, cache_write_keys) or 0,
        first_count(span, reasoning_keys) or 0,
    )


_OBJECTS_MAX = 100_000
"""In one JSON text; those inside of its texts count as well. A conversation of a thousand messages has ten thousand."""


def parsed(value: Value) -> Any:
    """*value* with JSON text decoded, also where it was encoded twice; what is none, or huge, stays the text it is."""
    if not isinstance(value, str):
        return value
    once = _decoded(value)
    return _decoded(once) if isinstance(once, str) and once is not value else once


def is_huge(value: str) -> bool:
    """Whether the JSON in *value* holds more objects than are read."""
    return len(value) > _OBJECTS_MAX and value.count("{") + value.count("[") > _OBJECTS_MAX


def _decoded(value: str) -> Any:
    if not value or value.lstrip()[:1] not in '[{"':
        return value
    if is_huge(value):
        unread.forgotten["large_texts"] += 1
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


_FINISH = {
    "tool_calls": "tool_call",
    "tool_call": "tool_call",
    "tool-calls": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "content-filter": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
}


def finish_reason(value: Value) -> str:
    """One finish reason from an array, a JSON array in text, or plain text; unknown words stay as they are."""
    if value is None:
        return ""
    reasons = parsed(value)
    if isinstance(reasons, list):
        reasons = reasons[0] if reasons else ""
    word = str(reasons or "").rsplit(".", 1)[-1].strip().lower()
    return _FINISH.get(word, word)


def finish_reason_of(span: Span, key: str) -> str:
    """The one in the attribute *key*; "" where it is absent."""
    if key not in span.names:
        return ""
    encoded = span.encoded[key]
    return _known_finish_reason(encoded) if len(encoded) <= NAME_MAX_CHARS else _finish_reason_in(encoded)


def _finish_reason_in(encoded: bytes) -> str:
    return finish_reason(value_of(encoded))


_known_finish_reason = lru_cache(maxsize=256)(_finish_reason_in)
"""There are few, and most are in an array, which takes ten times as long to decode as a text."""


def error_of(span: Span) -> ErrorInfo | None:
    """How *span* failed: error status, or `error.type`, or an exception event (LangSmith leaves the status OK)."""
    error_type, exception = text(span, "error.type"), None
    if span.has_events:
        for event in span.events():
            if event.name == "exception":
                exception = event
                break
    if exception is None and not error_type and span.status_code != _FAILED:
        return None
    message = span.status_message
    if exception is not None:
        error_type = error_type or str(exception.attributes.get("exception.type") or "")
        message = message or str(exception.attributes.get("exception.message") or "")
    return failure(span, error_type, message)


def failure(span: Span, error_type: str, message: str) -> ErrorInfo:
    """What *span* tells of a failure; a message that became a stand-in says nothing, its class stands beside it."""
    # LangChain's tracers write repr and traceback in one: words of the source code must not decide the class.
    message = "" if read_stand_in(message) else message.partition("Traceback (most recent call last)")[0]
    given = text(span, "loopwatch.tool.error.class") or error_class(error_type, message).value
    # The type is shown wherever the failure is; the message never is.
    name = _known_first_word(error_type) if len(error_type) <= NAME_MAX_CHARS else first_word(error_type)
    message = message or (error_type if name != error_type else "")
    return ErrorInfo(name or "_OTHER", given, message[:MESSAGE_MAX_CHARS])


_known_first_word = lru_cache(maxsize=1_024)(first_word)
"""An agent in trouble fails again and again in the same way."""


def shortened(name: str) -> str:
    """*name*, or the beginning of one over `NAME_MAX_CHARS` with a hash of it all: two that differ stay two."""
    if len(name) <= NAME_MAX_CHARS:
        return name
    unread.forgotten["long_names"] += 1
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{name[: NAME_MAX_CHARS - len(digest) - 1]}…{digest}"


def _short_tool(tool: ToolCall) -> ToolCall:
    return tool if len(tool.name) <= NAME_MAX_CHARS else replace(tool, name=shortened(tool.name))


def _short_model(model: ModelCall) -> ModelCall:
    asked, answered = model.request_model, model.response_model
    if len(asked) + len(answered) <= NAME_MAX_CHARS:
        return model
    return replace(model, request_model=shortened(asked), response_model=shortened(answered))


def step_of(
    span: Span,
    dialect: str,
    kind: StepKind,
    session_id: str,
    *,
    agent: str = "",
    agent_type: str = "",
    usage: Usage | None = None,
    cost_usd: float | None = None,
    error: ErrorInfo | None = None,
    tool: ToolCall | None = None,
    model: ModelCall | None = None,
    limits: Limits | None = None,
    stop_reason: str = "",
    progress: float | None = None,
    state_hash: str = "",
    links: tuple[tuple[str, str], ...] = (),
) -> Step:
    """A step with everything that every span has."""
    source = span.source
    name, agent, service, environment = span.name, agent or source.agent, source.service, source.environment
    if len(name) + len(agent) + len(service) + len(environment) + len(session_id) > NAME_MAX_CHARS:
        name, agent, service = shortened(name), shortened(agent), shortened(service)
        environment, session_id = shortened(environment), shortened(session_id)
    return Step(
        kind,
        dialect,
        name,
        span.trace_id,
        span.span_id,
        span.parent_id,
        span.start_ns,
        span.end_ns,
        service,
        environment,
        session_id,
        agent,
        agent_type,
        usage,
        cost_usd,
        error=error,
        tool=_short_tool(tool) if tool is not None else None,
        model=_short_model(model) if model is not None else None,
        limits=limits,
        stop_reason=stop_reason,
        progress=progress,
        state_hash=state_hash,
        links=links,
    )
