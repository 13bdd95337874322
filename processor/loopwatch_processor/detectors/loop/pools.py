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
    counts: dict[Hashable, int] = {}
    for words in said:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    shares = [len([1 for word in words if counts[word] > 1]) / len(words) for words in said]
    in_all = list(counts.values()).count(len(said))
    return Pool(sum(shares) / len(shares), min(shares), in_all * len(said) / sum(map(len, said)))
