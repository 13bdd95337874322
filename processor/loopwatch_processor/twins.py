"""One model call seen by two instrumentations that share no trace.

Two of them around one root-less call, of which neither makes its span current, each start a trace of their own: the
Anthropic SDK's own spans beside OpenLLMetry's, for example. Inside one trace `trace` tells that they are the same.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from loopwatch_processor.node import Node
from loopwatch_processor.step import Step, StepKind, merged
from loopwatch_processor.trace import Trace

REMEMBERED_CALLS = 4_096
"""The two spans of a call end within milliseconds and are exported seconds apart."""


class _Away(NamedTuple):
    """A call whose trace is packed or folded."""

    trace_id: str
    span_id: str


class Twins:
    """The newest root-less model calls, by the provider's id of the response; *trace_of* unpacks a trace."""

    def __init__(self, trace_of: Callable[[str], Trace | None]) -> None:
        self._calls: OrderedDict[str, Node | _Away] = OrderedDict()
        self._trace_of = trace_of
        self._away: Counter[str] = Counter()
        """Calls by their traces, while they are held so."""

    def put_away(self, trace: Trace) -> None:
        """*trace* is packed or folded: hold none of its spans."""
        for response_id, node in _calls_of(trace):
            if self._calls.get(response_id) is node:
                self._calls[response_id] = _Away(trace.trace_id, node.span_id)
                self._away[trace.trace_id] += 1

    def bring_back(self, trace: Trace) -> None:
        """*trace* is back."""
        if self._away.pop(trace.trace_id, 0):
            for response_id, node in _calls_of(trace):
                if self._calls.get(response_id) == _Away(trace.trace_id, node.span_id):
                    self._calls[response_id] = node

    def awaits(self, trace_id: str) -> bool:
        """Whether a call of that trace, which is packed or folded, is one of these."""
        return trace_id in self._away

    def remember(self, node: Node) -> None:
        """*node* came before a restart: another span of its call may still come."""
        self._meet(node)

    def unite(self, node: Node) -> Node | None:
        """The other span of the call *node*, if any: from now on the one that tells more stands for both."""
        other = self._meet(node)
        if other is None or node.step is None or other.step is None:
            return None
        best, rest = (node, other) if _tells_more(node.step, other.step) else (other, node)
        if best.step is not None and rest.step is not None:
            best.step = merged(best.step, rest.step)
        rest.suppressed = True
        return other

    def _meet(self, node: Node) -> Node | None:
        """The other span of the call *node*, where one came lately; *node* is remembered otherwise."""
        step = node.step
        if step is None or node.parent_id or step.model is None or not step.model.response_id:
            return None
        known = self._known(step.model.response_id, node)
        if len(self._calls) > REMEMBERED_CALLS:
            self._forget()
        if known is node or known.step is None or known.suppressed or not _are_one(known.step, step):
            return None
        return known

    def _known(self, response_id: str, node: Node) -> Node:
        known = self._calls.setdefault(response_id, node)
        if isinstance(known, _Away):
            trace = self._trace_of(known.trace_id)
            if trace is not None:
                self.bring_back(trace)
            known = self._calls[response_id]
        if isinstance(known, _Away):
            # Its trace has forgotten that span, or is gone: this is the first span of the call that can be met.
            self._let_go(known)
            known = self._calls[response_id] = node
        return known

    def _forget(self) -> None:
        _, gone = self._calls.popitem(last=False)
        if isinstance(gone, _Away):
            self._let_go(gone)

    def _let_go(self, call: _Away) -> None:
        left = self._away.pop(call.trace_id, 0) - 1
        if left > 0:
            self._away[call.trace_id] = left


def _calls_of(trace: Trace) -> Iterator[tuple[str, Node]]:
    for node in trace.nodes.values():
        step = node.step
        if not node.parent_id and step is not None and step.model is not None and step.model.response_id:
            yield step.model.response_id, node


def _are_one(one: Step, other: Step) -> bool:
    """A cache or a fake model may give an id again, but not at the same time for the same tokens in another trace."""
    if one.trace_id == other.trace_id or one.kind is not other.kind or one.kind is not StepKind.MODEL_CALL:
        return False
    if one.usage is not None and other.usage is not None and one.usage.input_tokens != other.usage.input_tokens:
        return False
    return one.service == other.service and one.start_ns <= other.end_ns and other.start_ns <= one.end_ns


def _tells_more(step: Step, other: Step) -> bool:
    """Whether *step* says whose session it is, or what was said, and *other* does not."""
    return _known(step) > _known(other)


def _known(step: Step) -> tuple[bool, bool]:
    return bool(step.session_id), step.model is not None and step.model.conversation is not None
