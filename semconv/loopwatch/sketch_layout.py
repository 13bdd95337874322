"""The bytes of a sketch: at most 48, written as at most 64 characters of URL-safe base64.

The first byte says version and layout:

``0x11`` **ordered**, for arguments of few words: 12-bit units. For each field two units (8-bit key mark,
4-bit word count, 12-bit value mark), then one unit for each word in order. A count of 15 means "all that is
left": a field that long is written last, and two of them do not fit.

``0x12`` **binned**, for longer ones: five field marks (8-bit key, 16-bit value), then 64 bins of 4 bits: a
one-permutation sketch of the set of word hashes, where 0 means that no word fell into the bin.

docs/decisions/ has why this layout was chosen.
"""

import base64
import binascii
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

SKETCH_MAX_CHARS: Final = 64
"""Longest encoded sketch."""

_ORDERED: Final = 0x11
_BINNED: Final = 0x12
_UNIT_BITS: Final = 12
_UNITS_MAX: Final = 31
_COUNT_REST: Final = 15
_MARKS: Final = 5
_MARKS_END: Final = 1 + 3 * _MARKS
_BINS: Final = 64
_BINNED_BYTES: Final = _MARKS_END + _BINS // 2
_VALUES: Final = 15
_LOWEST_BITS: Final = int("1" * _BINS, 16)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: marks for its name (*key*, 8 bits) and *value* (16 bits), 12-bit hashes of its *words*.

    In the ordered layout the lowest four bits of *value* are zero; in the binned one *words* is empty.
    """

    key: int
    value: int
    words: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bins:
    """64 bins of 4 bits in one integer; *filled* has the lowest bit of every bin that a word fell into."""

    values: int
    filled: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A sketch as it is read: *bins* is None in the ordered layout, *words* are absent in the binned one."""

    fields: tuple[Field, ...]
    words: tuple[int, ...] = ()
    word_set: frozenset[int] = frozenset()
    bins: Bins | None = None

    def as_bins(self) -> Bins:
        """Return the bins, made from the words where the layout has words."""
        return _filled(bins_of(self.word_set)) if self.bins is None else self.bins


def encode(fields: Sequence[Field]) -> str:
    """Return the sketch of *fields*: ordered where they fit, else binned."""
    units = sum(2 + len(field.words) for field in fields)
    data = _ordered(fields) if units <= _UNITS_MAX else _binned(fields)
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@functools.lru_cache(maxsize=8192)
def decode(sketch: str) -> Layout | None:
    """Return what *sketch* holds, or None when it is no sketch of a layout known here. Never raises."""
    if not 2 <= len(sketch) <= SKETCH_MAX_CHARS or not sketch.isascii():
        return None
    try:
        data = base64.urlsafe_b64decode(sketch + "=" * (-len(sketch) % 4))
    except (binascii.Error, ValueError):
        return None
    if data[:1] == bytes((_ORDERED,)):
        return _read_ordered(data[1:])
    if data[:1] == bytes((_BINNED,)) and len(data) == _BINNED_BYTES:
        return _read_binned(data)
    return None


def bins_of(words: Iterable[int]) -> int:
    """Return 64 bins of 4 bits, the first one highest: each holds the value of its lowest-ranked word."""
    bins = 0
    lowest = [1 << 32] * _BINS
    table = _word_table()
    for word in words:
        place, rank, value = table[word]
        if rank < lowest[place]:
            lowest[place] = rank
            bins = bins & ~(0xF << 4 * place) | value << 4 * place
    return bins


def bins_similarity(left: Bins, right: Bins) -> float:
    """Estimate the Jaccard index of two binned sets, corrected for values that agree by chance."""
    union = (left.filled | right.filled).bit_count()
    if not union:
        return 0.0
    both = (left.filled & right.filled).bit_count()
    matches = union - _lowest_bits(left.values ^ right.values).bit_count()
    return min(max((matches - both / _VALUES) / (1 - 1 / _VALUES) / union, 0.0), 1.0)


def _filled(values: int) -> Bins:
    return Bins(values, _lowest_bits(values))


def _lowest_bits(values: int) -> int:
    """Set the lowest bit of every bin that is not 0, and no other."""
    folded = values | values >> 2
    return (folded | folded >> 1) & _LOWEST_BITS


def _ordered(fields: Sequence[Field]) -> bytes:
    bits = count = 0
    for field in sorted(fields, key=_long_last):
        head = field.key << 4 | min(len(field.words), _COUNT_REST)
        for unit in (head, field.value >> 4, *field.words):
            bits = bits << _UNIT_BITS | unit
            count += 1
    padding = 4 * (count % 2)
    return bytes((_ORDERED,)) + (bits << padding).to_bytes((count * _UNIT_BITS + padding) // 8, "big")


def _long_last(field: Field) -> tuple[bool, int]:
    return len(field.words) >= _COUNT_REST, field.key


def _read_ordered(data: bytes) -> Layout | None:
    count = len(data) * 8 // _UNIT_BITS
    bits = int.from_bytes(data, "big") >> (len(data) * 8 - count * _UNIT_BITS)
    units = [bits >> (_UNIT_BITS * place) & 0xFFF for place in reversed(range(count))]
    fields: list[Field] = []
    at = 0
    while at + 2 <= count:
        length = units[at] & 0xF
        end = count if length == _COUNT_REST else at + 2 + length
        fields.append(Field(units[at] >> 4, units[at + 1] << 4, tuple(units[at + 2 : end])))
        at = end
    if at != count:
        return None
    in_order = sorted(fields, key=lambda field: field.key)
    every = tuple(word for field in in_order for word in field.words)
    return Layout(tuple(in_order), every, frozenset(every))


def _binned(fields: Sequence[Field]) -> bytes:
    marks = b"".join(bytes((field.key,)) + field.value.to_bytes(2, "big") for field in fields[:_MARKS])
    bins = bins_of({word for field in fields for word in field.words})
    return bytes((_BINNED,)) + marks.ljust(_MARKS_END - 1, b"\0") + bins.to_bytes(_BINS // 2, "big")


def _read_binned(data: bytes) -> Layout:
    marks = (data[at : at + 3] for at in range(1, _MARKS_END, 3))
    fields = (Field(mark[0], int.from_bytes(mark[1:], "big")) for mark in marks if any(mark))
    return Layout(tuple(fields), bins=_filled(int.from_bytes(data[_MARKS_END:], "big")))


@functools.cache
def _word_table() -> tuple[tuple[int, int, int], ...]:
    """Return (bin, rank, value) of every 12-bit word hash: fixed, so that sketches of any process compare."""
    mixed = (_mix(word + 1) for word in range(1 << _UNIT_BITS))
    return tuple((code % _BINS, _mix(code ^ 0x9E3779B9), 1 + (code >> 8) % _VALUES) for code in mixed)


def _mix(code: int) -> int:
    """Scatter 32 bits one to one (the finaliser of MurmurHash3, public domain)."""
    code = (code ^ code >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    code = (code ^ code >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return code ^ code >> 16
