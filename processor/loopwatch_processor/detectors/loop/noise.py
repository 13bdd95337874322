"""What in the answers to one call is noise: the same words around ids and numbers of their own.

A value that only grows or only falls is progress, whatever it counts. One that is written in other letters and digits
each time is an id, and one that goes up and down tells nothing by itself. No list of names says which is which.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise
from operator import ne
from typing import Final

_VALUE: Final = re.compile(r"~|#?(?<![^\W_])[^\W\d_]*+\d(?:[^\W_]++|[.,:/_-](?=[^\W_]))*+")
"""A word with a digit in it, to its end: 0.86, 12/05/2026, S-2752, #0a3d91; or what `steady` masked."""
_OF_VALUES: Final = bytes({*range(0x80, 0x100), *map(ord, string.ascii_letters + string.digits + "~#.,:/_-\0")})
"""What values are made of, and their holes. What else stands in two texts is seen in a fiftieth of the time."""
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_WORDS_FOR_A_VALUE: Final = 20
"""Our own choice: more than a sentence. What brings data has a number in each, or every few words."""
_WORDS_OF_A_FAILURE: Final = 8
"""A failure brings no data."""
_CHARS_OF_A_WORD: Final = 3
"""The fewest, with what stands behind it."""
_HOLE: Final = "\0"
"""What no text has; the mask of `steady` may be part of an answer."""
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_PARTS: Final = re.compile(r"[.,:/_-]")
_PLAIN_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?[^\W\d_]{0,4}")
"""With its unit, if any."""
FALLS: Final = 4
"""Our own choice: of numbers without order so many fall in a row one time in 24."""
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{5,}|[0-9A-F]{5,}")
"""Of four digits or less many are measures with a unit, and a colour has a sign before it."""


class Noise(IntEnum):
    """How answers differ."""

    NONE = 0
    """Not at all, or in ids."""
    NUMBERS = 1
    """Also in numbers that go up and down."""
    NEWS = 2
    """In words, or in a number that only grows or only falls."""


def without_values(text: str) -> str:
    """*text* without its values: words with a digit in them."""
    return _VALUE.sub(_HOLE, text)


def values_in(text: str) -> list[str]:
    """The values in *text*, in order."""
    return _VALUE.findall(text)


def differ_in_ids(values: Sequence[str], others: Sequence[str]) -> bool:
    """Whether *values* and *others*, of two texts that are the same without them, are the same but for ids."""
    pairs = zip(values, others, strict=False)
    return all(left == right or _differ_as_ids(left, right) for left, right in pairs)


def words_in(text: str) -> list[str]:
    """The words of *text* that are no values, in order."""
    return _WORD.findall(without_values(text))


def is_mostly_words(text: str, values: Sequence[str], others: Sequence[str], *, fails: bool) -> bool:
    """Whether *text*, of two answers without their values, has many words for each of the values that differ."""
    differing = sum(left != right for left, right in zip(values, others, strict=False))
    return len(_WORD.findall(text)) >= (_WORDS_OF_A_FAILURE if fails else _WORDS_FOR_A_VALUE) * differing


def may_be_mostly_words(text: str, other: str, *, fails: bool) -> bool:
    """False where `is_mostly_words` is for two answers, without a look at their values: nearly always.

    Each word of theirs that differs has a value, and words of two letters or more end three places apart.
    """
    mine, theirs = text.split(), other.split()
    differing = sum(map(ne, mine, theirs))
    needed = (_WORDS_OF_A_FAILURE if fails else _WORDS_FOR_A_VALUE) * differing
    return len(mine) == len(theirs) and _CHARS_OF_A_WORD * needed <= len(text) + 1


def noise_among(answers: Sequence[Sequence[str]]) -> Noise:
    """Say how the values of *answers* to one call, in their order, differ; without them the answers are the same."""
    columns = zip(*answers, strict=False)
    return max((_noise_in(column) for column in columns if len(set(column)) > 1), default=Noise.NONE)


def without_value_chars(text: str) -> bytes:
    """What no value of *text* is made of: where it differs from that of another text, so do the two without values."""
    return text.encode(errors="replace").translate(None, _OF_VALUES)


def one_falls(rows: Sequence[Sequence[str]]) -> bool:
    """Whether in *rows*, the values of answers in their order, there are some, and one of them falls each time.

    Also where it is a time, which else tells nothing: what is left, or what was measured.
    """
    return len(rows) >= FALLS and any(map(_falls, zip(*rows, strict=False)))


def _falls(column: Sequence[str]) -> bool:
    if column[0] == column[-1] or not all(map(_PLAIN_NUMBER.fullmatch, column)):
        return False
    numbers = [float(_NUMBER.findall(value)[0]) for value in column]
    return all(later < earlier for earlier, later in pairwise(numbers))


def _noise_in(column: Sequence[str]) -> Noise:
    if _are_ids(column):
        return Noise.NONE
    if len({_NUMBER.sub("0", value) for value in column}) > 1:
        return Noise.NEWS
    numbers = [tuple(map(float, _NUMBER.findall(value))) for value in column]
    return Noise.NEWS if sorted(numbers) in (numbers, numbers[::-1]) else Noise.NUMBERS


def _differ_as_ids(left: str, right: str) -> bool:
    """Whether both are ids, or the same around ids: f5abec9d.webp."""
    if _are_ids((left, right)):
        return True
    parts, others = _PARTS.split(left), _PARTS.split(right)
    return len(parts) == len(others) > 1 and all(map(_is_same_part, parts, others))


def _is_same_part(left: str, right: str) -> bool:
    return left == right or _are_ids((left, right))


def _are_ids(values: Sequence[str]) -> bool:
    """Whether all are hexadecimal numbers of one length, and not all of them might be decimal ones."""
    if len(set(map(len, values))) > 1 or not all(map(_HEXADECIMAL.fullmatch, values)):
        return False
    return not all(map(str.isdecimal, values))
