"""Calls that fail alike while their arguments drift."""

from __future__ import annotations

from collections.abc import Sequence

from loopwatch.sketch import similarity
from loopwatch_processor.detectors.loop.calls import CODE, Call
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.settings import LoopSettings

_ALIKE_ARGUMENTS = 0.5
_SHARED_MARKS = 2
"""Of an error and two commands: one may agree by chance, or be the program's name."""
_PATH_WORDS = 3
_NAMED_BY_RULES = """
argument attribute column command field flag function identifier key keyword member method option parameter property
relation setting subcommand switch table variable
"""
_OF_A_LANGUAGE = frozenset(_NAMED_BY_RULES.split())
"""What programs, interfaces and query languages call the names that they know (SQL, POSIX, JSON Schema)."""


def malformed(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """Calls are rejected for their arguments, or for a tool that does not exist, and the next one is no better."""
    newest = calls[-1]
    if not newest.outcome.is_rejection:
        return None
    found = [newest]
    for call in reversed(calls[:-1]):
        if call.outcome.is_rejection and newest.outcome.fails_like(call.outcome, settings.error_similarity_ratio):
            if not call.overlaps(found[-1]):
                found.append(call)
        elif call.tool == newest.tool and not call.outcome.fails:
            break
    return Match("malformed", tuple(reversed(found))) if len(found) >= settings.malformed_calls else None


def same_error(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """One tool fails alike again and again, never succeeds in between, and nothing is mended."""
    newest = calls[-1]
    if not newest.outcome.fails:
        return None
    alike, is_code = _failed_alike(newest, calls, settings.error_similarity_ratio), newest.kind is CODE
    fewest = min(_needed(newest, similar, settings) for similar in (1, settings.same_error_calls))
    found, similar, left = [newest], 1, len(alike)
    for call, unbroken, fails_like in alike:
        if (similar if is_code else len(found)) + left < fewest:
            return None  # nearly always before the words of a command are read, which takes longest
        left -= 1
        if not call.overlaps_any(found):
            is_attempt = unbroken and _is_one_attempt(newest, call, fails_like)
            if is_attempt or fails_like:
                found.append(call)
                similar += is_attempt or _alike_arguments(newest, call)
    count = similar if is_code else len(found)
    return Match("same_error", tuple(reversed(found))) if count >= _needed(newest, similar, settings) else None


def _failed_alike(newest: Call, calls: Sequence[Call], similarity_ratio: float) -> list[tuple[Call, bool, bool]]:
    """The earlier calls of the tool of *newest* that may have failed as it did, newest first.

    With each, whether nothing but failures lies between, and whether the errors themselves are alike.
    """
    alike, unbroken = [], True
    for call in reversed(calls[:-1]):
        if _is_mended(newest, call):
            break
        unbroken = unbroken and call.outcome.fails
        if call.tool == newest.tool:
            fails_like = newest.outcome.fails_like(call.outcome, similarity_ratio)
            if fails_like or (unbroken and _may_be_a_guess(newest)):
                alike.append((call, unbroken, fails_like))
    return alike


def _needed(newest: Call, similar: int, settings: LoopSettings) -> int:
    """Commands fail alike by nature: only those count that differ in nothing but numbers or meet one obstacle."""
    if newest.outcome.is_transient:
        return settings.transient_failing_calls
    if newest.kind is CODE or similar < settings.same_error_calls:
        return settings.same_error_unlike_calls
    return settings.same_error_calls


def _is_mended(newest: Call, call: Call) -> bool:
    """A success of the same tool, or a change made by any, between two failures: that is work."""
    if call.outcome.fails:
        return False
    return (call.tool == newest.tool and newest.kind is not CODE) or call.is_mutating


def _alike_arguments(newest: Call, call: Call) -> bool:
    if newest.kind is CODE:
        return newest.skeleton == call.skeleton or _meet_one_obstacle(newest, call)
    if newest.sketch and call.sketch and not newest.same_call(call):
        return similarity(newest.sketch, call.sketch) >= _ALIKE_ARGUMENTS
    if newest.key == call.key or not newest.words or not call.words:
        return newest.key == call.key
    return _share_words(newest, call)


def _is_one_attempt(newest: Call, call: Call, fails_like: bool) -> bool:
    """Commands that share most of their words and fail in one way, each over something that it names itself."""
    is_same = fails_like and newest.outcome.fails_like(call.outcome, 1.0)
    if not is_same and not _may_be_a_guess(newest):
        return False
    if newest.sketch and call.sketch:
        if similarity(newest.sketch, call.sketch) < _ALIKE_ARGUMENTS:
            return False
        return newest.outcome.is_named and call.outcome.is_named if is_same else _is_another_guess(newest, call)
    if is_same and newest.outcome.names.isdisjoint(newest.word_set):
        return False
    if not _share_words(newest, call):
        return False
    return not call.outcome.names.isdisjoint(call.word_set) if is_same else _is_another_guess(newest, call)


def _share_words(newest: Call, call: Call) -> bool:
    """Whether half of the words of both are the same: `jaccard` of sets that are made once for all calls."""
    mine, theirs = newest.word_set, call.word_set
    shared = len(mine & theirs)
    return shared > 0 and shared >= _ALIKE_ARGUMENTS * (len(mine) + len(theirs) - shared)


def _may_be_a_guess(newest: Call) -> bool:
    """Whether its error says of what kind the word is that nobody knows."""
    return not newest.is_sketched and not newest.outcome.said_words.isdisjoint(_OF_A_LANGUAGE)


def _is_another_guess(newest: Call, call: Call) -> bool:
    """One program is given another word, and the errors say of no more than that word that nobody knows it.

    Hosts, files and packages may be items of a list, so the errors have to say of what kind the word is.
    """
    if not _may_be_a_guess(newest) or newest.words[:1] != call.words[:1]:
        return False
    own, others = newest.word_set - call.word_set, call.word_set - newest.word_set
    said, heard = newest.outcome.said_words, call.outcome.said_words
    return bool(own & said and others & heard) and said - own == heard - others


def _meet_one_obstacle(newest: Call, call: Call) -> bool:
    """Both fail with one message, about something that both of them name: a table, a file, a module."""
    if not newest.outcome.same_as(call.outcome):
        return False
    shared = newest.word_set & call.word_set
    if newest.is_sketched:
        return len(shared & newest.outcome.words) >= _SHARED_MARKS or _end_alike(newest, call)
    if newest.outcome.names:
        return not newest.outcome.names.isdisjoint(shared)
    return newest.outcome.is_refusal and not newest.paths.isdisjoint(call.paths)


def _end_alike(newest: Call, call: Call) -> bool:
    """By sketches, refused for what both commands end in, as paths do."""
    tail = newest.words[-_PATH_WORDS:]
    return newest.outcome.is_refusal and len(tail) == _PATH_WORDS and tail == call.words[-_PATH_WORDS:]
