"""What every dialect is."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step


class Look(NamedTuple):
    """What tells the dialect of a span, and is the same on very many."""

    scope: str
    """The name of its instrumentation scope."""
    names: frozenset[str]
    """Those of its attributes."""


class Dialect(Protocol):
    """How one family of instrumentation names things."""

    @property
    def name(self) -> str:
        """The name in docs and metrics, such as "openinference"."""

    def claims(self, look: Look) -> bool:
        """Whether spans that look like this may be its own. Asked once for each *look*, so nothing else may decide."""

    def read(self, span: Span) -> Step | None:
        """The step that *span*, which it claims, tells of, or None: "not mine" after all."""
