"""One number in the arguments drifts, and the answer stays."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise

from loopwatch.skeleton import RANGES, WALKED, Day, is_called
from loopwatch_processor.detectors.loop.calls import CODE, Call
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.results import OK
from loopwatch_processor.detectors.loop.same_answer import TELLING_CHARS
from loopwatch_processor.detectors.loop.settings import LoopSettings

_TRIED_AGAIN = 3
"""Our own choice: so many of the calls that go to and fro are not the first with their numbers."""
_MONTHS_DIFFER = 3
"""Days."""


def drifting(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """A number only grows or only shrinks from call to call, and each call brings the same result.

    Even steps are how pages and lists are walked: they count only without a break, and when they go on for long.
    Where something came back it may be right for each item of a list: only a number counts that says how far to look.
    Numbers of which only marks are known count as even steps do, since nobody can say how they move.
    """
    newest = calls[-1]
    earlier = next((call for call in reversed(calls[:-1]) if call.tool == newest.tool), None)
    if earlier is None or earlier.outcome.kind is not newest.outcome.kind or not newest.outcome.is_known:
        return None
    if newest.is_mutating or not (newest.numbers or newest.is_sketched):
        return None
    found = _alike_but_for_numbers(calls)
    if len(found) >= settings.drifting_calls and _is_long_enough(found, calls, settings):
        return Match("drifting", tuple(found))
    to_and_fro = _to_and_fro(calls, settings)
    return Match("drifting", tuple(to_and_fro)) if to_and_fro else None


def _to_and_fro(calls: Sequence[Call], settings: LoopSettings) -> Sequence[Call]:
    """The last calls, if they differ in numbers that had all been tried, mostly, and one long answer came to all.

    Who goes through a list asks for each item once.
    """
    newest, found = calls[-1], calls[-settings.paging_calls :]
    if len(found) < settings.paging_calls or newest.outcome.size < TELLING_CHARS:
        return ()
    if len({call.key for call in found}) > len(found) - _TRIED_AGAIN:
        return ()
    for call in found[:-1]:
        if call.tool != newest.tool or call.skeleton != newest.skeleton or call.overlaps(newest):
            return ()
        if not newest.outcome.says_mostly_the_same_as(call.outcome):
            return ()
    return found


def _is_long_enough(found: Sequence[Call], calls: Sequence[Call], settings: LoopSettings) -> bool:
    unbroken = list(calls[-len(found) :]) == list(found)
    if found[-1].is_sketched:
        return unbroken and not _is_sketched_list(found) and len(_marks_of_one(found)) >= settings.paging_calls
    series = _drifting_series(found)
    if _is_even(series):
        return unbroken and len(series) >= settings.paging_calls and not _is_list(found)
    return len(series) >= settings.drifting_calls and not _may_be_items(found)


def _is_sketched_list(found: Sequence[Call]) -> bool:
    """By sketches a number moves that says how far to look, unless in a command: there it may count anything."""
    outcome = found[-1].outcome
    if outcome.kind is not OK:
        return False
    return found[-1].kind is CODE or outcome.is_verdict or outcome.says_more


def _is_list(found: Sequence[Call]) -> bool:
    """Whether even steps lead through a list: of items that are numbered, or of pages that go on.

    The same answer may be right for each: "done" for room 4 and for room 5.
    """
    outcome = found[-1].outcome
    return not _is_called(found, WALKED) or outcome.is_verdict or outcome.says_more


def _may_be_items(found: Sequence[Call]) -> bool:
    """Whether uneven steps lead through a list, of which each has the same answer; commands tell no names."""
    is_answered = found[-1].outcome.kind is OK
    return is_answered and found[-1].kind is not CODE and not _is_called(found, RANGES)


def _is_called(found: Sequence[Call], names: frozenset[str]) -> bool:
    """Whether the number that moves has one of *names*."""
    newest, oldest = found[-1], found[0]
    return any(is_called(path, names) for path, value in newest.literals.items() if oldest.literals.get(path) != value)


def _alike_but_for_numbers(calls: Sequence[Call]) -> list[Call]:
    newest = calls[-1]
    found = [newest]
    for call in reversed(calls[:-1]):
        if call.tool != newest.tool:
            continue
        if call.skeleton != newest.skeleton or not call.outcome.says_the_same_as(newest.outcome):
            break
        if not call.overlaps(found[-1]):
            found.append(call)
    return found[::-1]


def _drifting_series(found: Sequence[Call]) -> list[float]:
    """The values of the only number that differs, if it always moves one way; empty otherwise."""
    columns = [column for column in zip(*(call.numbers for call in found), strict=False) if len(set(column)) > 1]
    if len(columns) != 1 or any(isinstance(value, Day) and not value.is_bound for value in columns[0]):
        return []
    series = list(dict.fromkeys(columns[0]))
    return series if series in (sorted(series), sorted(series, reverse=True)) else []


def _marks_of_one(found: Sequence[Call]) -> list[Hashable]:
    """The marks of the only word that differs between sketches, each once; empty where that is not known."""
    if len({len(call.words) for call in found}) != 1:
        return []
    columns = [column for column in zip(*(call.words for call in found), strict=True) if len(set(column)) > 1]
    return list(dict.fromkeys(columns[0])) if len(columns) == 1 else []


def _is_even(series: Sequence[float]) -> bool:
    """Whether all steps are the same; of dates also by the calendar, whose months are not equally long."""
    steps = {round(later - earlier, 6) for earlier, later in pairwise(series)}
    return bool(steps) and max(steps) - min(steps) <= (_MONTHS_DIFFER if isinstance(series[0], Day) else 0)
