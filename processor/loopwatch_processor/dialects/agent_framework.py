"""Microsoft Agent Framework: official names; the spans of its workflows are structure."""

from __future__ import annotations

from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import ModelCall, Step
from loopwatch_processor.values import replace

SCOPE = "agent_framework"
_OWN_NAME = "microsoft.agent_framework"


class AgentFramework:
    """Spans of the scope `agent_framework`; its log records repeat the messages of its spans."""

    name = "agent_framework"

    def claims(self, look: Look) -> bool:
        """By scope."""
        return look.scope == SCOPE

    def read(self, span: Span) -> Step:
        """The step of an Agent Framework span."""
        return read_genai(span, self.name, model=_model)


AGENT_FRAMEWORK = AgentFramework()


def _model(_span: Span, model: ModelCall) -> ModelCall:
    return replace(model, provider="") if model.provider == _OWN_NAME else model
