"""What falls due when: many things with a time each, most of which move on before their time comes."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

NEVER = math.inf
GONE = -math.inf
"""The time of what will never be scheduled again."""


def is_due(at_s: float, now: float, ahead_s: float) -> bool:
    """Whether what was put off until *at_s* may be done *now*: also where that is more than *ahead_s* off, the longest
    that it is ever put off, because the clock was set back since.
    """
    return not now < at_s <= now + ahead_s


class Timed(Protocol):
    """Something that falls due; the schedule writes the time on it."""

    due_s: float


Item = TypeVar("Item", bound=Timed)


class Schedule(Generic[Item]):
    """Gives things out when they fall due.

    A time that moves further away costs nothing: the thing is given out at the earlier time, and whoever takes it puts
    it back. Things due at the same time come in the order in which they were put.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Item]] = []
        self._puts = 0

    def put(self, item: Item, due_s: float) -> None:
        """Give *item* out at *due_s*, unless it comes earlier anyway or is gone."""
        if due_s >= item.due_s:
            return
        item.due_s = due_s
        self._puts += 1
        heapq.heappush(self._heap, (due_s, self._puts, item))

    def drop(self, item: Item) -> None:
        """Never give *item* out again."""
        item.due_s = GONE

    def shift(self, by_s: float) -> None:
        """Give everything out *by_s* later."""
        for item in {id(item): item for _, _, item in self._heap}.values():
            item.due_s += by_s
        # Adding the same to all keeps the order, so it is a heap still.
        self._heap = [(due_s + by_s, put, item) for due_s, put, item in self._heap]

    def due(self, now: float) -> Iterator[Item]:
        """What is due by *now*, also what is put meanwhile; each is off the schedule as it is given out."""
        while self._heap and self._heap[0][0] <= now:
            due_s, _, item = heapq.heappop(self._heap)
            if item.due_s == due_s:
                item.due_s = NEVER
                yield item
