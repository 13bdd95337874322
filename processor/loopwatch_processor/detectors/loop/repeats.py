"""The same calls again: in a row, among others, or in a cycle."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from loopwatch_processor.detectors.loop.calls import CODE, Call
from loopwatch_processor.detectors.loop.handed_on import handed_on_in_vain
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.noise import Noise
from loopwatch_processor.detectors.loop.remarks import is_remark_on_others
from loopwatch_processor.detectors.loop.results import EMPTY, OK, Outcome
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.session import WINDOW_STEPS

_PATIENCE_NS = 600_000_000_000
"""Our own choice: ten minutes."""
_NO_ARGUMENTS = "{}"
"""Of a call that may hand out the next item of a list, with a state and a number of its own."""
_FEWEST_IN_ROUNDS = 3
"""Two calls in turn are a cycle, or a look and what it waits for."""


_DOZEN = 12


def exact(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """The newest call was made several times in a row, and nothing new came of it."""
    newest = calls[-1]
    tail = [newest]
    for call in reversed(calls[:-1]):
        if not newest.same_call(call) or not _nothing_new(newest, call):
            break
        if not call.overlaps(tail[-1]):
            tail.append(call)
    if len(tail) < (2 if newest.outcome.fails else settings.exact_calls):
        return None  # before it is read what the call asks for
    return Match("exact", tuple(reversed(tail))) if len(tail) >= _needed(tail, settings) else None


def _nothing_new(newest: Call, call: Call) -> bool:
    """A changed result is polling, not a loop; two failures are alike enough, whatever they say."""
    one, other = newest.outcome, call.outcome
    if not one.is_known or not other.is_known:
        return one.kind is other.kind
    if one.same_as(other) or (one.fails and other.fails):
        return True
    return newest.key != _NO_ARGUMENTS and one.is_refused_like(other)


def _needed(tail: Sequence[Call], settings: LoopSettings) -> int:
    newest = tail[0].outcome
    if not newest.fails:
        waits = tail[0].is_poll or _is_patient(tail)
        return max(settings.exact_calls, settings.waiting_calls) if waits else settings.exact_calls
    if newest.is_transient:
        return settings.transient_failing_calls
    same = all(call.outcome.says_the_same_as(newest) for call in tail)
    return settings.exact_failing_calls if same else settings.exact_calls


def _is_patient(tail: Sequence[Call]) -> bool:
    """Whether nothing is there yet, and time is given between the looks, newest first: an answer that is to come."""
    if any(call.outcome.kind is not EMPTY or call.is_mutating for call in tail):
        return False
    return all(later.start_ns - earlier.end_ns >= _PATIENCE_NS for later, earlier in pairwise(tail))


def scattered(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """The newest call came several times among others, with one result and nothing changed in between."""
    newest, window = calls[-1], calls[-settings.scattered_window : -1]
    alike = [1 for call in window if newest.same_call(call) and newest.outcome.same_as(call.outcome)]
    if len(alike) + 1 < settings.scattered_calls or newest.is_wait or newest.is_poll:
        return None
    found = [newest]
    seen: dict[tuple[str, str], Call] = {}
    begin = len(window)
    for begin in range(len(window) - 1, -1, -1):
        call = window[begin]
        if newest.same_call(call) and newest.outcome.same_as(call.outcome):
            if not call.overlaps(found[-1]):
                found.append(call)
        elif _moves_on(call, seen.get((call.tool, call.key)), newest):
            break
        seen[call.tool, call.key] = call
    if is_remark_on_others(found[::-1], calls):
        return None
    needed = max(settings.scattered_calls, settings.waiting_calls if _is_patient(found) else 0)
    if len(found) < needed or sum([call.is_wait for call in window[begin:]]) >= len(found) - 1:
        return None
    return Match("scattered", tuple(reversed(found)))


def _moves_on(call: Call, later: Call | None, newest: Call) -> bool:
    """Whether *call* changed something, or brought other news *later*, when it was made again."""
    if call.outcome.fails:
        return False
    if newest.same_call(call):
        return call.outcome.is_known
    if later is None:
        return call.is_mutating
    return _brought_news(call, later)


def _brought_news(call: Call, later: Call) -> bool:
    """Whether a look was answered in other words when it was made again, or less was left after a change."""
    return later.outcome.has_less_than(call.outcome) if call.is_mutating else later.outcome.reads_unlike(call.outcome)


def unchanged(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """The agent looks at one thing again and again, acts in between, and the thing stays as it was.

    A change that was not tried before, in other numbers neither, is work: what it is looked at for may be an all-clear.
    """
    newest = calls[-1]
    window = calls[-settings.unchanged_window :]
    fewest = min(settings.unchanged_calls, settings.scattered_calls)
    if [newest.same_call(call) for call in window].count(True) < fewest or newest.is_wait or newest.is_poll:
        return None
    found = _unchanged_looks(window)
    if len(found) < fewest or _is_work_between(found[-1], window):
        return None
    if not _is_set_back(found, window):
        is_look = newest.outcome.kind is OK and newest.kind is not CODE and not newest.is_mutating
        if not is_look or len(found) < settings.unchanged_calls:
            return None
    return None if is_remark_on_others(found[::-1], calls) else Match("unchanged", tuple(reversed(found)))


def _unchanged_looks(window: Sequence[Call]) -> list[Call]:
    """The newest call and those before it that were answered alike, newest first, since something else was news."""
    newest = window[-1]
    found = [newest]
    seen: dict[tuple[str, str], Call] = {}
    for call in reversed(window[:-1]):
        if newest.same_call(call):
            if not newest.outcome.same_as(call.outcome):
                break
            if not call.overlaps(found[-1]):
                found.append(call)
            continue
        later = seen.get((call.tool, call.key))
        if later is not None and _brought_news(call, later):
            break
        seen[call.tool, call.key] = call
    return found


def _is_work_between(first: Call, window: Sequence[Call]) -> bool:
    """Whether most of the changes since *first* are new ones."""
    changes = [(call.tool, call.skeleton) for call in _changes_since(first, window)]
    return 2 * len(set(changes)) > len(changes)


def _is_set_back(found: Sequence[Call], window: Sequence[Call]) -> bool:
    """Whether between *found*, newest first, the same few changes were made again and again, each with one answer.

    New text that is saved and committed in equal words each time is work: all but one change must have come again.
    """
    changes = [call for call in _changes_since(found[-1], window) if not call.same_call(found[0])]
    if len(changes) < len(found) - 1:
        return False
    kinds: list[list[Call]] = []
    for call in changes:
        for kind in kinds:
            if _same_turn(kind[0], call):
                kind.append(call)
                break
        else:
            kinds.append([call])
    return 2 * len(kinds) <= len(changes) and sum(len(kind) == 1 for kind in kinds) <= 1


def _changes_since(first: Call, window: Sequence[Call]) -> list[Call]:
    return [call for call in window if call.start_ns > first.start_ns and call.is_mutating and not call.outcome.fails]


def cycle(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """Two to five calls go round, each with the result that it had before."""
    fewest = min(settings.cycle_rounds, settings.cycle_unknown_rounds)
    for period in range(2, settings.cycle_max_period + 1):
        rounds = _rounds(calls, period, max(settings.cycle_unknown_rounds, settings.waiting_calls))
        if rounds >= fewest and rounds >= _rounds_needed(calls[-period:], settings):
            return Match("cycle", tuple(calls[-rounds * period :]))
        again = len(calls) > period and calls[-1 - period].key == calls[-1].key  # most end here, without a call
        if again and (found := _noisy_rounds(calls, period, settings) or handed_on_in_vain(calls, period, settings)):
            return Match("cycle", tuple(found))
    return None


def _noisy_rounds(calls: Sequence[Call], period: int, settings: LoopSettings) -> Sequence[Call]:
    """Rounds of which some answers have other numbers each time: a frame, a form, a batch, a measurement.

    Such an answer is taken as unknown, as it may be news, and as news where a number in it only grows or only falls.
    """
    fewest, newest = min(settings.cycle_rounds, settings.cycle_unknown_rounds), calls[-1]
    if len(calls) < fewest * period or not newest.same_call(calls[-1 - period]):
        return ()
    if not newest.same_call(calls[-(fewest - 1) * period - 1]) or any(call.is_wait for call in calls[-period:]):
        return ()
    length = _rounds_needed(calls[-period:], settings, noisy=True) * period
    if len(calls) < length or not newest.same_call(calls[-length + period - 1]):
        return ()
    found = calls[-length:]
    if len({(call.tool, call.key) for call in found[:period]}) < 2:
        return ()  # one call with other numbers each time is a look at what changes
    return found if all(_is_noisy_turn(found[place::period]) for place in range(period)) else ()


def _is_noisy_turn(calls: Sequence[Call]) -> bool:
    """Whether one call was made in every round, and its answers tell no more than numbers that go up and down."""
    if any(not call.same_call(later) or call.overlaps(later) for call, later in pairwise(calls)):
        return False
    if all(call.outcome.same_as(later.outcome) for call, later in pairwise(calls)):
        return True
    return Outcome.noise_among([call.outcome for call in calls]) is not Noise.NEWS


def _is_knob(turn: Sequence[Call]) -> bool:
    """Whether one look comes again within the round, and in between one thing is set to and fro."""
    made = [(call.tool, call.key) for call in turn]
    once = [call.tool for call in turn if made.count((call.tool, call.key)) == 1]
    return len(once) < len(made) and len(set(once)) < len(once)


def _rounds_needed(turn: Sequence[Call], settings: LoopSettings, *, noisy: bool = False) -> int:
    needed = settings.cycle_rounds
    if not all(call.outcome.is_known for call in turn) or (noisy and not _is_knob(turn)):
        needed = settings.cycle_unknown_rounds
    if all(call.is_wait or call.is_poll for call in turn) or _waits_and_looks(turn) or _is_patient(turn[::-1]):
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
    """Several calls come again and again in any order, each with one result, and no other call comes between.

    Each so many times, or each twice and so many times on the average, if they are a dozen.
    """
    newest = calls[-1]
    alike = [1 for call in calls if newest.same_call(call) and newest.outcome.same_as(call.outcome)]
    if len(alike) < settings.rounds:
        return None
    seen: dict[tuple[str, str], list[list[Call]]] = {}
    groups = wanting = single = 0
    for length, call in enumerate(reversed(calls), 1):
        if call.is_wait or not call.outcome.is_known:
            return None
        same_calls = seen.setdefault((call.tool, call.key), [])
        group = next((same for same in same_calls if _same_turn(call, same[-1])), None)
        if group is None:
            same_calls.append(group := [])
            groups += 1
            wanting += 1
            single += 1
        group.append(call)
        wanting -= len(group) == settings.rounds
        single -= len(group) == 2
        is_dozen = length >= max(_DOZEN, settings.rounds * groups)
        if groups >= _FEWEST_IN_ROUNDS and (not wanting or (not single and is_dozen)):
            return Match("rounds", tuple(calls[-length:]))
    return None
