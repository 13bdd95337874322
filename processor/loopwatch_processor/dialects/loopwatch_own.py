"""The spans of our own helpers: official names, and ours on top, which every dialect of the family reads."""

from __future__ import annotations

from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step

SCOPE = "loopwatch"


class Loopwatch:
    """Spans of the scope `loopwatch`."""

    name = "loopwatch"

    def read(self, span: Span) -> Step | None:
        """The step of a helper's span, or None: "not mine"."""
        return read_genai(span, self.name) if span.source.scope == SCOPE else None


LOOPWATCH = Loopwatch()
