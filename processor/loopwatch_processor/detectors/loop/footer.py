"""A last line that a gateway or a sandbox puts below every answer: meters, counters, a notice.

It is learned per agent, from different calls that are all answered with it. While it lasts it is no part of an answer.
"""

from __future__ import annotations

from typing import Final

from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.noise import values_in, without_values, words_in

_CALLS: Final = 2
"""Different ones, after the first that ends so."""
_METERS: Final = 3
_WORDS: Final = 8
"""Our own choice. Where one tool makes all calls, as a shell does, a short line may be the sum of a test run."""


class Footer:
    """The line, once it is known; what is needed to know it before."""

    __slots__ = ("_calls", "_frame", "_spaces", "_tools", "is_known", "line")

    def __init__(self) -> None:
        self._begin("", 0)

    def _begin(self, line: str, spaces: int) -> None:
        self.line, self._spaces, self._frame = line, spaces, ""
        self._calls: tuple[str, ...] = ()  # few, of few agents: no set for nothing
        self._tools: tuple[str, ...] = ()
        self.is_known = False

    def note(self, call: Call) -> bool:
        """Count the last line of the answer to *call*; say whether that makes the line known."""
        line = call.outcome.last_line
        if not line:
            if self.line and call.outcome.is_known and not call.outcome.fails:
                self._begin("", 0)
            return False
        spaces = line.count(" ")
        if spaces != self._spaces or not self._is_again(line):  # most are not: to read them takes ten times as long
            self._begin(line, spaces)
            return False
        return not self.is_known and self._count(call)

    def ends(self, call: Call) -> bool:
        """Whether the answer to *call* ends in the line."""
        line = call.outcome.last_line
        return self.is_known and bool(line) and self._is_again(line)

    def _is_again(self, line: str) -> bool:
        self._frame = self._frame or without_values(self.line)
        return without_values(line) == self._frame

    def _count(self, call: Call) -> bool:
        self._calls = (*self._calls, call.key) if call.key not in self._calls else self._calls
        self._tools = (*self._tools, call.tool) if call.tool not in self._tools else self._tools
        if len(self._calls) < _CALLS:
            return False
        self.is_known = len(self._tools) > 1 or (
            len(values_in(self.line)) >= _METERS and len(words_in(self.line)) >= _WORDS
        )
        if not self.is_known:
            self._begin(self.line, self._spaces)
        return self.is_known
