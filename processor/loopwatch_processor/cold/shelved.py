"""A mapping by name whose silent items are packed: they are back as soon as somebody asks for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from loopwatch_processor.cold.shelf import Shelf
from loopwatch_processor.cold.unit import Member


class Silent(Protocol):
    """What is packed when nothing was heard of it for a while."""

    seen_s: float
    """Arrival of its newest span."""


_T = TypeVar("_T", bound=Silent)
_MOST_OLDER = 64


class Shelved(MutableMapping[str, _T], Generic[_T]):
    """In order of activity, the least recently active first, whether packed or not."""

    def __init__(self, shelf: Shelf, warm: Callable[[bytes], None]) -> None:
        self.hot: OrderedDict[str, _T] = OrderedDict()
        """Those that are not packed."""
        self.shelf = shelf
        self._warm = warm

    def get(self, name: str, default: _T | None = None) -> _T | None:  # type: ignore[override]
        """The item *name*, from now on not packed."""
        item = self.hot.get(name)
        if item is None and (unit := self.shelf.get(name)) is not None:
            self._warm(unit)
            item = self.hot[name]
        return item if item is not None else default

    def __getitem__(self, name: str) -> _T:
        item = self.get(name)
        if item is None:
            raise KeyError(name)
        return item

    def __setitem__(self, name: str, item: _T) -> None:
        self.get(name)  # another one of that name may be packed
        self.hot[name] = item

    def __delitem__(self, name: str) -> None:
        self.get(name)
        del self.hot[name]

    def __contains__(self, name: object) -> bool:
        return name in self.hot or (isinstance(name, str) and self.shelf.get(name) is not None)

    def __len__(self) -> int:
        return len(self.hot) + len(self.shelf)

    def __iter__(self) -> Iterator[str]:
        return iter([member.name for member in self.newest_first()][::-1])

    def names(self) -> Iterator[str]:
        """All names in no order, one by one: others may come and go meanwhile."""
        yield from tuple(self.hot)
        yield from (member.name for member in self.shelf.newest_first())

    def newest_first(self) -> Iterator[Member]:
        """Who is there, and when each was heard of last; nothing is unpacked for it."""
        hot = (Member(name, item.seen_s) for name, item in reversed(self.hot.items()))
        # One that was unpacked without anything new may be older than what is packed.
        return merge(hot, self.shelf.newest_first(), key=attrgetter("seen_s"), reverse=True)

    def seen_s(self, name: str) -> float | None:
        """When *name* was heard of last; nothing is unpacked for it."""
        item = self.hot.get(name)
        return item.seen_s if item is not None else self.shelf.seen_s(name)

    def oldest_is_packed(self) -> Member | None:
        """The least recently active one, where that is packed."""
        packed = self.shelf.oldest()
        if packed is None or not self.hot:
            return packed
        return packed if packed.seen_s <= next(iter(self.hot.values())).seen_s else None

    def put_back(self, name: str, item: _T) -> None:
        """*item* was packed, and is where it was in the order."""
        older = []
        for known, other in islice(self.hot.items(), _MOST_OLDER):
            if other.seen_s > item.seen_s:
                break
            older.append(known)
        self.hot[name] = item
        self.hot.move_to_end(name, last=False)
        for known in reversed(older):
            self.hot.move_to_end(known, last=False)
