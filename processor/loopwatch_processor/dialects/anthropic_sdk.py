"""The Anthropic SDK's own spans (2.11): official names of the unreleased generation, some values under its own."""

from __future__ import annotations

from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.reading import finish_reason
from loopwatch_processor.dialects.wrappers import result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import ModelCall, Step, ToolCall
from loopwatch_processor.values import replace

SCOPE_PREFIX = "com.anthropic.sdk."


class AnthropicSdk:
    """Spans of the scopes `com.anthropic.sdk.*`."""

    name = "anthropic_sdk"

    def claims(self, look: Look) -> bool:
        """By scope."""
        return look.scope.startswith(SCOPE_PREFIX)

    def read(self, span: Span) -> Step:
        """The step of a span of the SDK."""
        return read_genai(span, self.name, model=_model, tool=_tool)


ANTHROPIC_SDK = AnthropicSdk()


def _model(span: Span, model: ModelCall) -> ModelCall:
    if model.finish_reason:
        return model
    return replace(model, finish_reason=finish_reason(span.get("anthropic.message.stop_reason")))


def _tool(span: Span, tool: ToolCall) -> ToolCall:
    if tool.result is not None:
        return tool
    return replace(tool, result=result_of(span.get("anthropic.tool_result.content")))
