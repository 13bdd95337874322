"""Copies of values, in a module of its own so that it may be compiled: a decorator of classes may not."""

from __future__ import annotations

from typing import Any, TypeVar

_Value = TypeVar("_Value")


def replace(given: _Value, /, **changes: Any) -> _Value:
    """A copy of *given*, a `loopwatch_processor.values.value`, with *changes*.

    `dataclasses.replace` makes it in up to four times the time.

    Raises:
        AttributeError: a name of *changes* is no field.
    """
    kind: Any = given
    copy: _Value = kind.__copy__()
    for name, value in changes.items():
        setattr(copy, name, value)
    return copy
