"""OpenLIT: official names, stream timings under the server's metric names, and the requested call on the model call."""

from __future__ import annotations

from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.reading import number, text
from loopwatch_processor.dialects.stand_ins import tool_call
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Conversation, ModelCall, Step, StreamTimings, ToolCall
from loopwatch_processor.values import replace

SCOPE_PREFIX = "openlit"


class OpenLit:
    """Spans of the scopes `openlit.*` (SDK 1.45)."""

    name = "openlit"

    def claims(self, look: Look) -> bool:
        """By scope."""
        return look.scope.startswith(SCOPE_PREFIX)

    def read(self, span: Span) -> Step:
        """The step of an OpenLIT span."""
        step = read_genai(span, self.name, model=_model, tool=_tool)
        # It writes a cost of 0 where it does not know the model's price.
        return replace(step, cost_usd=None) if step.model is not None and step.cost_usd == 0 else step


OPENLIT = OpenLit()


def _model(span: Span, model: ModelCall) -> ModelCall:
    return replace(model, stream=_stream(span), conversation=_conversation(span, model.conversation))


def _stream(span: Span) -> StreamTimings | None:
    """Seconds; the timings of a call that was not streamed are its whole duration, so they tell nothing."""
    if span.get("gen_ai.request.stream") is not True:
        return None
    ttft_s = number(span, "gen_ai.server.time_to_first_token")
    return StreamTimings(ttft_s, mean_gap_s=number(span, "gen_ai.server.time_per_output_token") or None)


def _conversation(span: Span, conversation: Conversation | None) -> Conversation | None:
    """With the one call that the answer asks for, where the answer's messages do not tell of it."""
    name, call_id = text(span, "gen_ai.tool.name"), text(span, "gen_ai.tool.call.id")
    if conversation is None or conversation.requested or not name or "," in call_id:
        return conversation
    call = tool_call(name, call_id, span.get("gen_ai.tool.args"))
    return replace(conversation, requested=(call,))


def _tool(span: Span, tool: ToolCall) -> ToolCall:
    """Agent frameworks' tools have older names for the same."""
    given = next((span.get(key) for key in ("gen_ai.tool.args", "gen_ai.tool.input") if span.has(key)), None)
    return replace(
        tool,
        arguments=tool.arguments if tool.arguments is not None else arguments_of(given),
        result=tool.result if tool.result is not None else result_of(span.get("gen_ai.tool.output")),
    )
