"""One number in the arguments drifts, and the answer stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.settings import LoopSettings

_NAMES_AN_ITEM = re.compile(r"(?:^|[_.])(?:id|ids|no|nr|number|code|sku|key|ref|index|row|day|date|year)$|Id$")


def drifting(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """A number only grows or only shrinks from call to call, and each call brings the same result.

    Even steps are how pages and lists are walked: they count only without a break, and when they go on for long.
    """
    newest = calls[-1]
    earlier = next((call for call in reversed(calls[:-1]) if call.tool == newest.tool), None)
    if earlier is None or earlier.outcome.kind is not newest.outcome.kind or not newest.outcome.is_known:
        return None
    if newest.is_mutating or not newest.numbers:
        return None
    found = _alike_but_for_numbers(calls)
    if len(found) < settings.drifting_calls:
        return None
    series = _drifting_series(found)
    if series is None or _differs_in_item(found):
        return None
    if _is_even(series):
        unbroken = list(calls[-len(found) :]) == found
        return Match("drifting", tuple(found)) if unbroken and len(series) >= settings.paging_calls else None
    return Match("drifting", tuple(found)) if len(series) >= settings.drifting_calls else None


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


def _drifting_series(found: Sequence[Call]) -> list[float] | None:
    """The values of the only number that differs, if it always moves one way; None otherwise."""
    columns = [column for column in zip(*(call.numbers for call in found), strict=False) if len(set(column)) > 1]
    if len(columns) != 1:
        return None
    series = list(dict.fromkeys(columns[0]))
    return series if series in (sorted(series), sorted(series, reverse=True)) else None


def _is_even(series: Sequence[float]) -> bool:
    return len({round(later - earlier, 6) for earlier, later in pairwise(series)}) == 1


def _differs_in_item(found: Sequence[Call]) -> bool:
    """Whether the number that differs names an item of a list."""
    first, last = found[0].literals, found[-1].literals
    return any(_NAMES_AN_ITEM.search(path) for path, value in last.items() if first.get(path) != value)
