"""pydantic-ai (and Logfire): official names; older versions and formats name agents and tool calls in their own way."""

from __future__ import annotations

from loopwatch_processor.conversation import Transcript
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.genai_logs import heard_of
from loopwatch_processor.dialects.reading import parsed, text, usage_of
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Conversation, ModelCall, Step, StepKind, ToolCall, Usage
from loopwatch_processor.values import replace

SCOPE = "pydantic-ai"
_KINDS = {"agent run": StepKind.AGENT_TURN, "running tool": StepKind.TOOL_CALL}
"""Span names of version 1, which does not name the operation except for model calls."""


class PydanticAi:
    """Spans of the scope `pydantic-ai`: recorded with 1.0 (formats 1 to 3) and 2.68 (formats 2 to 5)."""

    name = "pydantic_ai"

    def claims(self, look: Look) -> bool:
        """By scope."""
        return look.scope == SCOPE

    def read(self, span: Span) -> Step:
        """The step of a pydantic-ai span."""
        kind = None if span.has("gen_ai.operation.name") else _KINDS.get(span.name, StepKind.OTHER)
        step = read_genai(span, self.name, kind, model=_model, tool=_tool)
        if step.tool is not None or step.model is not None:
            return step
        usage = step.usage or (_run_usage(span) if step.kind is StepKind.AGENT_TURN else None)
        return replace(step, agent=step.agent or text(span, "agent_name"), usage=usage)


PYDANTIC_AI = PydanticAi()


def _tool(span: Span, tool: ToolCall) -> ToolCall:
    return replace(
        tool,
        arguments=tool.arguments if tool.arguments is not None else arguments_of(span.get("tool_arguments")),
        result=tool.result if tool.result is not None else result_of(span.get("tool_response")),
    )


def _model(span: Span, model: ModelCall) -> ModelCall:
    return model if model.conversation is not None else replace(model, conversation=_events(span))


def _events(span: Span) -> Conversation | None:
    """Format 1 writes the events of generation A into one attribute."""
    listed = parsed(span.get("events"))
    transcript = Transcript()
    for event in listed if isinstance(listed, list) else ():
        heard = heard_of(str(event.get("event.name")), event) if isinstance(event, dict) else None
        if heard is not None:
            transcript.hear(heard)
    return transcript.conversation()


def _run_usage(span: Span) -> Usage | None:
    return usage_of(
        span,
        input_keys=("gen_ai.aggregated_usage.input_tokens",),
        output_keys=("gen_ai.aggregated_usage.output_tokens",),
        cache_read_keys=("gen_ai.aggregated_usage.cache_read.input_tokens",),
        cache_write_keys=("gen_ai.aggregated_usage.cache_creation.input_tokens",),
    )
