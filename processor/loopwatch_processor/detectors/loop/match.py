"""`Match`: one sub-pattern seen at the end of an agent's window."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.results import Outcome

_WHILE_NS: Final = 60_000_000_000
"""Our own choice: a minute."""


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

    def is_watch(self, waiting_calls: int) -> bool:
        """Whether it is a look at what moves by itself, a countdown or a clock, as long as it is no wait.

        Who asks for the time over and over, without a minute between and twice as often as `waiting_calls`, waits.
        """
        if self.is_new_each_time:
            return len(self.calls) < 2 * waiting_calls or any(
                later.start_ns - earlier.end_ns >= _WHILE_NS for earlier, later in pairwise(self.calls)
            )
        return self.counts_down

    @property
    def is_new_each_time(self) -> bool:
        """Whether all that its calls do is to ask for a time or an id, and most answers are new: what is masked in
        others is what they tell. An id as the answer to a deed is a receipt.
        """
        if not self.calls[-1].outcome.is_moment_or_id:
            return False
        answers = {call.outcome.said for call in self.calls}
        if 2 * len(answers) <= len(self.calls):
            return False
        return all(call.outcome.is_moment_or_id and not call.is_mutating for call in self.calls)

    @property
    def counts_down(self) -> bool:
        """Whether one call comes again and again in it, and what it is told falls each time: a time that is left."""
        looks: dict[tuple[str, str], list[Call]] = {}
        for call in self.calls:
            looks.setdefault((call.tool, call.key), []).append(call)
        return any(Outcome.count_down([call.outcome for call in same]) for same in looks.values())
