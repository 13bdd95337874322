"""What is written to a row is what a value holds, whatever its class is made of."""

from __future__ import annotations

from dataclasses import dataclass

from loopwatch_processor.journal.upserts import shallow


@dataclass(frozen=True, slots=True)
class Slotted:
    """As the source has them."""

    name: str
    document: dict[str, int]


@dataclass
class Plain:
    """As compiled ones are: without slots."""

    name: str
    document: dict[str, int]


def test_the_fields_of_a_value_are_its_columns() -> None:
    """With slots and without, and nothing is copied."""
    document = {"n": 1}
    for kind in (Slotted, Plain):
        found = shallow(kind("x", document))
        assert found == {"name": "x", "document": document}
        assert found["document"] is document
