"""Different names in their order, of which there are nearly always few, and sometimes as many as spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

Names = tuple[str, ...] | dict[str, None]
FEW: Final = 16
"""As many are looked through in 0.2 µs; of one or so many, a dictionary takes three to four times the memory."""


def names_of(given: Sequence[str]) -> Names:
    """*given*, which are all different."""
    return tuple(given) if len(given) <= FEW else dict.fromkeys(given)


def with_name(names: Names, name: str, most: int) -> Names:
    """*names*, which are not used any more, and *name*, which is new, as the last one; beyond *most* the first goes."""
    if isinstance(names, dict):
        if len(names) >= most:
            del names[next(iter(names))]
        names[name] = None
        return names
    return names_of((*names, name)[-most:])
