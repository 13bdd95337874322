"""The bytes of a sketch: at most 48, written as at most 64 characters of URL-safe base64.

The first byte says version and layout:

``0x11`` **ordered**, for arguments of few words: units of 13 bits. For each field a unit with the mark of its name
(8 bits) and its count of words (5 bits), a unit with the mark of its value, then one unit for each word in order.

``0x12`` **binned**, for longer ones: five field marks (8 bits for the name, 13 for the value), then 67 bins of 4 bits:
a one-permutation sketch of the set of word hashes, where 0 means that no word fell into the bin.

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
_UNIT_BITS: Final = 13
_COUNT_BITS: Final = 5
_KEY_BITS: Final = _UNIT_BITS - _COUNT_BITS
_BODY_BYTES: Final = 47
_UNITS_MAX: Final = _BODY_BYTES * 8 // _UNIT_BITS
_MARKS: Final = 5
_MARK_BITS: Final = _KEY_BITS + _UNIT_BITS
_BINS: Final = 67
_BINS_BITS: Final = 4 * _BINS
_VALUES: Final = 15
_UNIT_MASK: Final = (1 << _UNIT_BITS) - 1
_COUNT_MASK: Final = (1 << _COUNT_BITS) - 1
_MARK_MASK: Final = (1 << _MARK_BITS) - 1
_LOWEST_BITS: Final = int("1" * _BINS, 16)

MARK_BITS: Final = _UNIT_BITS
"""Bits of the hash that stands for a word or for a value."""

KEY_BITS: Final = _KEY_BITS
"""Bits of the hash that stands for a field's name."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: marks for its name (*key*, 8 bits) and *value* (13 bits), 13-bit hashes of its *words*.

    Read from the binned layout it has no *words*.
    """

    key: int
    value: int
    words: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Bins:
    """67 bins of 4 bits in one integer; *filled* has the lowest bit of every bin that a word fell into."""

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
    if data[:1] == bytes((_BINNED,)) and len(data) == 1 + _BODY_BYTES:
        return _read_binned(data[1:])
    return None


def bins_of(words: Iterable[int]) -> int:
    """Return 67 bins of 4 bits, the first one lowest: each holds the value of its lowest-ranked word."""
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
    for field in fields:
        for unit in (field.key << _COUNT_BITS | len(field.words), field.value, *field.words):
            bits = bits << _UNIT_BITS | unit
            count += 1
    length = -(-count * _UNIT_BITS // 8)
    return bytes((_ORDERED,)) + (bits << length * 8 - count * _UNIT_BITS).to_bytes(length, "big")


def _read_ordered(data: bytes) -> Layout | None:
    count = len(data) * 8 // _UNIT_BITS
    bits = int.from_bytes(data, "big") >> (len(data) * 8 - count * _UNIT_BITS)
    units = [bits >> (_UNIT_BITS * place) & _UNIT_MASK for place in reversed(range(count))]
    fields: list[Field] = []
    at = 0
    while at + 2 <= count:
        end = at + 2 + (units[at] & _COUNT_MASK)
        fields.append(Field(units[at] >> _COUNT_BITS, units[at + 1], tuple(units[at + 2 : end])))
        at = end
    if at != count:
        return None
    every = tuple(word for field in fields for word in field.words)
    return Layout(tuple(fields), every, frozenset(every))


def _binned(fields: Sequence[Field]) -> bytes:
    bits = 0
    for place in range(_MARKS):
        mark = fields[place].key << _UNIT_BITS | fields[place].value if place < len(fields) else 0
        bits = bits << _MARK_BITS | mark
    bins = bins_of({word for field in fields for word in field.words})
    return bytes((_BINNED,)) + (bits << _BINS_BITS | bins).to_bytes(_BODY_BYTES, "big")


def _read_binned(data: bytes) -> Layout:
    bits = int.from_bytes(data, "big")
    bins = bits & ((1 << _BINS_BITS) - 1)
    marks = [bits >> (_BINS_BITS + _MARK_BITS * place) & _MARK_MASK for place in reversed(range(_MARKS))]
    fields = (Field(mark >> _UNIT_BITS, mark & _UNIT_MASK) for mark in marks if mark)
    return Layout(tuple(fields), bins=_filled(bins))


@functools.cache
def _word_table() -> tuple[tuple[int, int, int], ...]:
    """Return (bin, rank, value) of every 13-bit word hash: fixed, so that sketches of any process compare."""
    mixed = (_mix(word + 1) for word in range(1 << _UNIT_BITS))
    return tuple((code % _BINS, _mix(code ^ 0x9E3779B9), 1 + (code >> 8) % _VALUES) for code in mixed)


def _mix(code: int) -> int:
    """Scatter 32 bits one to one (the finaliser of MurmurHash3, public domain)."""
    code = (code ^ code >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    code = (code ^ code >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return code ^ code >> 16
