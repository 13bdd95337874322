"""Which spans of a trace tell of the same call, and as what it counts.

A model call inside a model call is one call seen by two instrumentations, and so is a tool call inside one of the same
tool, or a call elsewhere in the trace with the same response id or tool call id. The innermost counts, the others fill
its gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from loopwatch_processor.kinds import CALLS
from loopwatch_processor.node import COST_BELOW, USAGE_BELOW, Node
from loopwatch_processor.step import Step, merged
from loopwatch_processor.values import replace

MAX_VIEWS = 8
"""Spans that tell of one call: nested ones, or with one id. More than four instrumentations were never seen."""
_UNIQUE_ID_CHARS = 12
"""Shorter tool call ids ("call_0") are given to several agents at once, so arguments must agree too."""


def identity_of(step: Step | None) -> str:
    """The id that two spans of the call *step* share anywhere in a trace; "" where nothing is."""
    if step is None or step.kind not in CALLS:
        return ""
    if step.model is not None and step.model.response_id:
        return step.model.response_id
    if step.model is not None and step.error is not None and step.usage is None:
        return f"{step.parent_id}\0{step.model.request_model}"
    return step.tool.call_id if step.tool is not None and not step.tool.recovered else ""


def link(node: Node, touched: dict[str, Node]) -> None:
    """Note that *node* has come to stand inside `node.above.outer`; adds to *touched* what may read otherwise now."""
    outer = node.above.outer
    if outer is None or node.step is None or outer.step is None or not node.is_call(outer.step):
        return
    if outer.inner is None:
        outer.inner = []
    outer.inner.append(node)
    touched[outer.span_id] = outer
    touched.update((view.span_id, view) for view in _inside(node))
    if node.step.usage is not None or outer.step.usage is None:
        outer.standing += 1
        if outer.standing == 2:
            # Now it is the aggregate of several calls: the first one has nothing from it any more.
            touched.update((view.span_id, view) for view in _inside(outer))


def _inside(node: Node) -> Iterator[Node]:
    """The views of its call inside *node*, as deep as `around` looks."""
    level = node.inner or []
    for _ in range(MAX_VIEWS):
        if not level:
            return
        yield from level
        level = [view for item in level for view in item.inner or ()]


def around(node: Node) -> Iterator[Node]:
    """Spans around *node* that tell of the same call: nothing else that an agent does lies between."""
    outer = node.above.outer
    for _ in range(MAX_VIEWS):
        if outer is None or not outer.is_call(node.step) or outer is node:
            return
        yield outer
        outer = outer.above.outer


def twins_of(node: Node, candidates: Iterable[Node]) -> list[Node]:
    """Those of *candidates*, which share its identity, that are the call *node* too (itself as well), best first."""
    found = [item for item in candidates if item is node or (item.is_call(node.step) and _are_one(item, node))]
    if len(found) < 2:
        return found
    return sorted(found, key=lambda item: (item.step is None or item.step.usage is None, item.end_ns, item.span_id))


def _are_one(one: Node, other: Node) -> bool:
    """A cache, a fake model or a counter gives an id again, but not at the same time."""
    if one.step is None or other.step is None:
        return False
    if one.step.start_ns > other.end_ns or other.step.start_ns > one.end_ns:
        return False
    if one.step.model is not None and not one.step.model.response_id:
        # A failed call has no id: only another instrumentation's span at the same time is the same one.
        return one is other or one.step.dialect != other.step.dialect
    mine, theirs = one.step.tool, other.step.tool
    if mine is None or theirs is None or len(mine.call_id) >= _UNIQUE_ID_CHARS:
        return True
    return mine.arguments is None or theirs.arguments is None or mine.arguments == theirs.arguments


def call_of(node: Node, step: Step, twins: Sequence[Node]) -> Step | None:
    """What the call *step* of *node* counts as; None where another span tells of it."""
    if node.standing:
        return None
    views = list(around(node))
    if step.usage is None and any(outer.step is not None and outer.step.usage is not None for outer in views):
        return None
    others = twins_of(node, twins)
    if others and others[0] is not node and not are_nested(others[0], node):
        return None
    for outer in views:
        if outer.step is None or outer.standing > 1:
            break
        step = merged(step, outer.step)
    for twin in others:
        if twin is not node and twin.step is not None and not are_nested(twin, node):
            step = merged(step, twin.step)
    return step


def total(node: Node, step: Step, spent_until_ns: int) -> Step:
    """What *step* of the aggregate *node* counts as: its totals only where no call below it gives its own.

    Calls with usage that ended until *spent_until_ns* were forgotten.
    """
    was_spent = spent_until_ns > step.start_ns
    if (step.usage is None and step.cost_usd is None) or not (was_spent or node.below):
        return step
    return replace(
        step,
        usage=None if was_spent or node.below & USAGE_BELOW else step.usage,
        cost_usd=None if was_spent or node.below & COST_BELOW else step.cost_usd,
    )


def are_nested(one: Node, other: Node) -> bool:
    """Whether one is around the other."""
    return any(item is one for item in around(other)) or any(item is other for item in around(one))


def told(node: Node, twins: Sequence[Node]) -> Step | None:
    """What the call *node* was counted as by another span before; None where it is the first told of it."""
    others = (*around(node), *_inside(node), *twins_of(node, twins))
    return next((item.counted for item in others if item is not node and item.counted is not None), None)
