"""One answer to different calls: nothing that is tried gets past it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from loopwatch_processor.detectors.loop.calls import CODE, PROSE, Call
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.pools import pool_of
from loopwatch_processor.detectors.loop.settings import LoopSettings

WINDOW: Final = 12
"""Our own choice: in which the calls are looked for; as many as `scattered` takes, less two."""
TELLING_CHARS: Final = 60
"""Our own choice. A shorter answer ("saved", "0 rows") may be that of each item of a list; one to prose is none."""
_PARAMETERS: Final = 4
"""Our own choice: so many different sets of parameters are guesses at them."""


def same_answer(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """Several different calls of one tool brought one answer, and take their words from one pool.

    No two need be much alike. Items of a list share a frame instead, words that are in all of them; but the same few
    words under ever other parameters are no list either.
    """
    newest = calls[-1]
    window = calls[-WINDOW:]
    needed = settings.same_answer_calls - 1
    if not _may_be_enough(newest, window[:-1], needed) or not _is_telling(newest):
        return None
    if (newest.is_mutating and not newest.outcome.fails) or not _are_enough(newest, window[:-1], needed):
        return None
    found = _answered_alike(window)
    if len({call.key for call in found}) < settings.same_answer_calls:
        return None
    if len({call.parameters for call in found}) < _PARAMETERS:
        is_pool = newest.kind in (CODE, PROSE) and not _is_table([call.words for call in found])
        likeness = _likeness_of_pool([call.word_set for call in found], settings) if is_pool else 0
    else:
        likeness = 1.0
    return Match("same_answer", tuple(reversed(found)), likeness) if likeness else None


def _may_be_enough(newest: Call, earlier: Sequence[Call], missing: int) -> bool:
    """As `_are_enough`, by what is seen without reading what was answered: nearly always it is too little."""
    tool, outcome, left = newest.tool, newest.outcome, len(earlier)
    for call in reversed(earlier):
        if left < missing:
            return False
        left -= 1
        missing -= call.tool == tool and outcome.may_read_as(call.outcome)
    return missing <= 0


def _are_enough(newest: Call, earlier: Sequence[Call], missing: int) -> bool:
    """Whether so many of the *earlier* calls of the tool of *newest* were answered alike."""
    left = len(earlier)
    for call in reversed(earlier):
        if left < missing:
            return False
        left -= 1
        missing -= call.tool == newest.tool and newest.outcome.says_mostly_the_same_as(call.outcome)
    return missing <= 0


def _is_telling(call: Call) -> bool:
    if call.outcome.size >= TELLING_CHARS:
        return call.outcome.is_known
    return call.outcome.is_known and call.kind is PROSE and not call.outcome.is_brief


def _answered_alike(calls: Sequence[Call]) -> list[Call]:
    """The newest call and those before it of its tool that were answered alike, newest first, since the last change."""
    newest = calls[-1]
    found = [newest]
    for call in reversed(calls[:-1]):
        if call.tool == newest.tool and newest.outcome.says_mostly_the_same_as(call.outcome):
            if not call.overlaps(found[-1]):
                found.append(call)
        elif call.is_mutating and not call.outcome.fails:
            break
    return found


def _is_table(said: Sequence[Sequence[Hashable]]) -> bool:
    """Whether each word keeps to its place, as in a list of every colour in every size."""
    places: dict[Hashable, int] = {}
    for words in said:
        if len(words) != len(said[0]):
            return False
        for place, word in enumerate(words):
            if places.setdefault(word, place) != place:
                return False
    return True


def _likeness_of_pool(said: Sequence[frozenset[Hashable]], settings: LoopSettings) -> float:
    """The mean share of its words that others have; 0.0 where that is little, or a frame makes it up."""
    pool = pool_of(said)
    is_pool = pool.mean >= settings.same_answer_ratio and pool.least >= settings.same_names_similarity_ratio
    return pool.mean if is_pool and not pool.is_frame else 0.0
