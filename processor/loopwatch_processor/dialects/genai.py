"""OpenTelemetry's own GenAI convention, generations A (≤ 1.36), B (1.37-1.41) and C (unreleased), and our own names.

Every emitter that speaks `gen_ai.*` with a few words of its own is a dialect that calls `read_genai` and mends the
result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from loopwatch_processor.dialects import genai_logs, messages
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.reading import (
    count,
    error_of,
    finish_reason,
    finish_reason_of,
    number,
    parsed,
    step_of,
    text,
    usage_of,
)
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import (
    Conversation,
    Limits,
    ModelCall,
    Step,
    StepKind,
    StreamTimings,
    ToolCall,
    Usage,
)

MODEL_OPERATIONS = frozenset({"chat", "generate_content", "text_completion", "completion"})
AGENT_OPERATIONS = frozenset({"invoke_agent"})
TOOL_OPERATIONS = frozenset({"execute_tool"})
_OWN = frozenset({"loopwatch.agent.type", "loopwatch.progress.score", "loopwatch.state.hash"})
_USAGE = frozenset(
    {
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
    }
)
"""One of which has to be there."""
_COSTS = (
    "loopwatch.step.cost",
    "loopwatch.run.cost",
    "gen_ai.usage.cost",
    "gen_ai.usage.cost.amount",
    "gen_ai.cost.total_cost",
    "operation.cost",
)
_COST = frozenset(_COSTS)
_STREAM = frozenset(
    {
        "gen_ai.response.time_to_first_chunk",
        "gen_ai.client.operation.time_to_first_chunk",
        "loopwatch.stream.max_gap",
        "gen_ai.request.stream",
    }
)
"""One of which says that a call streamed."""
_LIMITS = frozenset(
    {
        "loopwatch.budget.max_usd",
        "loopwatch.budget.max_steps",
        "gen_ai.agent.iteration_budget.limit",
        "loopwatch.budget.max_tool_calls",
        "loopwatch.budget.max_tokens",
        "gen_ai.agent.token_budget.limit",
        "loopwatch.budget.max_seconds",
    }
)


class GenAi:
    """Spans with `gen_ai.operation.name`."""

    name = "otel_genai"

    def claims(self, look: Look) -> bool:
        """By attribute."""
        return "gen_ai.operation.name" in look.names

    def read(self, span: Span) -> Step:
        """The step of a span in the official convention."""
        return read_genai(span, self.name)


GENAI = GenAi()


def read_genai(
    span: Span,
    dialect: str,
    kind: StepKind | None = None,
    *,
    model: Callable[[Span, ModelCall], ModelCall] | None = None,
    tool: Callable[[Span, ToolCall], ToolCall] | None = None,
) -> Step:
    """The step of a span with `gen_ai.*` attributes; a kind that we do not count is `StepKind.OTHER`.

    *kind* is for emitters that do not name the operation, or not truly; *model* and *tool* mend what was read of a call
    before the step is made, which is dear to copy.
    """
    kind = kind or kind_of(text(span, "gen_ai.operation.name"))
    session_id = session_id_of(span)
    agent = text(span, "gen_ai.agent.name")
    if kind is StepKind.OTHER:
        # What fails a root span ends the run, even where the span itself is no step.
        return step_of(span, dialect, kind, session_id, agent=agent, error=None if span.parent_id else error_of(span))
    has_own = span.has_any(_OWN)
    return step_of(
        span,
        dialect,
        kind,
        session_id,
        agent=agent,
        agent_type=text(span, "loopwatch.agent.type") if has_own else "",
        usage=None if kind is StepKind.TOOL_CALL else genai_usage(span),
        cost_usd=cost_of(span),
        error=error_of(span),
        tool=_mended(span, genai_tool(span), tool) if kind is StepKind.TOOL_CALL else None,
        model=_mended(span, genai_model(span), model) if kind is StepKind.MODEL_CALL else None,
        limits=limits_of(span) if kind is StepKind.AGENT_TURN else None,
        stop_reason=text(span, "loopwatch.stop.reason", "gen_ai.agent.finish_reason"),
        progress=number(span, "loopwatch.progress.score") if has_own else None,
        state_hash=text(span, "loopwatch.state.hash") if has_own else "",
        links=tuple(span.links()) if kind is StepKind.AGENT_TURN else (),
    )


_Call = TypeVar("_Call", ModelCall, ToolCall)


def _mended(span: Span, call: _Call, mend: Callable[[Span, _Call], _Call] | None) -> _Call:
    return call if mend is None else mend(span, call)


def kind_of(operation: str) -> StepKind:
    """The kind of step for a `gen_ai.operation.name`."""
    if operation in MODEL_OPERATIONS:
        return StepKind.MODEL_CALL
    if operation in TOOL_OPERATIONS:
        return StepKind.TOOL_CALL
    return StepKind.AGENT_TURN if operation in AGENT_OPERATIONS else StepKind.OTHER


def genai_usage(span: Span) -> Usage | None:
    """Tokens under the names of all three generations."""
    if not span.has_any(_USAGE):
        return None
    return usage_of(
        span,
        input_keys=("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        output_keys=("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        cache_read_keys=("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
        cache_write_keys=(
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
        ),
        reasoning_keys=("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    )


def cost_of(span: Span) -> float | None:
    """A cost in USD that the emitter computed itself; ours gives way to it."""
    if not span.has_any(_COST):
        return None
    if text(span, "gen_ai.usage.cost.currency") not in ("", "USD"):
        return None
    for key in _COSTS:
        if (cost := number(span, key)) is not None:
            return cost
    return None


def genai_model(span: Span, *, with_messages: bool = True) -> ModelCall:
    """What the official attributes say about a model call; its messages take most of the time."""
    outputs = parsed(span.get("gen_ai.output.messages"))
    return ModelCall(
        provider=text(span, "gen_ai.provider.name", "gen_ai.system"),
        request_model=text(span, "gen_ai.request.model"),
        response_model=text(span, "gen_ai.response.model"),
        response_id=text(span, "gen_ai.response.id"),
        finish_reason=finish_reason_of(span, "gen_ai.response.finish_reasons") or _finish_in(outputs),
        stream=genai_stream(span),
        conversation=genai_conversation(span, outputs) if with_messages else None,
        context_window_tokens=count(span, "loopwatch.context.window", "gen_ai.context.window_size"),
        compacted=span.get("gen_ai.conversation.compacted") is True,
    )


def _finish_in(outputs: Any) -> str:
    last = outputs[-1] if isinstance(outputs, list) and outputs else None
    return finish_reason(last.get("finish_reason")) if isinstance(last, dict) else ""


def genai_stream(span: Span) -> StreamTimings | None:
    """Stream timings where the span says that it streamed."""
    if not span.has_any(_STREAM):
        return None
    ttft_s = number(span, "gen_ai.response.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk")
    max_gap_s = number(span, "loopwatch.stream.max_gap")
    completed = span.get("loopwatch.stream.completed")
    if ttft_s is None and max_gap_s is None and span.get("gen_ai.request.stream") is not True:
        return None
    return StreamTimings(
        ttft_s=ttft_s,
        max_gap_s=max_gap_s,
        mean_gap_s=number(span, "gen_ai.client.operation.time_per_output_chunk") or None,
        chunks=count(span, "loopwatch.stream.chunks"),
        completed=completed if isinstance(completed, bool) else None,
    )


def genai_conversation(span: Span, outputs: Any) -> Conversation | None:
    """The messages in `gen_ai.input.messages` and the parsed *outputs*, else in the span's events."""
    inputs = span.get("gen_ai.input.messages")
    if inputs is None and outputs is None:
        return genai_logs.span_conversation(span)
    return messages.told(inputs, messages.from_json(outputs), messages.from_json)


def genai_tool(span: Span) -> ToolCall:
    """The call that an `execute_tool` span stands for."""
    return ToolCall(
        name=text(span, "gen_ai.tool.name") or span.name.removeprefix("execute_tool ").strip(),
        call_id=text(span, "gen_ai.tool.call.id"),
        arguments=arguments_of(span.get("gen_ai.tool.call.arguments")),
        result=result_of(span.get("gen_ai.tool.call.result")),
    )


def limits_of(span: Span) -> Limits | None:
    """The limits that the user set on this run, on its span."""
    if not span.has_any(_LIMITS):
        return None
    limits = Limits(
        max_usd=number(span, "loopwatch.budget.max_usd"),
        max_steps=count(span, "loopwatch.budget.max_steps", "gen_ai.agent.iteration_budget.limit"),
        max_tool_calls=count(span, "loopwatch.budget.max_tool_calls"),
        max_tokens=count(span, "loopwatch.budget.max_tokens", "gen_ai.agent.token_budget.limit"),
        max_seconds=number(span, "loopwatch.budget.max_seconds"),
    )
    return limits if limits != Limits() else None
