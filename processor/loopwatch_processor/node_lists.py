"""Lists of spans, by something that they have in common."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from loopwatch_processor.node import Node
from loopwatch_processor.views import MAX_VIEWS

NodeLists = dict[str, list[Node]]


def append(lists: NodeLists, key: str, node: Node) -> list[Node]:
    """Most hold one: a list that is made with it takes three quarters of the memory of an empty one appended to."""
    found = lists.get(key)
    if found is None:
        found = lists[key] = [node]
    else:
        found.append(node)
    return found


def append_newest(twins: NodeLists, node: Node) -> None:
    """The newest are enough to tell a call that comes twice: an id may come again in every turn."""
    if node.identity:
        del append(twins, node.identity, node)[:-MAX_VIEWS]


def remembered(nodes: Sequence[Node], known: Container[str]) -> list[Node]:
    """Those of *nodes* whose span ids are *known*."""
    return [node for node in nodes if node.span_id in known]


def prune(lists: NodeLists, known: Container[str], keys: Iterable[str]) -> None:
    """Leave in the lists of *keys* what is *known*, and no list without any."""
    for key in keys:
        kept = remembered(lists.get(key, ()), known)
        if kept:
            lists[key] = kept
        else:
            lists.pop(key, None)


def by_end(node: Node) -> tuple[int, str]:
    """The order of nodes by when their spans ended."""
    return node.end_ns, node.span_id
