"""Rounds that hand on an id, new in each of them, and fail alike: a run is started, fails, and is cleared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loopwatch.volatile import steady
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.noise import Noise, noise_among, values_in, without_values
from loopwatch_processor.detectors.loop.settings import LoopSettings

_ID_CHARS: Final = 4
"""A shorter number may be a count."""
_MOST_VALUES: Final = 16
"""Our own choice: an answer that hands on an id says so early."""
_MASK: Final = "<handed on>"


def handed_on_in_vain(calls: Sequence[Call], period: int, settings: LoopSettings) -> Sequence[Call]:
    """The last rounds, if they are the same but for what one call hands on to the next, and each fails alike.

    A queue is worked off in such rounds too, but each of its items gets done.
    """
    newest, length = calls[-1], period * settings.same_error_unlike_calls
    if len(calls) < length or not all(newest.same_call(call) for call in calls[-length + period - 1 :: period]):
        return ()
    found = calls[-length:]
    places = [found[at::period] for at in range(period)]
    if not any(all(map(_fails, place)) for place in places):
        return ()
    ids = _handed_on(calls[-length - period :])
    return found if ids and all(_is_same_place(place, ids, newest) for place in places) else ()


def _fails(call: Call) -> bool:
    return call.outcome.fails or call.outcome.tells_of_failure


def _handed_on(calls: Sequence[Call]) -> list[str]:
    """What a call made and answered that a later one was given, the longest first; what is only taken from a queue
    was there before."""
    found: set[str] = set()
    for at, call in enumerate(calls):
        if not call.is_mutating:
            continue
        said = {value for value in values_in(call.outcome.text)[:_MOST_VALUES] if len(value) >= _ID_CHARS}
        found |= {value for value in said if any(value in later.key for later in calls[at + 1 :])}
    return sorted((value for value in found if value not in calls[-1].key), key=len, reverse=True)


def _is_same_place(place: Sequence[Call], ids: Sequence[str], newest: Call) -> bool:
    """Whether one call was made in every round, and its answers tell no more than numbers that go up and down.

    What the newest call answered is not handed on yet.
    """
    first = place[0]
    keys = {_masked(call.key, ids) for call in place}
    if len(keys) > 1 or any(call.tool != first.tool or not call.key for call in place):
        return False
    answers = [steady(_masked(call.outcome.text, ids)) for call in place if call is not newest]
    if len(set(map(without_values, answers))) > 1:
        return False
    return noise_among([values_in(answer) for answer in answers]) is not Noise.NEWS


def _masked(text: str, ids: Sequence[str]) -> str:
    for item in ids:
        text = text.replace(item, _MASK)
    return text
