"""Steps as plain data without content: what was counted, when, where and at what price; never what was said.

Each row names its fields by their place. A change of `Step` or of a row needs a new `VERSION`.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

from loopwatch_processor import stop
from loopwatch_processor.step import (
    Conversation,
    ErrorInfo,
    Limits,
    ModelCall,
    Step,
    StepKind,
    ToolCall,
    ToolResult,
    Usage,
)

Row = list[Any]
_SHORT_ID_CHARS = 12
"""Tool call ids shorter than this come again, and only arguments tell two such calls apart."""


def row_of(step: Step) -> Row:
    """*step* without content; the name of what is no call may be any text, so it goes too."""
    usage = step.usage
    return [
        step.kind.value,
        step.dialect,
        "" if step.kind is StepKind.OTHER else step.name,
        step.trace_id,
        step.span_id,
        step.parent_id,
        step.start_ns,
        step.end_ns,
        step.service,
        step.environment,
        step.session_id,
        step.agent,
        step.agent_type,
        usage and usage_row(usage),
        step.cost_usd,
        step.cost_is_ours,
        step.error and [step.error.type, step.error.tool_class, stop.word_in(step.error.message)],
        step.tool and call_row(step.tool),
        step.model and _model_row(step.model),
        step.limits and limits_row(step.limits),
        step.stop_reason,
        step.progress,
        step.state_hash,
        step.links,
        step.sources,
    ]


_NAMES = tuple(field.name for field in fields(Step))


def step_of(row: Row) -> Step:
    """The step that *row* tells of, as far as it does."""
    said: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    usage, error, limits = said["usage"], said["error"], said["limits"]
    return Step(
        **said
        | {
            "kind": StepKind(said["kind"]),
            "usage": usage and Usage(*usage),
            "error": error and ErrorInfo(*error),
            "tool": said["tool"] and call_of(said["tool"]),
            "model": said["model"] and _model_of(said["model"]),
            "limits": limits and Limits(*limits),
            "links": tuple((trace_id, span_id) for trace_id, span_id in said["links"]),
            "sources": tuple(said["sources"]),
        }
    )


def usage_row(usage: Usage) -> Row:
    return [
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    ]


def limits_row(limits: Limits) -> Row:
    return [limits.max_usd, limits.max_steps, limits.max_tool_calls, limits.max_tokens, limits.max_seconds]


def result_row(result: ToolResult) -> Row:
    return [result.call_id, result.name, result.hash]


def result_of(row: Row) -> ToolResult:
    call_id, name, hashed = row
    return ToolResult(call_id, "", name, hashed)


def call_row(call: ToolCall) -> Row:
    """A tool call, also one that was only asked for."""
    return [
        call.name,
        call.call_id,
        _mark(call),
        call.arguments_hash,
        call.result_hash,
        call.side_effect,
        call.identity,
        call.polling,
        call.recovered,
    ]


def call_of(row: Row) -> ToolCall:
    name, call_id, arguments, arguments_hash, result_hash, side_effect, identity, polling, recovered = row
    return ToolCall(
        name,
        call_id,
        arguments,
        arguments_hash=arguments_hash,
        result_hash=result_hash,
        side_effect=side_effect,
        identity=tuple(identity),
        polling=polling,
        recovered=recovered,
    )


def _mark(call: ToolCall) -> str | None:
    """What tells two calls of one short id apart where their arguments did.

    Another span of that very call, if it comes after the restart, does not have it and counts again.
    """
    if call.arguments is None or not call.call_id or len(call.call_id) >= _SHORT_ID_CHARS:
        return None
    if call.arguments.startswith("blake2b:"):
        return call.arguments
    return f"blake2b:{hashlib.blake2b(call.arguments.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def _model_row(model: ModelCall) -> Row:
    told = model.conversation
    return [
        model.provider,
        model.request_model,
        model.response_model,
        model.response_id,
        model.finish_reason,
        model.context_window_tokens,
        model.compacted,
        told
        and [
            [call_row(call) for call in told.requested],
            [result_row(result) for result in told.returned],
            told.continues,
            told.leaves,
        ],
    ]


def _model_of(row: Row) -> ModelCall:
    provider, request_model, response_model, response_id, finish_reason, window_tokens, compacted, told = row
    return ModelCall(
        provider,
        request_model,
        response_model,
        response_id,
        finish_reason,
        conversation=told and _conversation_of(*told),
        context_window_tokens=window_tokens,
        compacted=compacted,
    )


def _conversation_of(requested: list[Row], returned: list[Row], continues: Row, leaves: Row) -> Conversation:
    return Conversation(
        requested=tuple(map(call_of, requested)),
        returned=tuple(map(result_of, returned)),
        continues=tuple(continues),
        leaves=tuple(leaves),
    )
