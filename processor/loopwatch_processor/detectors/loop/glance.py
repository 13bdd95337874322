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
    FAILED = 4
    """Failed, if the newest did."""
    FAILED_ALIKE = 5
    """As these, if the newest is no code; else in a row, or with the same arguments but for digits, or answer."""
    NUMBERED = 6
    """Of the same tool and with the same arguments but for digits, without a break, if there are any."""
    PROSE = 7
    """Of the same tool and maybe prose, if the newest is prose, and they are enough lately or in all."""
    SPELLED = 8
    """With the same digits and rare letters lately, unless the newest is code."""


@dataclass(slots=True)
class Window:
    """Calls, oldest first, with the marks that a glance compares: side by side, since lists count fast."""

    calls: list[Call] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    gists: list[bytes] = field(default_factory=list)

    def append(self, call: Call) -> None:
        self.calls.append(call)
        self.tools.append(call.tool)
        self.keys.append(call.key)
        self.gists.append(call.gist)

    def drop(self, count: int) -> None:
        """Forget the oldest *count* calls."""
        del self.calls[:count], self.tools[:count], self.keys[:count], self.gists[:count]


def glance(window: Window, settings: LoopSettings) -> tuple[int, ...]:
    """For each `Count` how many there are, by marks that take no reading of arguments and results.

    Most calls are like none before them, so that no rule is left to ask: half of all tool calls take a quarter of
    the time or less that asking every rule takes.
    """
    keys, gists = window.keys, window.gists
    newest = window.calls[-1]
    alike = gists.count(gists[-1])
    same = keys.count(keys[-1]) if keys[-1] else 0
    in_a_row, in_rounds = _runs(keys, settings.cycle_max_period) if same > 1 else (same, same)
    in_any_order = same if same >= settings.rounds and _all_come_back(keys, settings.rounds) else 0
    failed, failed_alike = _failed(window.calls, settings) if newest.outcome.fails else (0, 0)
    numbered = _numbered(window) if alike > 1 and newest.has_numbers else 0
    lately = window.tools[-settings.rephrased_window :].count(newest.tool)
    prose = _prose(window, settings) if window.tools.count(newest.tool) > 1 and newest.may_be_prose else 0
    spelled = _spelled(window, settings) if lately >= settings.reworded_calls else 0
    return same, in_a_row, in_rounds, in_any_order, failed, failed_alike, numbered, prose, spelled


def _runs(keys: Sequence[str], longest_period: int) -> tuple[int, int]:
    return _run(keys, 1), max(_run(keys, period) for period in range(2, longest_period + 1))


def _run(keys: Sequence[str], period: int) -> int:
    """How many keys are the last one, counted from the end in steps of *period*, until one is another."""
    places = range(len(keys) - 1, -1, -period)
    return next((count for count, place in enumerate(places) if keys[place] != keys[-1]), len(places))


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


def _failed(calls: Sequence[Call], settings: LoopSettings) -> tuple[int, int]:
    newest, failed = calls[-1], [call for call in calls if call.outcome.fails]
    count = len(failed)
    if count < min(settings.same_error_unlike_calls, settings.transient_failing_calls):
        return count, count
    if newest.kind is not ToolArgumentsClass.CODE:
        return count, count
    gist, key = newest.gist, newest.outcome.key
    in_a_row = next((at for at, call in enumerate(reversed(calls)) if not call.outcome.fails), len(calls))
    return count, max(in_a_row, len([1 for call in failed if call.gist == gist or call.outcome.key == key]))


def _prose(window: Window, settings: LoopSettings) -> int:
    newest = window.calls[-1]
    maybe = [call.tool == newest.tool and call.may_be_prose for call in window.calls]
    count = maybe.count(True)
    is_asked = maybe[-settings.rephrased_window :].count(True) >= settings.rephrased_calls
    if is_asked or count >= settings.rewritten_calls:
        return count if newest.kind is ToolArgumentsClass.PROSE else 0
    return 0


def _numbered(window: Window) -> int:
    tool, gist = window.tools[-1], window.gists[-1]
    mine = [other for name, other in zip(window.tools, window.gists, strict=True) if name == tool]
    return next((count for count, other in enumerate(reversed(mine)) if other != gist), len(mine))


def _spelled(window: Window, settings: LoopSettings) -> int:
    newest = window.calls[-1]
    if newest.is_plain_code:
        return 0
    marks = [call.marks for call in window.calls[-settings.rephrased_window :]]
    found = marks.count(newest.marks) + marks.count(UNKNOWN_MARKS)
    if newest.marks == UNKNOWN_MARKS:
        found = len(marks)
    return 0 if found >= settings.reworded_calls and newest.kind is ToolArgumentsClass.CODE else found
