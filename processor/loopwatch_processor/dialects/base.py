"""What every dialect is."""

from __future__ import annotations

from typing import Protocol

from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step


class Dialect(Protocol):
    """How one family of instrumentation names things."""

    @property
    def name(self) -> str:
        """The name in docs and metrics, such as "openinference"."""

    def read(self, span: Span) -> Step | None:
        """The step that *span* tells of, or None: "not mine"."""
