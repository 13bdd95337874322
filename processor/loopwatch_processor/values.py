"""Values that are made for every span: frozen to the type checker, cheap where the interpreter makes them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
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
    """A copy of *given* with *changes*, as `dataclasses.replace` makes it in twice the time.

    Raises:
        TypeError: a name of *changes* is no field.
    """
    kind: Any = type(given)
    for name in _names(kind):
        if name not in changes:
            changes[name] = getattr(given, name)
    copy: _Value = kind(**changes)
    return copy


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
