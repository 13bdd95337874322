"""What every dialect is."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, Protocol, TypeVar

from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Step

_KNOWN_MAX = 4_096
_NAMES_MAX = 64
"""More are a history that grows: its next call has others."""
_CHARS_MAX = 4_096
"""In all of them; those of recorded spans have 1,600 at most."""

_Names = TypeVar("_Names", bound=Collection[str])
_Found = TypeVar("_Found")


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


def remember(known: dict[tuple[str, _Names], _Found], beside: str, names: _Names, found: _Found) -> None:
    """Keep in *known* what was *found* for *names* and what stands *beside* them, unless they are many or long."""
    if len(names) <= _NAMES_MAX and len(beside) + sum(map(len, names)) <= _CHARS_MAX:
        if len(known) >= _KNOWN_MAX:
            known.clear()
        known[beside, names] = found
