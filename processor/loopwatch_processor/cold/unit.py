"""What is packed together, as one bytes value: a head that says of what without unpacking, and the compressed rest."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_HEAD: Final = struct.Struct("<HBB")
_MEMBER: Final = struct.Struct("<dHH")
MOST_TRACES: Final = 64
"""Of one unit; its head has room for four times as many."""
_NAME_BYTES: Final = 65_535
_ID_CHARS: Final = 32
_HEX: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Member:
    """A session or a trace in a unit."""

    name: str
    seen_s: float
    size: int = 0
    """Findings of a session, spans of a trace."""


def head(dictionary: int, sessions: Sequence[Member], traces: Sequence[Member]) -> bytes:
    """The head of a unit; its compressed rest goes right behind."""
    parts = [_HEAD.pack(dictionary, len(sessions), len(traces))]
    for member in (*sessions, *traces):
        name = _name_bytes(member.name)
        parts += (_MEMBER.pack(member.seen_s, member.size, len(name)), name)
    return b"".join(parts)


def fits(name: str) -> bool:
    """Whether a head has room for *name*, which an agent may have chosen."""
    return len(name) * 4 < _NAME_BYTES


def dictionary_of(unit: bytes) -> int:
    """What its rest was compressed with."""
    number: int = _HEAD.unpack_from(unit)[0]
    return number


def sessions_of(unit: bytes) -> list[Member]:
    """The sessions that were put in."""
    return list(_members(unit))[: unit[2]]


def traces_of(unit: bytes) -> list[Member]:
    """The traces that were put in."""
    return list(_members(unit))[unit[2] :]


def rest_of(unit: bytes) -> bytes:
    """What is compressed."""
    at = _HEAD.size
    for _ in range(unit[2] + unit[3]):
        at += _MEMBER.size + _MEMBER.unpack_from(unit, at)[2]
    return unit[at:]


def _members(unit: bytes) -> Iterator[Member]:
    at = _HEAD.size
    for _ in range(unit[2] + unit[3]):
        seen_s, size, length = _MEMBER.unpack_from(unit, at)
        at += _MEMBER.size
        yield Member(_name_of(unit[at : at + length]), seen_s, size)
        at += length


def _name_bytes(name: str) -> bytes:
    """The ids of traces, as they nearly all are, take half of their letters; a mark tells them from other names."""
    if len(name) == _ID_CHARS and _HEX.issuperset(name):
        return b"\0" + bytes.fromhex(name)
    return b"\1" + name.encode("utf-8", "surrogatepass")


def _name_of(data: bytes) -> str:
    return data[1:].hex() if data[0] == 0 else data[1:].decode("utf-8", "surrogatepass")
