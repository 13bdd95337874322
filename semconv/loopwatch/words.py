"""The words of arguments, and what "similar" means: **the true similarity is the Jaccard index of words**.

Words are taken from the values (never the keys) of the canonical arguments: lower-cased, a final "s" off,
stop words dropped unless a field has fewer than three words or nothing else; a letter of a script that is
written without spaces is a word of its own.
The sketch estimates exactly this number, so a verdict is the same with content and without it.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from loopwatch.canonical import Json, leaves, normalise

_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_WORDS_APART = bytes(code if chr(code).isalnum() or chr(code) == "_" else 0x20 for code in range(0x80)) + b" " * 0x80
_STOP_TEXT: Final = """
a about an and are as at be been but by can did do does for from had has have how i if in into is it its me my
of on or our please so than that the their them then there these they this those to us was we were what when
where which who why will with would you your
"""
_STOP_WORDS: Final = frozenset(_STOP_TEXT.split())
_NO_WORDS: Final = frozenset[str]()
LASTING_CHARS: Final = frozenset("0123456789_abcdefghijklmnopqrstuvwxyz") - {*_STOP_TEXT, "s"}
"""What stands in no stop word and is no ending: where `text_words` are the same, so are these."""
_SENTENCE_WORDS: Final = 3
_SHORTEST_PLURAL: Final = 4
_WORDS_MAX_CHARS: Final = 4096
_GAP_MAX_WORDS: Final = 3
_ONE_GAP_MAX_WORDS: Final = 6
"""Our own choice: a title or a name with its place. Of requests that share half of their words, twice as many stand
around such a gap, each in its place."""

_FRAME_WORDS: Final = 12
_OTHER_TASK: Final = 0.25
"""Our own choice: half of what two requests share from which on they are alike."""


def words(arguments: object) -> list[str]:
    """Return the words of *arguments* in order, repeats kept; arguments that were not captured have none."""
    return [word for field in fields_of(normalise(arguments)) for word in field.words]


@dataclass(frozen=True, slots=True)
class FieldText:
    """One field of arguments: dotted *path* of its name, its whole *value* as text, its *words* in order."""

    path: str
    value: str
    words: tuple[str, ...]


def fields_of(normal: Json) -> list[FieldText]:
    """Return the fields of normalised arguments in canonical order; words are read from the first 4 KiB."""
    grouped: dict[str, list[str]] = {}
    for path, leaf in leaves(normal):
        grouped.setdefault(path, []).append(leaf if isinstance(leaf, str) else json.dumps(leaf))
    found = []
    left = _WORDS_MAX_CHARS
    for path, texts in grouped.items():
        value = "\n".join(texts)
        found.append(field_of(path, value, left))
        left = max(left - len(value), 0)
    return found


def field_of(path: str, value: str, words_max_chars: int = _WORDS_MAX_CHARS) -> FieldText:
    """Return the field at *path* with this *value*; its words are read from the first *words_max_chars*."""
    return FieldText(path, value, tuple(text_words(value[:words_max_chars])))


def text_words(text: str) -> list[str]:
    """Return the words of one text in order."""
    if text.isascii():  # a third of the time
        every = text.lower().encode().translate(_WORDS_APART).decode().split()
    else:
        every = _WORD.findall(text.lower())
    # In fewer, "a" is a name: a.py
    dropped = _STOP_WORDS if len(every) >= _SENTENCE_WORDS and not _STOP_WORDS.issuperset(every) else _NO_WORDS
    return [  # a function for each word takes as long as all else
        word[:-1] if word[-1] == "s" and len(word) >= _SHORTEST_PLURAL and word[-2] != "s" else word
        for word in every
        if word not in dropped
    ]


def jaccard(left: Collection[Hashable], right: Collection[Hashable]) -> float:
    """Return shared over all distinct items, in [0, 1]; two empty sequences share nothing: 0.0."""
    first, second = set(left), set(right)
    shared = len(first & second)
    union = len(first) + len(second) - shared
    return shared / union if union else 0.0


def is_slot_batch(left: Sequence[Hashable], right: Sequence[Hashable]) -> bool:
    """Say whether two word sequences are one sentence with one slot of 1 to 6 words changed, two of 1 to 3, or a frame.

    "capital of Paris" and "capital of Rome" are; a re-phrasing, which moves, adds or drops words, is not. So are two
    tasks under one preamble: a long frame that is kept to the word, and in it other words for another thing.
    """
    start, end = _common_ends(left, right)
    first, second = left[start : len(left) - end], right[start : len(right) - end]
    if not first or not second:
        return False
    longest = max(len(first), len(second))
    if start + end and longest <= _ONE_GAP_MAX_WORDS and set(first).isdisjoint(second):
        return True
    if start + end >= max(longest, _FRAME_WORDS) and jaccard(first, second) <= _OTHER_TASK:
        return True
    if _is_framed(left, right):
        return True
    return any(set(one).isdisjoint(other) for one, other in _two_gaps(first, second))


def _is_framed(left: Sequence[Hashable], right: Sequence[Hashable]) -> bool:
    """Whether one long frame is filled differently in several places, with nothing moved, added or dropped."""
    if len(left) < _FRAME_WORDS or len(set(left) & set(right)) < _FRAME_WORDS or not _may_be_framed(left, right):
        return False
    frame, gaps, others = 0, list[Hashable](), list[Hashable]()
    for tag, begin, end, other_begin, other_end in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            frame += end - begin
        elif tag == "replace":
            gaps += left[begin:end]
            others += right[other_begin:other_end]
        else:
            return False
    return frame >= max(len(gaps), len(others), _FRAME_WORDS) and set(gaps).isdisjoint(others)


def _may_be_framed(left: Sequence[Hashable], right: Sequence[Hashable]) -> bool:
    """Whether what both say equally often comes in one order, as no gap has a word of the others in a frame.

    Asked first, as to match two texts of a hundred words takes a millisecond, thirty times as long.
    """
    counts, others = Counter(left), Counter(right)
    in_both = {word for word, count in counts.items() if others[word] == count}
    return [word for word in left if word in in_both] == [word for word in right if word in in_both]


def _two_gaps(left: Sequence[Hashable], right: Sequence[Hashable]) -> Iterator[tuple[list[Hashable], list[Hashable]]]:
    """Yield the words of both gaps, left and right, for every way to cut equal words out of the middle."""
    gaps = range(1, _GAP_MAX_WORDS + 1)
    for before, other_before, after in itertools.product(gaps, gaps, gaps):
        middle = len(left) - before - after
        other_after = len(right) - other_before - middle
        if middle < 1 or not 1 <= other_after <= _GAP_MAX_WORDS:
            continue
        if list(left[before:-after]) == list(right[other_before:-other_after]):
            yield [*left[:before], *left[-after:]], [*right[:other_before], *right[-other_after:]]


def _common_ends(left: Sequence[Hashable], right: Sequence[Hashable]) -> tuple[int, int]:
    """How many words both begin with, and how many of the others both end with."""
    count, others = len(left), len(right)
    most = min(count, others)
    start = 0
    while start < most and left[start] == right[start]:
        start += 1
    end = 0
    while end < most - start and left[count - 1 - end] == right[others - 1 - end]:
        end += 1
    return start, end
