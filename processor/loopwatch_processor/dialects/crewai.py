"""CrewAI's own telemetry (1.15): official names, with a hash as the agent's name."""

from __future__ import annotations

from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.reading import text
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step, StepKind
from loopwatch_processor.values import replace

SCOPE = "crewai"
_FAILURE = "tool failure"
"""An instant span beside the failed call's own, so it is no second call."""


class CrewAi:
    """Spans of the scope `crewai`."""

    name = "crewai"

    def claims(self, look: Look) -> bool:
        """By scope."""
        return look.scope == SCOPE

    def read(self, span: Span) -> Step:
        """The step of a CrewAI span."""
        step = read_genai(span, self.name, StepKind.OTHER if span.name == _FAILURE else None)
        role = text(span, "crewai.agent.role")
        return replace(step, agent=role) if role else step


CREWAI = CrewAi()
