"""Vercel's AI SDK 7 with @ai-sdk/otel: official names (its own are in vercel_legacy)."""

from __future__ import annotations

from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step

SCOPE = "gen_ai"


class Vercel:
    """Spans of the scope `gen_ai`; the agent's name is the functionId, its steps are structure."""

    name = "vercel"

    def claims(self, look: Look) -> bool:
        """By scope, and only where it speaks the official names."""
        return look.scope == SCOPE and "gen_ai.operation.name" in look.names

    def read(self, span: Span) -> Step:
        """The step of an AI SDK span."""
        return read_genai(span, self.name)


VERCEL = Vercel()
