"""The same calls again: in a row, among others, or in a cycle."""

from __future__ import annotations

from collections.abc import Sequence

from loopwatch.attributes import ToolArgumentsClass
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.results import Kind
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.session import WINDOW_STEPS

_FEWEST_IN_ROUNDS = 3
"""Two calls in turn are a cycle, or a look and what it waits for."""


def exact(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """The newest call was made several times in a row, and nothing new came of it."""
    newest = calls[-1]
    tail = [newest]
    for call in reversed(calls[:-1]):
        if not newest.same_call(call) or not _nothing_new(newest, call):
            break
        if not call.overlaps(tail[-1]):
            tail.append(call)
    return Match("exact", tuple(reversed(tail))) if len(tail) >= _needed(tail, settings) else None


def _nothing_new(newest: Call, call: Call) -> bool:
    """A changed result is polling, not a loop; two failures are alike enough, whatever they say."""
    one, other = newest.outcome, call.outcome
    if not one.is_known or not other.is_known:
        return one.kind is other.kind
    return one.same_as(other) or (one.fails and other.fails)


def _needed(tail: Sequence[Call], settings: LoopSettings) -> int:
    newest = tail[0].outcome
    if not newest.fails:
        return max(settings.exact_calls, settings.waiting_calls) if tail[0].is_poll else settings.exact_calls
    if newest.is_transient:
        return settings.transient_failing_calls
    same = all(call.outcome.says_the_same_as(newest) for call in tail)
    return settings.exact_failing_calls if same else settings.exact_calls


def scattered(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """The newest call came several times among others, with one result and nothing changed in between."""
    newest = calls[-1]
    if newest.is_wait or newest.is_poll:
        return None
    found = [newest]
    seen: set[tuple[str, str]] = set()
    waits = 0
    for call in reversed(calls[-settings.scattered_window : -1]):
        waits += call.is_wait
        if newest.same_call(call) and newest.outcome.same_as(call.outcome):
            if not call.overlaps(found[-1]):
                found.append(call)
        elif call.is_mutating and not call.outcome.fails and (call.tool, call.key) not in seen:
            break
        seen.add((call.tool, call.key))
    if len(found) < settings.scattered_calls or waits >= len(found) - 1:
        return None
    return Match("scattered", tuple(reversed(found)))


def unchanged(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """The agent looks at one thing again and again, acts in between, and the thing stays as it was.

    A change that was not tried before, in other numbers neither, is work: what it is looked at for may be an all-clear.
    """
    newest = calls[-1]
    if newest.outcome.kind is not Kind.OK or newest.kind is ToolArgumentsClass.CODE:
        return None
    if newest.is_mutating or newest.is_wait or newest.is_poll:
        return None
    found = [newest]
    window = calls[-settings.unchanged_window :]
    for call in reversed(window[:-1]):
        if newest.same_call(call):
            if not newest.outcome.same_as(call.outcome):
                break
            if not call.overlaps(found[-1]):
                found.append(call)
    if len(found) < settings.unchanged_calls or _is_work_between(found[-1], window):
        return None
    return Match("unchanged", tuple(reversed(found)))


def _is_work_between(first: Call, window: Sequence[Call]) -> bool:
    """Whether most of the changes since *first* are new ones."""
    changes = [
        (call.tool, call.skeleton)
        for call in window
        if call.start_ns > first.start_ns and call.is_mutating and not call.outcome.fails
    ]
    return 2 * len(set(changes)) > len(changes)


def cycle(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """Two to five calls go round, each with the result that it had before."""
    fewest = min(settings.cycle_rounds, settings.cycle_unknown_rounds)
    for period in range(2, settings.cycle_max_period + 1):
        rounds = _rounds(calls, period, max(settings.cycle_unknown_rounds, settings.waiting_calls))
        if rounds >= fewest and rounds >= _rounds_needed(calls[-period:], settings):
            return Match("cycle", tuple(calls[-rounds * period :]))
    return None


def _rounds_needed(turn: Sequence[Call], settings: LoopSettings) -> int:
    needed = settings.cycle_rounds
    if not all(call.outcome.is_known for call in turn):
        needed = settings.cycle_unknown_rounds
    if all(call.is_wait or call.is_poll for call in turn) or _waits_and_looks(turn):
        return max(needed, min(settings.waiting_calls, WINDOW_STEPS // len(turn)))
    return needed


def _waits_and_looks(turn: Sequence[Call]) -> bool:
    """Somebody who waits between two looks knows that it takes time, unless something fails or is tried in between."""
    return any(call.is_wait for call in turn) and not any(
        call.outcome.fails or (call.is_mutating and not call.is_wait) for call in turn
    )


def _rounds(calls: Sequence[Call], period: int, most: int) -> int:
    """How often the last *period* calls came back without a gap, at most *most* times."""
    length = period
    while length < min(len(calls), period * most) and _same_turn(calls[-length - 1], calls[-length - 1 + period]):
        length += 1
    return length // period


def _same_turn(call: Call, later: Call) -> bool:
    if not call.same_call(later) or call.overlaps(later):
        return False
    unknown = not call.outcome.is_known and not later.outcome.is_known
    return unknown or call.outcome.same_as(later.outcome)


def rounds(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """Several calls come again and again in any order, each with one result, and no other call comes between."""
    newest = calls[-1]
    if sum(newest.same_call(call) and newest.outcome.same_as(call.outcome) for call in calls) < settings.rounds:
        return None
    seen: dict[tuple[str, str], list[list[Call]]] = {}
    groups = wanting = 0
    for length, call in enumerate(reversed(calls), 1):
        if call.is_wait or not call.outcome.is_known:
            return None
        same_calls = seen.setdefault((call.tool, call.key), [])
        group = next((same for same in same_calls if _same_turn(call, same[-1])), None)
        if group is None:
            same_calls.append(group := [])
            groups += 1
            wanting += 1
        group.append(call)
        wanting -= len(group) == settings.rounds
        if not wanting and groups >= _FEWEST_IN_ROUNDS:
            return Match("rounds", tuple(calls[-length:]))
    return None
