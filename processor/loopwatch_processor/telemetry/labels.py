"""Bounds on label values: what agents call themselves must never fill Prometheus's memory."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

OTHER = "other"
"""What every value beyond a bound becomes."""
MAX_VALUE_CHARACTERS = 120
_MENDED = "?"

_Child = TypeVar("_Child")


@dataclass(frozen=True, slots=True)
class LabelLimits:
    """How many distinct values each label may have, and how many series one metric."""

    values: int = 200
    """Of each label that `by_label` does not name."""
    by_label: Mapping[str, int] = field(default_factory=dict)
    series: int = 5_000


class Labels:
    """The label values in use, shared by all metrics, so that a value has one name everywhere."""

    def __init__(self, limits: LabelLimits, on_overflow: Callable[[str], None]) -> None:
        self.limits = limits
        self.on_overflow = on_overflow
        self._admitted: dict[str, set[str]] = {}

    def admit(self, label: str, value: str) -> str:
        """*value* as it is served: made printable, cut, or `OTHER` once *label* has too many values."""
        served = as_served(value)
        admitted = self._admitted.setdefault(label, {"", OTHER})
        if served in admitted:
            return served
        # The two that every label starts with do not count.
        if len(admitted) - 2 >= self.limits.by_label.get(label, self.limits.values):
            self.on_overflow(label)
            return OTHER
        admitted.add(served)
        return served


def as_served(value: str) -> str:
    """*value* cut, and without what would move a terminal's cursor, turn the direction of text, or not be UTF-8."""
    value = value[:MAX_VALUE_CHARACTERS]
    return value if value.isprintable() else "".join(each if each.isprintable() else _MENDED for each in value)


class Bounded:
    """The label values that one metric serves: each label bounded, and all combinations together."""

    def __init__(self, names: tuple[str, ...], labels: Labels) -> None:
        self._names = names
        self._labels = labels

    def served(self, values: tuple[str, ...], known: Container[tuple[str, ...]], count: int) -> tuple[str, ...]:
        """*values* as they are served by a metric that has *count* series, the *known* ones."""
        served = tuple(self._labels.admit(name, value) for name, value in zip(self._names, values, strict=True))
        if served not in known and count >= self._labels.limits.series:
            self._labels.on_overflow("series")
            return (OTHER,) * len(self._names)
        return served


class Family(Generic[_Child]):
    """One metric's series by label values; looking up a known series is one dictionary access."""

    def __init__(self, names: tuple[str, ...], make: Callable[[tuple[str, ...]], _Child], labels: Labels) -> None:
        self._bounded = Bounded(names, labels)
        self._make = make
        self._children: dict[tuple[str, ...], _Child] = {}

    def of(self, *values: str) -> _Child:
        """The series for *values*, in the order of the declared labels."""
        child = self._children.get(values)
        return child if child is not None else self._admit(values)

    def _admit(self, values: tuple[str, ...]) -> _Child:
        served = self._bounded.served(values, self._children, len(self._children))
        if served not in self._children:
            self._children[served] = self._make(served)
        return self._children[served]
