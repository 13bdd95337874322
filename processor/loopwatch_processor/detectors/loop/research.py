"""Questions from one pool of words whose answers bring nothing new: the same five papers in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loopwatch_processor.detectors.loop.calls import PROSE, Call
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.pools import pool_of
from loopwatch_processor.detectors.loop.same_answer import WINDOW
from loopwatch_processor.detectors.loop.settings import LoopSettings

_SHARE: Final = 0.45
_LEAST_SHARE: Final = 0.25
_NEW_WORDS: Final = 2
_ANSWER_WORDS: Final = 25
"""Our own choices: what questions share with the others, on the average and at least; what an answer may bring that
none before it had, less than a title; and of how many words it is: short ones are those of each item of a list."""
_FIRST_ANSWERS: Final = 2
"""They may bring anything."""


def nothing_new(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """The newest questions to one tool are about one thing, and what came back had come back before."""
    newest = calls[-1]
    if newest.kind is not PROSE or (newest.is_mutating and not newest.outcome.fails):
        return None
    found = [newest]
    for call in reversed(calls[-WINDOW:-1]):
        if call.tool == newest.tool and call.kind is PROSE and not call.overlaps(found[-1]):
            found.append(call)
            if len(found) == settings.same_answer_calls:
                break
    if len({call.key for call in found}) < settings.same_answer_calls:
        return None
    pool = pool_of([call.word_set for call in found])
    if pool.mean < _SHARE or pool.least < _LEAST_SHARE or pool.is_frame or not _brings_nothing_new(found[::-1]):
        return None
    return Match("nothing_new", tuple(reversed(found)), pool.mean)


def _brings_nothing_new(asked: Sequence[Call]) -> bool:
    """Whether all answers are long, and those after the first ones are made of words and figures of earlier ones."""
    known: set[str] = set()
    figures: set[str] = set()
    for number, call in enumerate(asked):
        words = call.outcome.answer_words
        if len(words) < _ANSWER_WORDS:
            return False
        if number >= _FIRST_ANSWERS and len(words - known) > _NEW_WORDS:
            return False
        brought = call.outcome.figures
        if number >= _FIRST_ANSWERS and 2 * len(brought - figures) > len(brought):
            return False  # one sentence with other numbers in it, day after day, is what was asked for
        known |= words
        figures |= brought
    return True
