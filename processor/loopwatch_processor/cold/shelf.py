"""Which unit holds what, by name, and in order of silence: some eighty bytes a name."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from math import floor
from typing import Final

from loopwatch_processor.cold.unit import Member

_PARTS: Final = 64
"""A dictionary of a million entries grows in 60 ms, during which nothing is scored; one of these in one."""
_KEY_BYTES: Final = 8
_KEY_BITS: Final = 60
"""An integer of so many bits takes 32 bytes; the name itself, as a string, takes 64 to 100."""
_MOST_STALE: Final = 64


class Shelf:
    """Units by the names of their members, of which *members_of* a unit tells."""

    def __init__(self, members_of: Callable[[bytes], Sequence[Member]]) -> None:
        self._members_of = members_of
        self._units: list[dict[int, bytes]] = [{} for _ in range(_PARTS)]
        self._size = 0
        self._rows: dict[int, list[int]] = {}
        """Keys by the second of what was heard last, also of some that are here no more."""
        self._left: dict[int, int] = {}
        """How many of each row are still here."""
        self._seconds: list[int] = []
        """Of the rows, the earliest on top of the heap."""
        self._shifted_s = 0.0
        self.contents = 0
        """Of all members together; see `Member.size`."""

    def __len__(self) -> int:
        return self._size

    def get(self, name: str) -> bytes | None:
        """The unit that holds *name*."""
        if not self._size:
            return None
        key = _key(name)
        unit = self._units[key % _PARTS].get(key)
        return unit if unit is not None and self._member(unit, key).name == name else None

    def seen_s(self, name: str) -> float | None:
        """When *name* was heard of last; None where it is not here."""
        unit = self.get(name)
        return self._member(unit, _key(name)).seen_s + self._shifted_s if unit is not None else None

    def has_room(self, name: str) -> bool:
        """Whether *name* can be told from all that is here: two names in 10^18 share a key."""
        key = _key(name)
        return key not in self._units[key % _PARTS]

    def stored_s(self, seen_s: float) -> float:
        """*seen_s* as it is written in a unit: see `shift`."""
        return seen_s - self._shifted_s

    def add(self, member: Member, unit: bytes) -> None:
        """Put *unit* where *member* of it is found."""
        key = _key(member.name)
        self._units[key % _PARTS][key] = unit
        self._size += 1
        self.contents += member.size
        second = floor(member.seen_s)
        row = self._rows.get(second)
        if row is None:
            row = self._rows[second] = []
            self._left[second] = 0
            heapq.heappush(self._seconds, second)
        row.append(key)
        self._left[second] += 1

    def take(self, name: str) -> float:
        """Remove *name*, which is here; returns when it was heard of last."""
        key = _key(name)
        member = self._member(self._units[key % _PARTS].pop(key), key)
        self._size -= 1
        self.contents -= member.size
        self._leave(floor(member.seen_s))
        return member.seen_s + self._shifted_s

    def oldest(self) -> Member | None:
        """What was silent for longest."""
        while self._seconds:
            found = self._first(self._seconds[0])
            if found is not None:
                return found
            second = heapq.heappop(self._seconds)
            del self._rows[second], self._left[second]
        return None

    def newest_first(self) -> Iterator[Member]:
        """All that was here when this began, what was silent for shortest first; others may come and go meanwhile."""
        for second in sorted(self._rows, reverse=True):
            for key in dict.fromkeys(reversed(self._rows.get(second, ()))):
                member = self._known(key, second)
                if member is not None:
                    yield member

    def shift(self, by_s: float) -> None:
        """All was heard of *by_s* later than it says."""
        self._shifted_s += by_s

    def _leave(self, second: int) -> None:
        self._left[second] -= 1
        row = self._rows[second]
        if len(row) > 2 * self._left[second] + _MOST_STALE:
            self._rows[second] = list(dict.fromkeys(key for key in row if self._known(key, second) is not None))

    def _first(self, second: int) -> Member | None:
        """The first of a row that is still here; those before it are dropped, at once, as a list drops its head."""
        row = self._rows[second]
        for place, key in enumerate(row):
            if (member := self._known(key, second)) is not None:
                del row[:place]
                return member
        row.clear()
        return None

    def _known(self, key: int, second: int) -> Member | None:
        unit = self._units[key % _PARTS].get(key)
        if unit is None:
            return None
        member = self._member(unit, key)
        if floor(member.seen_s) != second:
            return None  # it was here, left, and came back later
        return Member(member.name, member.seen_s + self._shifted_s, member.size)

    def _member(self, unit: bytes, key: int) -> Member:
        members = self._members_of(unit)
        if len(members) == 1:
            return members[0]
        return next(member for member in members if _key(member.name) == key)


def _key(name: str) -> int:
    hashed = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()
    return int.from_bytes(hashed, "little") >> (8 * _KEY_BYTES - _KEY_BITS)
