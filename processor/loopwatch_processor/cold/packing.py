"""Sessions and traces as one text, and back: whatever is one object is one object again."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Sequence
from copyreg import __newobj__  # type: ignore[attr-defined]
from dataclasses import fields, is_dataclass
from operator import attrgetter, methodcaller
from typing import Any, Final

from loopwatch_processor.bounds import Counts, SessionLimits
from loopwatch_processor.node import NOWHERE, Node, Scope
from loopwatch_processor.requests import Requests
from loopwatch_processor.session import Session
from loopwatch_processor.trace import Trace

Members = tuple[Sequence[Session], Sequence[Trace]]
_Reduced = tuple[Any, ...] | str
_Reducer = Callable[[Any], _Reduced]
_OF_THE_STORE: Final = {Session: ("limits", "counts"), Requests: ("counts",)}
"""What all sessions share: it is given back to each, not written down with it."""
_MADE_ANEW: Final = {Node: ("children",)}
"""None at first. Written down, each span would bring those below it along, and a deep trace went too deep."""


class CannotPack(Exception):
    """Raised where something is nested too deep to be written down."""


def pack(members: Members) -> bytes:
    """*members*, which share nothing with anything else that changes.

    Raises:
        CannotPack: see there.
    """
    written = io.BytesIO()
    pickler = pickle.Pickler(written, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCERS
    try:
        pickler.dump(members)
    except RecursionError as error:
        raise CannotPack("agents inside agents inside agents") from error
    return written.getvalue()


def unpack(text: bytes, limits: SessionLimits, counts: Counts) -> Members:
    """What `pack` wrote, in this very process: it is no format, and nothing of it is ever read from elsewhere."""
    members: Members = pickle.loads(text)  # noqa: S301
    for trace in members[1]:
        if not trace.is_folded:
            trace.rehang()
    for each in members[0]:
        each.limits, each.counts, each.requests.counts = limits, counts, counts
    return members


class _Reducers(dict[type, _Reducer]):
    """By class; made when a class is first met."""

    def __missing__(self, kind: type) -> _Reducer:
        if issubclass(kind, type):
            raise KeyError(kind)  # classes go by name
        if is_dataclass(kind) and _is_value(kind):
            self[kind] = _of_value(kind)
        elif is_dataclass(kind) or "__slots__" in vars(kind) or kind in _MADE_ANEW:
            self[kind] = _of_state(kind)
        else:
            self[kind] = methodcaller("__reduce_ex__", pickle.HIGHEST_PROTOCOL)
        return self[kind]


def _is_value(kind: Any) -> bool:
    return bool(kind.__dataclass_params__.frozen or kind.__dataclass_params__.unsafe_hash)


def _of_value(kind: Any) -> _Reducer:
    """Made anew by its constructor, which takes its fields in their order."""
    read = _reader([item.name for item in fields(kind)])
    return lambda value: (kind, read(value))


def _of_state(kind: Any) -> _Reducer:
    """May be part of a circle, so it is made first and filled then."""
    left_out, anew = _OF_THE_STORE.get(kind, ()), _MADE_ANEW.get(kind, ())
    written = [name for name in _attributes(kind) if name not in left_out and name not in anew]
    read, names, empty = _reader(written), (*written, *anew), (None,) * len(anew)
    if hasattr(kind, "__setstate__"):  # compiled: it takes what others want as the second of two
        return lambda state: (__newobj__, (kind,), dict(zip(names, read(state) + empty, strict=True)))
    return lambda state: (__newobj__, (kind,), (None, dict(zip(names, read(state) + empty, strict=True))))


def _attributes(kind: Any) -> Sequence[str]:
    if is_dataclass(kind):
        return [item.name for item in fields(kind)]
    slots: Sequence[str] = kind.__slots__ if "__slots__" in vars(kind) else kind.__mypyc_attrs__
    return slots


def _reader(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """All of them at once: a tenth of the time of one by one."""
    if len(names) == 1:
        (name,) = names
        return lambda value: (getattr(value, name),)
    return attrgetter(*names)


def _scope(scope: Scope) -> _Reduced:
    return "NOWHERE" if scope is NOWHERE else _SCOPE(scope)


_SCOPE: Final = _of_value(Scope)
_REDUCERS: Final = _Reducers({Scope: _scope})
