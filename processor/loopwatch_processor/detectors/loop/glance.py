"""What a glance at the window tells: which rules can show anything at all for the newest call."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from loopwatch_processor.detectors.loop.calls import CODE, PROSE, UNKNOWN_MARKS, Call
from loopwatch_processor.detectors.loop.same_answer import TELLING_CHARS, WINDOW
from loopwatch_processor.detectors.loop.settings import LoopSettings

_ECHO_CHARS: Final = 64
"""By how much two answers differ at most that repeat what they were asked: our own choice."""


_FEWEST_IN_ANY_ORDER: Final = 6
"""Three calls, twice each."""
_FEW_CALLS: Final = 6
"""So many are compared as fast as they are counted, and two dictionaries take 360 bytes."""


class Count(IntEnum):
    """What is counted: calls of the window that a rule may find, the newest one included, never too few."""

    SAME = 0
    """With the key of the newest."""
    IN_A_ROW = 1
    """With that key, without a break."""
    IN_ROUNDS = 2
    """With that key, at every second to last place of a cycle."""
    IN_ANY_ORDER = 3
    """With that key, if all calls since some call came back; else none."""
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
    ANSWERED = 9
    """Of the same tool lately, with answers of about the same length."""


class Window:
    """Calls, oldest first, with the marks that a glance compares: counted as they come and go."""

    __slots__ = ("_gist_counts", "_in_a_row", "_key_counts", "calls", "sizes", "tools")

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.tools: list[str] = []
        self.sizes: list[int] = []
        """How long each answer is."""
        self._key_counts: dict[str, int] | None = None
        """How many calls have a key. To compare many takes three times as long as to keep this."""
        self._gist_counts: dict[bytes, int] | None = None
        self._in_a_row = 0

    def append(self, call: Call) -> None:
        tool, key, gist, tools = call.tool, call.key, call.gist, self.tools
        self._in_a_row = self._in_a_row + 1 if tools and tools[-1] == tool else 1
        self.calls.append(call)
        tools.append(tool)
        self.sizes.append(call.outcome.size)
        keys, gists = self._key_counts, self._gist_counts
        if keys is not None and gists is not None:
            keys[key] = keys.get(key, 0) + 1
            gists[gist] = gists.get(gist, 0) + 1
        elif len(tools) > _FEW_CALLS:
            self._key_counts, self._gist_counts = {}, {}
            for other in self.calls:
                self._key_counts[other.key] = self._key_counts.get(other.key, 0) + 1
                self._gist_counts[other.gist] = self._gist_counts.get(other.gist, 0) + 1

    def drop_oldest(self) -> None:
        """Forget the oldest call."""
        call = self.calls.pop(0)
        del self.tools[0], self.sizes[0]
        keys, gists = self._key_counts, self._gist_counts
        if keys is None or gists is None:
            return
        left = keys[call.key] = keys[call.key] - 1
        if not left:
            del keys[call.key]
        left = gists[call.gist] = gists[call.gist] - 1
        if not left:
            del gists[call.gist]

    def with_key(self, key: str) -> int:
        """How many calls have *key*."""
        if self._key_counts is not None:
            return self._key_counts[key]
        return [call.key for call in self.calls].count(key)

    def with_gist(self, gist: bytes) -> int:
        """How many calls have *gist*."""
        if self._gist_counts is not None:
            return self._gist_counts[gist]
        return [call.gist for call in self.calls].count(gist)

    @property
    def same_tool_in_a_row(self) -> int:
        """How many calls at the end are of the tool of the newest."""
        return min(self._in_a_row, len(self.calls))


class Glance:
    """A look at the newest call of a window by marks that take no reading of arguments and results.

    What is cheap to count goes first, and what it leaves no room for (below *least*, the fewest of each `Count` that
    any rule asks for) is not counted. Most calls are like none before them, so that no rule is left to ask: then a
    glance is all that they take.
    """

    __slots__ = (
        "_cycle_max_period",
        "_least_alike",
        "_least_failed_alike",
        "_least_in_a_row",
        "_least_in_any_order",
        "_least_in_rounds",
        "_least_rejected",
        "_least_same",
        "_rephrased_calls",
        "_rephrased_window",
        "_reworded_calls",
        "_rewritten_calls",
        "_same_answer_calls",
    )

    def __init__(self, settings: LoopSettings, least: Sequence[int]) -> None:
        self._least_in_a_row = least[Count.IN_A_ROW]
        self._least_in_rounds = least[Count.IN_ROUNDS]
        self._least_in_any_order = least[Count.IN_ANY_ORDER]
        self._least_same = min(least[: Count.IN_ANY_ORDER + 1])
        self._least_rejected = least[Count.REJECTED]
        self._least_failed_alike = least[Count.FAILED_ALIKE]
        self._least_alike = least[Count.NUMBERED]
        # Read from the settings at each call they would take 1 µs.
        self._cycle_max_period = settings.cycle_max_period
        self._rephrased_window = settings.rephrased_window
        self._rephrased_calls = settings.rephrased_calls
        self._rewritten_calls = settings.rewritten_calls
        self._reworded_calls = settings.reworded_calls
        self._same_answer_calls = settings.same_answer_calls

    def counts(self, window: Window) -> tuple[int, ...]:
        """For each `Count` how many there are; empty where no rule can show anything."""
        newest = window.calls[-1]
        same = window.with_key(newest.key) if newest.key else 0
        in_a_row = in_rounds = come_back = failed = failed_alike = numbered = prose = spelled = answered = 0
        if same >= self._least_same:
            keys = [call.key for call in window.calls]
            in_a_row = _run(keys, 1) if same >= self._least_in_a_row else 0
            in_rounds = _rounds(keys, self._cycle_max_period) if same >= self._least_in_rounds else 0
            come_back = same if same >= self._least_in_any_order and _all_come_back(keys) else 0
        else:
            same = 0
        if newest.outcome.fails:
            failed, failed_alike = self._failed(window)
        if window.with_gist(newest.gist) >= self._least_alike and newest.has_numbers:
            numbered = _numbered(window.calls)
        in_a_row_of_tool = window.same_tool_in_a_row
        lately = self._rephrased_window
        if in_a_row_of_tool < lately:
            lately = window.tools[-lately:].count(newest.tool)
        is_row = in_a_row_of_tool >= self._rewritten_calls
        may_be_asked = is_row or lately >= self._rephrased_calls
        may_be_spelled = lately >= self._reworded_calls
        if (may_be_asked or may_be_spelled) and not newest.is_plain_code:
            spelled = self._spelled(window) if may_be_spelled else 0
            prose = self._prose(window, is_row) if may_be_asked and newest.may_be_prose else 0
        if lately >= self._same_answer_calls and (newest.outcome.size >= TELLING_CHARS or not newest.is_plain_code):
            answered = _answered(window, self._same_answer_calls)
        if same or failed or failed_alike or numbered or prose or spelled or answered:
            return same, in_a_row, in_rounds, come_back, failed, failed_alike, numbered, prose, spelled, answered
        return ()

    def _failed(self, window: Window) -> tuple[int, int]:
        newest, tool = window.calls[-1], window.tools[-1]
        failed = [call for call in window.calls if call.outcome.fails]
        rejected = len(failed) if len(failed) >= self._least_rejected and newest.outcome.is_rejection else 0
        mine = [call for call in failed if call.tool == tool]
        if len(mine) < self._least_failed_alike:
            return rejected, 0
        if (
            newest.kind is not CODE
            or _run([call.outcome.fails for call in window.calls], 1) >= self._least_failed_alike
        ):
            return rejected, len(mine)
        alike = [1 for call in mine if call.gist == newest.gist or call.outcome.same_as(newest.outcome)]
        return rejected, len(alike)

    def _prose(self, window: Window, is_row: bool) -> int:
        newest = window.calls[-1]
        calls = window.calls if is_row else window.calls[-self._rephrased_window :]
        maybe = [call.tool == newest.tool and call.may_be_prose for call in calls]
        count = maybe.count(True)
        is_asked = maybe[-self._rephrased_window :].count(True) >= self._rephrased_calls
        if is_asked or (is_row and count >= self._rewritten_calls):
            return count if newest.kind is PROSE else 0
        return 0

    def _spelled(self, window: Window) -> int:
        newest = window.calls[-1]
        if newest.is_command and not newest.may_be_prose:
            return 0
        mine = self._with_digits_of(newest, window)
        if len(mine) < self._reworded_calls:
            return 0
        if window.with_key(newest.key) >= len(mine) and [call.key for call in mine].count(newest.key) == len(mine):
            return 0  # spelled in one way: what repeats to the letter is for other rules
        if newest.marks != UNKNOWN_MARKS:
            mine = [call for call in mine if call.marks in (newest.marks, UNKNOWN_MARKS)]
        found = len(mine)
        return found if found >= self._reworded_calls and newest.kind is not CODE else 0

    def _with_digits_of(self, newest: Call, window: Window) -> list[Call]:
        """The newest calls of its tool with the same digits, or maybe; not all where they are too few."""
        digits, tool, mine = newest.digits, newest.tool, [newest]
        place = len(window.calls) - 1
        oldest = max(place + 1 - self._rephrased_window, 0)
        while place > oldest and len(mine) + place - oldest >= self._reworded_calls:
            place -= 1
            call = window.calls[place]
            if call.tool == tool and (digits == UNKNOWN_MARKS or call.digits in (digits, UNKNOWN_MARKS)):
                mine.append(call)
        return mine


def _run(keys: Sequence[object], period: int) -> int:
    """How many keys are the last one, counted from the end in steps of *period*, until one is another."""
    last, count, place = keys[-1], 1, len(keys) - 1 - period
    while place >= 0 and keys[place] == last:
        count += 1
        place -= period
    return count


def _rounds(keys: Sequence[str], longest_period: int) -> int:
    return max([_run(keys, period) for period in range(2, longest_period + 1)])


def _all_come_back(keys: Sequence[str]) -> bool:
    """Whether there is a call since which each key was there twice, and one more often."""
    seen: dict[str, int] = {}
    single = 0
    for length, key in enumerate(reversed(keys), 1):
        count = seen[key] = seen.get(key, 0) + 1
        single += (count == 1) - (count == 2)
        if not single and length >= _FEWEST_IN_ANY_ORDER:
            return True
    return False


def _numbered(calls: Sequence[Call]) -> int:
    newest, count = calls[-1], 0
    for call in reversed(calls):
        if call.tool == newest.tool:
            if call.gist != newest.gist:
                break
            count += 1
    return count


def _answered(window: Window, least: int) -> int:
    tool, size = window.tools[-1], window.sizes[-1]
    # By length alone most are ruled out, in a tenth of the time.
    if len([1 for other in window.sizes[-WINDOW:] if -_ECHO_CHARS <= other - size <= _ECHO_CHARS]) < least:
        return 0
    if size < TELLING_CHARS and not window.calls[-1].may_be_prose:
        return 0
    lately = zip(window.tools[-WINDOW:], window.sizes[-WINDOW:], strict=True)
    return len([1 for name, other in lately if name == tool and -_ECHO_CHARS <= other - size <= _ECHO_CHARS])
