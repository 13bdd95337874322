"""Vercel's AI SDK in its own words, `ai.*`: AI SDK 5 and before, and version 7 with the legacy integration.

`ai.generateText.doGenerate` and `ai.streamText.doStream` are the model calls. The usage of the spans around them is
the last step's in version 5 and the sum in version 7, so it is not read.
"""

from __future__ import annotations

from typing import Any

from loopwatch_processor.dialects import chat_json, messages
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.reading import error_of, finish_reason_of, number, parsed, step_of, text, usage_of
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Conversation, ModelCall, Step, StepKind, StreamTimings, ToolCall, Usage

_MODEL_ENDINGS = (".doGenerate", ".doStream")
_TURNS = frozenset({"ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject"})


class VercelLegacy:
    """Spans with `ai.operationId`."""

    name = "vercel_legacy"

    def claims(self, look: Look) -> bool:
        """By attribute."""
        return "ai.operationId" in look.names

    def read(self, span: Span) -> Step | None:
        """The step of a span of the AI SDK, or None: "not mine"."""
        operation = text(span, "ai.operationId")
        if not operation:
            return None
        kind = _kind(operation)
        return step_of(
            span,
            self.name,
            kind,
            session_id_of(span),
            agent=text(span, "ai.telemetry.functionId", "resource.name"),
            usage=_usage(span) if kind is StepKind.MODEL_CALL else None,
            error=error_of(span),
            tool=_tool(span) if kind is StepKind.TOOL_CALL else None,
            model=_model(span) if kind is StepKind.MODEL_CALL else None,
        )


VERCEL_LEGACY = VercelLegacy()


def _kind(operation: str) -> StepKind:
    if operation.endswith(_MODEL_ENDINGS):
        return StepKind.MODEL_CALL
    if operation == "ai.toolCall":
        return StepKind.TOOL_CALL
    return StepKind.AGENT_TURN if operation in _TURNS else StepKind.OTHER


def _usage(span: Span) -> Usage | None:
    return usage_of(
        span,
        input_keys=("ai.usage.inputTokens", "ai.usage.promptTokens", "gen_ai.usage.input_tokens"),
        output_keys=("ai.usage.outputTokens", "ai.usage.completionTokens", "gen_ai.usage.output_tokens"),
        cache_read_keys=("ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"),
        cache_write_keys=("ai.usage.inputTokenDetails.cacheWriteTokens",),
        reasoning_keys=("ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens"),
    )


def _tool(span: Span) -> ToolCall:
    return ToolCall(
        name=text(span, "ai.toolCall.name"),
        call_id=text(span, "ai.toolCall.id"),
        arguments=arguments_of(span.get("ai.toolCall.args")),
        result=result_of(span.get("ai.toolCall.result")),
    )


def _model(span: Span) -> ModelCall:
    return ModelCall(
        provider=text(span, "gen_ai.system", "ai.model.provider"),
        request_model=text(span, "ai.model.id", "gen_ai.request.model"),
        response_model=text(span, "ai.response.model", "gen_ai.response.model"),
        response_id=text(span, "ai.response.id", "gen_ai.response.id"),
        finish_reason=finish_reason_of(span, "ai.response.finishReason"),
        stream=_stream(span),
        conversation=_conversation(span),
    )


def _stream(span: Span) -> StreamTimings | None:
    ttft_ms = number(span, "ai.response.msToFirstChunk", "ai.stream.msToFirstChunk")
    if ttft_ms is None:
        return StreamTimings() if text(span, "ai.operationId").endswith(".doStream") else None
    return StreamTimings(ttft_s=ttft_ms / 1e3)


def _conversation(span: Span) -> Conversation | None:
    answer: list[Any] = []
    if said := text(span, "ai.response.text", "ai.response.object"):
        answer.append({"type": "text", "text": said})
    if isinstance(calls := parsed(span.get("ai.response.toolCalls")), list):
        answer += [{**call, "type": "tool-call"} for call in calls if isinstance(call, dict)]
    outputs = messages.from_json([{"role": "assistant", "content": answer}]) if answer else []
    return messages.told(span.get("ai.prompt.messages"), outputs, chat_json.request)
