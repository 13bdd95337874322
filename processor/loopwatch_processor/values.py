"""Values that are made for every span: frozen to the type checker, cheap where the interpreter makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

_Value = TypeVar("_Value")


@dataclass_transform(frozen_default=True)
def value(kind: type[_Value]) -> type[_Value]:
    """A slotted dataclass whose fields nobody may assign.

    Only the type checker sees to that: `frozen=True` sets each field through `object.__setattr__`, which makes a
    value of six fields in 2.3 µs instead of 0.8.
    """
    return dataclass(slots=True, unsafe_hash=True)(kind)


def replace(given: _Value, /, **changes: Any) -> _Value:
    """A copy of *given* with *changes*, as `dataclasses.replace` makes it in up to four times the time.

    Raises:
        TypeError: a name of *changes* is no field.
    """
    kind: Any = type(given)
    read, places = _fields(kind)
    values = list(read(given))
    try:
        for name, value in changes.items():
            values[places[name]] = value
    except KeyError as error:
        raise TypeError(f"{kind.__name__} has no field {error}") from None
    copy: _Value = kind(*values)
    return copy


@cache
def _fields(kind: Any) -> tuple[Callable[[Any], tuple[Any, ...]], Mapping[str, int]]:
    """What reads the fields of a value of *kind* at once, and the place of each."""
    names = tuple(field.name for field in fields(kind))
    read = attrgetter(*names) if len(names) > 1 else lambda given: tuple(getattr(given, name) for name in names)
    return read, {name: place for place, name in enumerate(names)}
