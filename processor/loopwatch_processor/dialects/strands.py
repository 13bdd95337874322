"""Strands Agents: official names, with messages, arguments and results in span events, and milliseconds."""

from __future__ import annotations

from loopwatch_processor.attributes import Value
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.genai_logs import CHOICE, DETAILS
from loopwatch_processor.dialects.reading import failure, finish_reason, number, parsed, text
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import ErrorInfo, ModelCall, Step, StreamTimings, ToolCall
from loopwatch_processor.values import replace

SCOPE = "strands.telemetry.tracer"
_OWN_NAME = "strands-agents"
_WHOLE_CALL_RATIO = 0.9


class Strands:
    """Spans of the scope `strands.telemetry.tracer`; recorded with 1.62."""

    name = "strands"

    def claims(self, look: Look) -> bool:
        """By scope."""
        return look.scope == SCOPE

    def read(self, span: Span) -> Step:
        """The step of a Strands span."""
        step = read_genai(span, self.name, model=_model, tool=_tool)
        if step.tool is None or step.error is not None:
            return step
        error = _error(span, step.tool)
        return step if error is None else replace(step, error=error)


STRANDS = Strands()


def _model(span: Span, model: ModelCall) -> ModelCall:
    finish = model.finish_reason or finish_reason(_event_value(span, CHOICE, "finish_reason")) or _latest_finish(span)
    return replace(
        model,
        provider="" if model.provider == _OWN_NAME else model.provider,
        finish_reason=finish,
        stream=_stream(span, finish) or model.stream,
    )


def _latest_finish(span: Span) -> str:
    """Under the latest opt-in the reason is inside the messages."""
    outputs = parsed(_event_value(span, DETAILS, "gen_ai.output.messages"))
    last = outputs[-1] if isinstance(outputs, list) and outputs else None
    return finish_reason(last.get("finish_reason")) if isinstance(last, dict) else ""


def _stream(span: Span, finish: str) -> StreamTimings | None:
    """Time to first token in seconds; for a call of a tool it is the whole call's time, which says nothing."""
    ttft_ms = number(span, "gen_ai.server.time_to_first_token")
    if ttft_ms is None:
        return None
    if finish == "tool_call" and ttft_ms / 1000 >= _WHOLE_CALL_RATIO * (span.end_ns - span.start_ns) / 1e9:
        return StreamTimings()
    return StreamTimings(ttft_s=ttft_ms / 1000)


def _tool(span: Span, tool: ToolCall) -> ToolCall:
    arguments = _event_value(span, "gen_ai.tool.message", "content")
    result = _event_value(span, CHOICE, "message")
    return replace(
        tool,
        arguments=arguments_of(arguments) if tool.arguments is None else tool.arguments,
        result=result_of(result) if tool.result is None else tool.result,
    )


def _error(span: Span, tool: ToolCall) -> ErrorInfo | None:
    """A tool that raised answers with an error, and its span stays OK."""
    if text(span, "gen_ai.tool.status") != "error":
        return None
    return failure(span, "tool_error", tool.result or "")


def _event_value(span: Span, event_name: str, key: str) -> Value:
    values = (event.attributes.get(key) for event in span.events() if event.name == event_name)
    return next((value for value in values if value is not None), None)
