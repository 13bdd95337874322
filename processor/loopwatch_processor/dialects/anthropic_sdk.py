"""The Anthropic SDK's own spans (2.11): official names of the unreleased generation, some values under its own."""

from __future__ import annotations

from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.reading import finish_reason, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step
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
        step = read_genai(span, self.name)
        if step.model is not None and not step.model.finish_reason:
            reason = finish_reason(span.get("anthropic.message.stop_reason"))
            return replace(step, model=replace(step.model, finish_reason=reason))
        if step.tool is not None and step.tool.result is None:
            result = result_of(span.get("anthropic.tool_result.content"))
            return replace(step, tool=replace(step.tool, result=result))
        return step


ANTHROPIC_SDK = AnthropicSdk()
