"""`Episode`: how long a loop has been going on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_COUNTED = 256
"""More repetitions than any threshold asks for; a loop may go on for days."""


@dataclass(slots=True)
class Episode:
    """A loop while it goes on."""

    pattern: str = ""
    """The pattern that showed it last."""
    speaker: str = ""
    """Of an exchange between agents, the one that it was noticed at."""
    told: set[str] = field(default_factory=set)
    """Span ids that the warning was about. They are seen again when their run becomes known, and are no repetition."""
    counted: set[str] = field(default_factory=set)
    """Span ids of its repetitions since the warning."""
    quiet: int = 0
    """Tool calls since the last repetition."""

    @property
    def repeats(self) -> int:
        """Repetitions after those that it was noticed by."""
        return len(self.counted)

    def repeat(self, span_id: str, among: Iterable[str]) -> None:
        """Count *span_id*, the newest of the spans that repeat each other *among* which it is; each counts once."""
        self.told = self.told or {*among}
        if span_id not in self.told and len(self.counted) < MAX_COUNTED:
            self.counted.add(span_id)
        self.quiet = 0

    def postpone(self) -> None:
        """Count from here on: what was counted is known to somebody who stepped in."""
        self.told |= self.counted
        self.counted.clear()
