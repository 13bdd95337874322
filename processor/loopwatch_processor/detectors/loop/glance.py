"""What a glance at the window tells: which rules can show anything at all for the newest call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from loopwatch.attributes import ToolArgumentsClass
from loopwatch_processor.detectors.loop.calls import UNKNOWN_MARKS, Call
from loopwatch_processor.detectors.loop.settings import LoopSettings


class Count(IntEnum):
    """What is counted: calls of the window that a rule may find, the newest one included, never too few."""

    SAME = 0
    """With the key of the newest."""
    IN_A_ROW = 1
    """With that key, without a break."""
    IN_ROUNDS = 2
    """With that key, at every second to last place of a cycle."""
    IN_ANY_ORDER = 3
    """With that key, if all calls since some call came back as often as `rounds` asks for; else none."""
    REJECTED = 4
    """Failed, if the newest was rejected."""
    FAILED_ALIKE = 5
    """Of the same tool and failed, if the newest did; if it is code, in a row, or with its answer or gist."""
    NUMBERED = 6
    """Of the same tool and with the same arguments but for digits, without a break, if there are any."""
    PROSE = 7
    """Of the same tool and maybe prose lately, or else without another tool between, if the newest is prose."""
    SPELLED = 8
    """With the same digits and rare letters lately, unless the newest is code."""


@dataclass(slots=True)
class Window:
    """Calls, oldest first, with the marks that a glance compares: side by side, since lists count fast."""

    calls: list[Call] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    gists: list[bytes] = field(default_factory=list)
    failed: list[bool] = field(default_factory=list)

    def append(self, call: Call) -> None:
        self.calls.append(call)
        self.tools.append(call.tool)
        self.keys.append(call.key)
        self.gists.append(call.gist)
        self.failed.append(call.outcome.fails)

    def drop(self, count: int) -> None:
        """Forget the oldest *count* calls."""
        for marks in (self.calls, self.tools, self.keys, self.gists, self.failed):
            del marks[:count]


def glance(window: Window, settings: LoopSettings, least: Sequence[int]) -> tuple[int, ...]:
    """For each `Count` how many there are, by marks that take no reading of arguments and results.

    What is cheap to count goes first, and what it leaves no room for (below *least*, the fewest of each `Count` that
    any rule asks for) is not counted. Most calls are like none before them, so that no rule is left to ask: then a
    glance is all that they take.
    """
    keys = window.keys
    newest = window.calls[-1]
    same = keys.count(keys[-1]) if keys[-1] else 0
    in_a_row = _run(keys, 1) if same >= least[Count.IN_A_ROW] else 0
    in_rounds = _rounds(keys, settings.cycle_max_period) if same >= least[Count.IN_ROUNDS] else 0
    come_back = same >= least[Count.IN_ANY_ORDER] and _all_come_back(keys, settings.rounds)
    failed, failed_alike = _failed(window, least) if window.failed[-1] else (0, 0)
    alike = window.gists.count(window.gists[-1])
    numbered = _numbered(window) if alike >= least[Count.NUMBERED] and newest.has_numbers else 0
    prose, spelled = _in_words(window, settings)
    return same, in_a_row, in_rounds, same if come_back else 0, failed, failed_alike, numbered, prose, spelled


def _run(keys: Sequence[object], period: int) -> int:
    """How many keys are the last one, counted from the end in steps of *period*, until one is another."""
    last, count, place = keys[-1], 1, len(keys) - 1 - period
    while place >= 0 and keys[place] == last:
        count += 1
        place -= period
    return count


def _rounds(keys: Sequence[str], longest_period: int) -> int:
    return max(_run(keys, period) for period in range(2, longest_period + 1))


def _all_come_back(keys: Sequence[str], times: int) -> bool:
    """Whether there is a call since which each key was there so many times, two of them at least in all."""
    seen: dict[str, int] = {}
    wanting = 0
    for length, key in enumerate(reversed(keys), 1):
        count = seen[key] = seen.get(key, 0) + 1
        wanting += (count == 1) - (count == times)
        if not wanting and length >= 2 * times:
            return True
    return False


def _failed(window: Window, least: Sequence[int]) -> tuple[int, int]:
    newest, tool = window.calls[-1], window.tools[-1]
    failed = [call for call, fails in zip(window.calls, window.failed, strict=True) if fails]
    rejected = len(failed) if len(failed) >= least[Count.REJECTED] and newest.outcome.is_rejection else 0
    mine = [call for call in failed if call.tool == tool]
    if len(mine) >= least[Count.FAILED_ALIKE] and newest.kind is ToolArgumentsClass.CODE:
        alike = [1 for call in mine if call.gist == newest.gist or call.outcome.same_as(newest.outcome)]
        return rejected, max(len(alike), _run(window.failed, 1))
    return rejected, len(mine)


def _in_words(window: Window, settings: LoopSettings) -> tuple[int, int]:
    newest, tools, tool = window.calls[-1], window.tools, window.tools[-1]
    lately = tools[-settings.rephrased_window :].count(tool)
    is_row = tools[-settings.rewritten_calls :].count(tool) >= settings.rewritten_calls
    may_be_asked = lately >= settings.rephrased_calls or is_row
    if not (may_be_asked or lately >= settings.reworded_calls) or newest.is_plain_code:
        return 0, 0
    spelled = _spelled(window, settings) if lately >= settings.reworded_calls else 0
    return _prose(window, settings, is_row) if may_be_asked and newest.may_be_prose else 0, spelled


def _prose(window: Window, settings: LoopSettings, is_row: bool) -> int:
    newest = window.calls[-1]
    calls = window.calls if is_row else window.calls[-settings.rephrased_window :]
    maybe = [call.tool == newest.tool and call.may_be_prose for call in calls]
    count = maybe.count(True)
    is_asked = maybe[-settings.rephrased_window :].count(True) >= settings.rephrased_calls
    if is_asked or (is_row and count >= settings.rewritten_calls):
        return count if newest.kind is ToolArgumentsClass.PROSE else 0
    return 0


def _spelled(window: Window, settings: LoopSettings) -> int:
    newest = window.calls[-1]
    if newest.is_command and not (newest.may_be_prose and newest.kind is ToolArgumentsClass.PROSE):
        return 0  # in half of the time that the marks of all these calls take
    mine = [call for call in window.calls[-settings.rephrased_window :] if call.tool == newest.tool]
    if newest.digits != UNKNOWN_MARKS:
        mine = [call for call in mine if call.digits in (newest.digits, UNKNOWN_MARKS)]
    if len(mine) < settings.reworded_calls:
        return 0
    if newest.marks != UNKNOWN_MARKS:
        mine = [call for call in mine if call.marks in (newest.marks, UNKNOWN_MARKS)]
    found = len(mine)
    return found if found >= settings.reworded_calls and newest.kind is not ToolArgumentsClass.CODE else 0


def _numbered(window: Window) -> int:
    tool, gist = window.tools[-1], window.gists[-1]
    mine = [other for name, other in zip(window.tools, window.gists, strict=True) if name == tool]
    return next((count for count, other in enumerate(reversed(mine)) if other != gist), len(mine))
