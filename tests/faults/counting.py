"""What each fault cost, in counts: what was sent, answered OK, scored, stored and paged. `conftest.py` prints it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

Row = tuple[str, dict[str, object]]
KEPT: pytest.StashKey[list[Row]] = pytest.StashKey()


@dataclass
class Counts:
    """The counts of one fault, as they are known."""

    fault: str
    found: dict[str, object] = field(default_factory=dict)

    def add(self, **counts: object) -> None:
        """Name what was counted; underscores become spaces."""
        self.found.update({name.replace("_", " "): value for name, value in counts.items()})


def lines(rows: list[Row]) -> list[str]:
    """One paragraph a fault, for the end of the run."""
    return [f"{fault}: " + ", ".join(f"{name} {value}" for name, value in found.items()) for fault, found in rows]
