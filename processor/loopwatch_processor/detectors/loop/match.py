"""`Match`: one sub-pattern seen at the end of an agent's window."""

from __future__ import annotations

from dataclasses import dataclass

from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.results import Outcome


@dataclass(frozen=True, slots=True)
class Match:
    """The calls that repeat each other, oldest first, the newest of the window last."""

    pattern: str
    calls: tuple[Call, ...]
    similarity: float = 1.0
    """How alike they are, in [0, 1]."""

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that take part, each once, in order."""
        return tuple(dict.fromkeys([call.tool for call in self.calls]))

    @property
    def subject(self) -> str:
        """What is repeated: matches of one subject are one loop, whatever pattern shows it."""
        return "\0".join(sorted(self.tools))

    @property
    def counts_down(self) -> bool:
        """Whether one call comes again and again in it, and what it is told falls each time: a time that is left."""
        looks: dict[tuple[str, str], list[Call]] = {}
        for call in self.calls:
            looks.setdefault((call.tool, call.key), []).append(call)
        return any(Outcome.count_down([call.outcome for call in same]) for same in looks.values())
