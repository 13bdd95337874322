"""Vercel's AI SDK 7 with @ai-sdk/otel: official names (its own are in vercel_legacy)."""

from __future__ import annotations

from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step

SCOPE = "gen_ai"


class Vercel:
    """Spans of the scope `gen_ai`; the agent's name is the functionId, its steps are structure."""

    name = "vercel"

    def read(self, span: Span) -> Step | None:
        """The step of an AI SDK span, or None: "not mine"."""
        is_mine = span.source.scope == SCOPE and span.has("gen_ai.operation.name")
        return read_genai(span, self.name) if is_mine else None


VERCEL = Vercel()
