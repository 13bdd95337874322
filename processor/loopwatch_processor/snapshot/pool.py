"""Steps and addresses that are told of in several places, each written once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from loopwatch_processor.node import Address
from loopwatch_processor.snapshot.steps import Row, row_of, step_of
from loopwatch_processor.step import Step


@dataclass(slots=True)
class Pool:
    """Rows by number. What is one object is one again when it is read: detectors and runs compare by identity."""

    steps: list[Row] = field(default_factory=list)
    addresses: list[Row] = field(default_factory=list)
    _known: dict[int, int] = field(default_factory=dict)

    def step(self, step: Step | None) -> int | None:
        """The number of *step*, which must live as long as this does; None for none."""
        if step is None:
            return None
        number = self._known.get(id(step))
        if number is None:
            number = self._known[id(step)] = len(self.steps)
            self.steps.append(row_of(step))
        return number

    def address(self, address: Address) -> int:
        """The number of *address*."""
        number = self._known.get(id(address))
        if number is None:
            number = self._known[id(address)] = len(self.addresses)
            self.addresses.append(
                [address.session_key, address.run_key, address.agent_key, address.turn, address.chained]
            )
        return number


class Read:
    """The same, read."""

    def __init__(self, steps: Sequence[Row], addresses: Sequence[Row]) -> None:
        self._steps = [step_of(row) for row in steps]
        self._addresses = [Address(row[0], row[1], (row[2][0], row[2][1]), *row[3:]) for row in addresses]

    def step(self, number: int | None) -> Step | None:
        return None if number is None else self._steps[number]

    def known(self, number: int) -> Step:
        return self._steps[number]

    def address(self, number: int) -> Address:
        return self._addresses[number]
