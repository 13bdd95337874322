"""`Match`: one sub-pattern seen at the end of an agent's window."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.results import Outcome
from loopwatch_processor.session import WINDOW_STEPS

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

        Who asks for the time over and over, without a minute between and twice as often as `waiting_calls`, or as often
        as a window holds, waits.
        """
        if self.is_new_each_time:
            return len(self.calls) < min(2 * waiting_calls, WINDOW_STEPS) or any(
                later.start_ns - earlier.end_ns >= _WHILE_NS for earlier, later in pairwise(self.calls)
            )
        return self.counts_down

    @property
    def is_new_each_time(self) -> bool:
        """Whether it is one call that asks for a time or an id again and again, and most answers are new.

        What is masked in others is what these tell.
        """
        newest = self.calls[-1]
        if not _is_told_what_is_new(newest):
            return False
        if not all(newest.same_call(call) and _is_told_what_is_new(call) for call in self.calls):
            return False
        return 2 * len({call.outcome.said for call in self.calls}) > len(self.calls)

    @property
    def counts_down(self) -> bool:
        """Whether one call comes again and again in it, and what it is told falls each time: a time that is left."""
        looks: dict[tuple[str, str], list[Call]] = {}
        for call in self.calls:
            looks.setdefault((call.tool, call.key), []).append(call)
        return any(Outcome.count_down([call.outcome for call in same]) for same in looks.values())


def _is_told_what_is_new(call: Call) -> bool:
    """Whether it is answered by a time, or by an id where it only reads: an id as the answer to a deed is a receipt."""
    if not call.outcome.is_moment_or_id:
        return False
    return call.only_reads or (call.outcome.is_moment and not call.is_mutating)
