"""Everything that a session store holds, as text: two that are equal look the same, in what is one object as well."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, is_dataclass
from enum import Enum
from types import MethodType
from typing import Any

from loopwatch_processor.bounds import Counts, SessionLimits
from loopwatch_processor.node import Node
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import Step
from loopwatch_processor.trace import Trace

_ONE_OF_A_KIND = (Step, Node)
"""Whether two of them are one object is looked at while their trace is held: sessions compare them by identity."""
_UNTOLD = frozenset({"_folded", "_newest", "_serial", "_where"})
"""Of a trace that is not folded: what was asked last, and nothing."""


def picture(sessions: Sessions) -> list[str]:
    """All sessions with the traces of their steps, then all other traces, each with what hangs on it."""
    traces = sorted(sessions._traces)
    return [
        *(_Picture(traces).of(sessions.open[key]) for key in sorted(sessions.open)),
        *(_Picture(traces).of(sessions.trace(trace_id)) for trace_id in traces),
        repr((sessions.counts, sessions._spans)),
    ]


class _Picture:
    def __init__(self, traces: Collection[str]) -> None:
        self._traces = traces
        self._numbers: dict[int, int] = {}

    def of(self, item: Any) -> str:
        if isinstance(item, (Counts, SessionLimits)):
            return type(item).__name__
        if isinstance(item, Enum) or item is None or isinstance(item, (str, bytes, int, float)):
            return repr(item)
        if isinstance(item, MethodType):
            return f"method {item.__name__}"
        if isinstance(item, dict):
            return "{" + ",".join(f"{self.of(key)}:{self.of(value)}" for key, value in item.items()) + "}"
        if isinstance(item, (set, frozenset)):
            return "{" + ",".join(sorted(map(self.of, item))) + "}"
        if isinstance(item, (list, tuple)):
            return f"{type(item).__name__}({','.join(map(self.of, item))})"
        return self._object(item)

    def _object(self, item: Any) -> str:
        if not self._is_plain(item):
            if id(item) in self._numbers:
                return f"#{self._numbers[id(item)]}"
            self._numbers[id(item)] = len(self._numbers)
        told = ",".join(f"{name}={self.of(getattr(item, name))}" for name in _names(item))
        return f"{type(item).__name__}({told})"

    def _is_plain(self, item: object) -> bool:
        """A value of which it does not matter how often it is there."""
        if isinstance(item, Step) and item.trace_id not in self._traces:
            return True
        params = getattr(item, "__dataclass_params__", None)
        is_value = params is not None and (params.frozen or params.unsafe_hash)
        return is_value and not isinstance(item, _ONE_OF_A_KIND) and not hasattr(item, "outer")


def _names(item: Any) -> list[str]:
    if isinstance(item, Trace):
        assert item.nodes, "it is unfolded by that"
        return sorted({*item.__slots__} - _UNTOLD)
    if is_dataclass(item):
        return [field.name for field in fields(item)]
    return sorted(getattr(item, "__slots__", None) or vars(item))
