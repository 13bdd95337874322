"""Spans read by hand, as the SDKs write them: compiled, it takes a third of the instructions of decoding with protobuf.

What is written in any other way is left to protobuf, which also says what is no span at all. Uncompiled, protobuf takes
a third of the instructions of this.
"""

from __future__ import annotations

import struct
from types import FunctionType
from typing import Final

_ATTRIBUTE: Final = 0x4A
_NAME: Final = 0x0A
_VALUE: Final = 0x12
_ONE_BYTE: Final = 0x7F
"""Of a number, the most that is written in one byte."""
_EMPTY: Final = b""
_PASSED: Final = b"\x18\x01"
_FAILED: Final = b"\x18\x02"
_times = struct.Struct("<QBQ").unpack_from
"""Start, the tag of the field behind it, end."""

_KNOWN_MAX: Final = 1_024
_NAMES_MAX: Final = 128
"""More are a history that grows: its next call has others."""
_NAMES_MAX_BYTES: Final = 8_192


class Odd(Exception):
    """Raised where a span is not written as the SDKs write them."""


class Names:
    """Of the attributes of all spans that have the same in the same order."""

    __slots__ = ("all", "in_order", "nothing")

    def __init__(self, in_order: list[str]) -> None:
        self.in_order = in_order
        self.all = frozenset(in_order)
        self.nothing = dict.fromkeys(in_order, _EMPTY)


class Fields:
    """What nearly every span has, as it was sent; see `Span` for its meaning."""

    __slots__ = (
        *("encoded", "end_ns", "has_more", "has_status", "name", "names", "parent_id", "span_id", "start_ns"),
        *("status_code", "trace_id"),
    )

    def __init__(self) -> None:
        self.trace_id = _EMPTY
        self.span_id = _EMPTY
        self.parent_id = _EMPTY
        self.name = _EMPTY
        self.start_ns = 0
        self.end_ns = 0
        self.status_code = 0
        self.has_status = False
        self.has_more = False
        """Whether there is what only protobuf reads: events, links, a message of the status."""
        self.encoded: dict[str, bytes] = {}
        self.names: frozenset[str] = frozenset()

    def hold(self, names: Names, values: list[bytes]) -> None:
        """The attributes; of a name that comes twice the last one counts."""
        encoded = names.nothing.copy()  # half the instructions of one that grows
        for at, name in enumerate(names.in_order):
            encoded[name] = values[at]
        self.encoded = encoded
        self.names = names.all

    def take(self, raw: bytes, at: int) -> int:
        """Read the field of *raw* at *at*, which is no attribute; returns where it ends."""
        tag, size = raw[at], raw[at + 1]
        if tag & 7 == 2:
            at += 2
            if size > _ONE_BYTE:
                size, at = _long(raw, size, at)
            self._take_bytes(raw, tag, at, at + size)
            return at + size
        if tag == 0x39:
            self.start_ns, tag, self.end_ns = _times(raw, at + 1)
            if tag != 0x41:
                raise Odd
            return at + 18
        return at + _size_of(tag, size)

    def _take_bytes(self, raw: bytes, tag: int, at: int, stop: int) -> None:
        if tag == 0x0A:
            self.trace_id = raw[at:stop]
        elif tag == 0x12:
            self.span_id = raw[at:stop]
        elif tag == 0x22:
            self.parent_id = raw[at:stop]
        elif tag == 0x2A:
            self.name = raw[at:stop]
        elif tag == 0x7A:
            self._take_status(raw[at:stop])
        elif tag in (0x1A, 0x5A, 0x6A):  # trace state, event, link
            self.has_more = True
        else:
            raise Odd

    def _take_status(self, status: bytes) -> None:
        if self.has_status:
            raise Odd  # two are one in parts
        self.has_status = True
        if status in (_PASSED, _FAILED):
            self.status_code = status[1]
        elif status:
            self.has_more = True


def _size_of(tag: int, first: int) -> int:
    """Of a field that is a number which nobody asks for, or rarely: kind, flags, how much was dropped."""
    if tag == 0x85 and first == 1:
        return 6
    if first > _ONE_BYTE or tag not in (0x30, 0x50, 0x60, 0x70):
        raise Odd
    return 2


def fields_of(raw: bytes) -> Fields | None:
    """The fields of the encoded span *raw*; None where it is for protobuf to read them."""
    fields = Fields()
    marks: list[bytes] = []
    values: list[bytes] = []
    at, end = 0, len(raw)
    try:
        while at < end:
            at = _attribute(raw, at + 1, marks, values) if raw[at] == _ATTRIBUTE else fields.take(raw, at)
        fields.hold(_names_of(marks), values)
    except (Odd, IndexError, UnicodeDecodeError, struct.error):
        return None
    return fields if at == end else None


def _attribute(raw: bytes, at: int, marks: list[bytes], values: list[bytes]) -> int:
    """Read the attribute whose size is at *at*: name and value, in this order; returns where it ends."""
    size = raw[at]
    at += 1
    if size > _ONE_BYTE:
        size, at = _long(raw, size, at)
    stop = at + size
    behind = at + 2 + raw[at + 1]
    begin, size = behind + 2, raw[behind + 1]
    if size > _ONE_BYTE:
        size, begin = _long(raw, size, begin)
    if raw[at] != _NAME or raw[at + 1] > _ONE_BYTE or raw[behind] != _VALUE or begin + size != stop:
        raise Odd
    marks.append(raw[at:behind])
    values.append(raw[begin:stop])
    return stop


def _long(raw: bytes, first: int, at: int) -> tuple[int, int]:
    """A size that goes on at *at* behind its *first* byte, and where it ends."""
    size, shift = first & _ONE_BYTE, 7
    while shift < 28:
        byte = raw[at]
        at += 1
        size |= (byte & _ONE_BYTE) << shift
        if byte <= _ONE_BYTE:
            return size, at
        shift += 7
    raise Odd


_known: dict[bytes, Names] = {}


def _names_of(marks: list[bytes]) -> Names:
    """The names that are encoded as *marks*, each behind its length, which is one byte, and the tag.

    Raises:
        UnicodeDecodeError: one is no UTF-8.
    """
    mark = b"".join(marks)
    known = _known.get(mark)
    if known is None:
        known = Names([name[2:].decode() for name in marks])
        if len(marks) <= _NAMES_MAX and len(mark) <= _NAMES_MAX_BYTES:
            if len(_known) >= _KNOWN_MAX:
                _known.clear()
            _known[mark] = known
    return known


IS_FASTER: Final = not isinstance(fields_of, FunctionType)
"""Than protobuf: where it is compiled."""
