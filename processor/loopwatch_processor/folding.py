"""A span of a trace that nothing is heard of, in few objects: what it was told as, from which the rest follows."""

from __future__ import annotations

from collections.abc import Callable, Collection

from loopwatch_processor import views
from loopwatch_processor.node import Address, Node
from loopwatch_processor.step import Step

_Uncounted = tuple[str, str, int, str, Step | None]
"""Span id, parent's id, end, session id, and step."""
_Counted = tuple[str, str, int, str, Step | None, Step, Address, int]
"""The same, what it is counted as, where, and the serial of the session."""
Folded = Step | _Uncounted | _Counted
"""A step alone where it is what the span tells, and what it is counted as."""


def folded(nodes: Collection[Node], address_of: Callable[[Node], Address]) -> tuple[int, tuple[Folded, ...]]:
    """The serial of the session in which the first of *nodes* is counted, and *nodes*, counted as *address_of* says.

    Nothing where what stands in one of them follows from more than that.
    """
    counted_in = [node.serial for node in nodes if node.counted is not None]
    serial = counted_in[0] if counted_in else 0
    for node in nodes:
        step = node.step
        united = step is not None and step.sources  # after the spans inside it were linked
        if node.suppressed or united or node.identity != views.identity_of(step):
            return serial, ()
    return serial, tuple([_folded(node, address_of(node), serial) for node in nodes])


def _folded(node: Node, address: Address, serial: int) -> Folded:
    step = node.step
    if (
        step is not None
        and node.counted is step
        and node.serial == serial
        and node.address == address
        and node.span_id == step.span_id
        and node.parent_id == step.parent_id
        and node.end_ns == step.end_ns
        and node.session_id == step.session_id
    ):
        return step
    span_id, parent_id, end_ns, session_id = node.span_id, node.parent_id, node.end_ns, node.session_id
    counted = node.counted
    if counted is None or node.address is None:
        return span_id, parent_id, end_ns, session_id, step
    return span_id, parent_id, end_ns, session_id, step, counted, node.address, node.serial


def unfolded(given: Folded, serial: int) -> Node:
    """The span that *given* was made of; of a step alone without its address."""
    if isinstance(given, Step):
        node = Node(given.span_id, given.parent_id, given.end_ns, given.session_id, given)
        node.counted, node.serial = given, serial
        return node
    if len(given) == 5:
        return Node(*given)
    span_id, parent_id, end_ns, session_id, step, counted, address, counted_in = given
    node = Node(span_id, parent_id, end_ns, session_id, step)
    node.count(counted, address, counted_in)
    return node
