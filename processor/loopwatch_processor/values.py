"""Values that are made for every span: frozen to the type checker, cheap where the interpreter makes them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

from loopwatch_processor.copies import replace

__all__ = ["replace", "value"]

_Value = TypeVar("_Value")


@dataclass_transform(frozen_default=True)
def value(kind: type[_Value]) -> type[_Value]:
    """A slotted dataclass whose fields nobody may assign.

    Only the type checker sees to that: `frozen=True` sets each field through `object.__setattr__`, which makes a
    value of six fields in 2.3 µs instead of 0.8.
    """
    made: Any = dataclass(slots=True, unsafe_hash=True)(kind)
    names = [field.name for field in fields(made)]
    read = attrgetter(*names)
    made.__copy__ = (lambda given: made(*read(given))) if len(names) > 1 else (lambda given: made(read(given)))
    copied: type[_Value] = made
    return copied
