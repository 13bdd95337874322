"""`lazy`: a property that is read once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

_T = TypeVar("_T")
_KEPT: Final = "_kept_"
"""What a compiled class has in place of `lazy` (native/records.py): a field of this prefix beside a property."""


class lazy(Generic[_T]):  # noqa: N801 - used as `property` is
    """`functools.cached_property` of Python 3.12 and later: that of 3.11 takes a lock at each first reading.

    0.2 µs in place of 0.6, some five times a tool call. A class that has some is decorated with `has_lazy`.
    """

    def __init__(self, read: Callable[..., _T]) -> None:
        self._read = read
        self._name = ""
        self.__doc__ = read.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, owner: object, kind: type | None = None) -> _T:
        found = self._read(owner)
        setattr(owner, self._name, found)  # not by way of `__dict__`, which would have to be made first
        return found


def has_lazy(kind: type[_T]) -> type[_T]:
    """Mark a class that has `lazy` properties: what is compiled has fields of their own in their place."""
    return kind


def forget(owner: object, names: tuple[str, ...]) -> None:
    """Drop what *names*, which are `lazy`, have read of *owner*: it is read again when next asked for."""
    held = getattr(owner, "__dict__", None)
    for name in names:
        if held is None:
            setattr(owner, _KEPT + name, None)
        else:
            held.pop(name, None)
