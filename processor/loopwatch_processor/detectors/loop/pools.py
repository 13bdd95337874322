"""The pool of words that several requests take theirs from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

_FRAME: Final = 0.6
"""Our own choice: of what a call shares with others, the part that all share; in lists it is nine tenths."""


@dataclass(frozen=True, slots=True)
class Pool:
    """How much of its words each request shares with the others, in [0, 1]."""

    mean: float = 0.0
    least: float = 0.0
    frame: float = 0.0
    """The part of all words that every request has."""

    @property
    def is_frame(self) -> bool:
        """Whether what they share is one sentence, about other items."""
        return self.frame > _FRAME * self.mean


def pool_of(said: Sequence[frozenset[Hashable]]) -> Pool:
    """Return how much of their words the requests *said* share; nothing where one of them has none."""
    if not all(said):
        return Pool()
    shares = [len(words & _others(said, words)) / len(words) for words in said]
    frame = len(said[0].intersection(*said)) * len(said) / sum(map(len, said))
    return Pool(sum(shares) / len(shares), min(shares), frame)


def _others(said: Sequence[frozenset[Hashable]], words: frozenset[Hashable]) -> frozenset[Hashable]:
    return frozenset().union(*(other for other in said if other is not words))
