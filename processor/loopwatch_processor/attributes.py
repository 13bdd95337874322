"""One attribute value from its bytes, and attributes by look-up: decoded when asked for, never before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue as AnyValueMessage

Value = str | bool | int | float | bytes | list[Any] | dict[str, Any] | None

_known: dict[str, str] = {}
_KNOWN_STRINGS = 65_536


def once(text: str) -> str:
    """*text*, held once: names of models, agents and sessions come with every span.

    Not `sys.intern`: in Python 3.12.0 to 3.12.6 what it is given stays for good (python/cpython#113993).
    """
    if len(_known) >= _KNOWN_STRINGS:
        _known.clear()
    return _known.setdefault(text, text)


def value_of(encoded: bytes | None) -> Value:
    """Decode one encoded `AnyValue`; `None` when it is absent, empty or not decodable."""
    if not encoded:
        return None
    if encoded[0] == 0x0A and (text := _short_string(encoded)) is not None:
        return text
    try:
        return _python(AnyValueMessage.FromString(encoded))
    except (DecodeError, RecursionError):
        return None


def _short_string(encoded: bytes) -> str | None:
    """The string of an AnyValue that holds nothing else; read by hand since nearly every attribute is one."""
    if len(encoded) < 130:
        # One byte of length, or no string alone: the common case without the loop below.
        fits = len(encoded) > 1 and encoded[1] == len(encoded) - 2
        return once(encoded[2:].decode("utf-8", "replace")) if fits else None
    size, at, shift = 0, 1, 0
    while at < len(encoded) and at < 6:
        byte = encoded[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return encoded[at:].decode("utf-8", "replace") if len(encoded) - at == size else None


def _python(value: AnyValueMessage) -> Value:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_python(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {item.key: _python(item.value) for item in value.kvlist_value.values}
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
