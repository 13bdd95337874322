"""One attribute value from its bytes, and attributes by look-up: decoded when asked for, never before."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue as AnyValueMessage

from loopwatch_processor import unread

Value = str | bool | int | float | bytes | list[Any] | dict[str, Any] | None

_VALUES_MAX = 50_000
"""In one array or map: so many messages of an agent, with all their parts, are a hundred conversations."""
_STRUCTURE_MAX_BYTES = 8 * 1024 * 1024
"""Of one array or map; empty values of two bytes each cost fifty when they are read."""
_STRING, _BOOLEAN, _INTEGER, _DOUBLE, _ARRAY, _MAP = 0x0A, 0x10, 0x18, 0x21, 0x2A, 0x32
_double = struct.Struct("<d").unpack_from

_known: dict[str, str] = {}
_values: dict[bytes, str] = {}
_ids: dict[bytes, str] = {}
_names: dict[bytes, str] = {}
_KNOWN_STRINGS = 32_768
"""In each of the four."""
_KNOWN_MAX_CHARACTERS = 128


def once(text: str) -> str:
    """*text*, held once unless it is long: names of models, agents and sessions come with every span.

    Not `sys.intern`: in Python 3.12.0 to 3.12.6 what it is given stays for good (python/cpython#113993).
    """
    if len(text) > _KNOWN_MAX_CHARACTERS:
        return text
    if len(_known) >= _KNOWN_STRINGS:
        _known.clear()
    return _known.setdefault(text, text)


def hex_of(encoded: bytes) -> str:
    """The id *encoded* as lower-case hex, held once: it comes with the span, and with each of those below."""
    known = _ids.get(encoded)
    if known is None:
        known = encoded.hex()
        if len(known) <= _KNOWN_MAX_CHARACTERS:
            if len(_ids) >= _KNOWN_STRINGS:
                _ids.clear()
            _ids[encoded] = known
    return known


def name_of(encoded: bytes) -> str:
    """The name of a span, held once unless it is long."""
    known = _names.get(encoded)
    if known is None:
        known = encoded.decode("utf-8", "replace")
        if len(encoded) <= _KNOWN_MAX_CHARACTERS:
            if len(_names) >= _KNOWN_STRINGS:
                _names.clear()
            _names[encoded] = known
    return known


def value_of(encoded: bytes | None) -> Value:
    """Decode one encoded `AnyValue`; `None` when it is absent, empty, not decodable, or has more values than read."""
    if not encoded:
        return None
    if encoded[0] != _STRING:
        scalar = _scalar(encoded)
        return scalar if scalar is not None else _decoded(encoded)
    size = len(encoded) - 2
    # Most short texts have come before. One that has takes an eighth of the time, and is held once.
    known = _values.get(encoded) if size < 128 else _string(encoded)
    if known is not None:
        return known
    if size >= 128 or size < 0 or encoded[1] != size:
        return _decoded(encoded)
    if len(_values) >= _KNOWN_STRINGS:
        _values.clear()
    text = _values[encoded] = encoded[2:].decode("utf-8", "replace")
    return text


def _scalar(encoded: bytes) -> bool | int | float | None:
    """The number of an AnyValue that holds nothing else; by hand, since it takes a tenth of decoding a message."""
    kind, size = encoded[0], len(encoded) - 2
    if kind == _INTEGER:
        return _positive(encoded)
    if kind == _DOUBLE and size == 7:
        return float(_double(encoded, 1)[0])
    return encoded[1] == 1 if kind == _BOOLEAN and size == 0 and encoded[1] <= 1 else None


def _decoded(encoded: bytes) -> Value:
    try:
        if encoded[0] in (_ARRAY, _MAP) and len(encoded) > _STRUCTURE_MAX_BYTES:
            raise _TooManyValues
        return _python(AnyValueMessage.FromString(encoded), _Room())
    except _TooManyValues:
        unread.forgotten["large_values"] += 1
    except (DecodeError, RecursionError):
        pass
    return None


def _string(encoded: bytes) -> str | None:
    """The string of an AnyValue that holds nothing else; read by hand since nearly every attribute is one."""
    if len(encoded) < 130:
        return None
    size, at, shift = 0, 1, 0
    while at < len(encoded) and at < 6:
        byte = encoded[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return encoded[at:].decode("utf-8", "replace") if len(encoded) - at == size else None


def _positive(encoded: bytes) -> int | None:
    """The number of an AnyValue that holds nothing else, up to 56 bits; by hand it takes two fifths of the time."""
    if len(encoded) > 9 or len(encoded) < 2 or encoded[-1] > 0x7F:
        return None
    value = shift = 0
    for byte in encoded[1:-1]:
        if byte < 0x80:
            return None
        value |= (byte & 0x7F) << shift
        shift += 7
    return value | encoded[-1] << shift


class _TooManyValues(Exception):
    """Raised when a structure holds more than `_VALUES_MAX` values."""


class _Room:
    """How many more values may be read."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = _VALUES_MAX

    def take(self, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise _TooManyValues


def _python(value: AnyValueMessage, room: _Room) -> Value:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        items = value.array_value.values
        room.take(len(items))
        return [_python(item, room) for item in items]
    if kind == "kvlist_value":
        entries = value.kvlist_value.values
        room.take(len(entries))
        return {item.key: _python(item.value, room) for item in entries}
    return getattr(value, kind) if kind else None


class Attributes:
    """Attributes by look-up: decoded when asked for, never before."""

    __slots__ = ("_map",)

    def __init__(self, encoded: Any) -> None:
        self._map = encoded

    def get(self, key: str) -> Value:
        """The decoded value of *key*, or None where it is absent or cannot be decoded."""
        return value_of(self._map.get(key))

    def has(self, key: str) -> bool:
        """Whether *key* is present, without decoding its value."""
        return key in self._map

    def keys(self) -> list[str]:
        """All keys, in no particular order."""
        return list(self._map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)
