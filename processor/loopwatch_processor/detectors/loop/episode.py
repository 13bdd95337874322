"""`Episode`: how long a loop has been going on."""

from __future__ import annotations

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
    counted: set[str] = field(default_factory=set)
    """Span ids of its repetitions since the warning."""
    quiet: int = 0
    """Tool calls since the last repetition."""

    @property
    def repeats(self) -> int:
        """Repetitions after the one that it was noticed by."""
        return max(0, len(self.counted) - 1)

    def repeat(self, span_id: str) -> None:
        """Count one repetition; the same span counts once."""
        if len(self.counted) < MAX_COUNTED:
            self.counted.add(span_id)
        self.quiet = 0
