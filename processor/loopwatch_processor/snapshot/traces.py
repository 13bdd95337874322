"""Traces as plain data: the newest spans of each, and where they are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loopwatch_processor.names import names_of
from loopwatch_processor.node import USAGE_BELOW, Address, Node
from loopwatch_processor.snapshot.pool import Pool, Read
from loopwatch_processor.snapshot.steps import Row
from loopwatch_processor.step import Step
from loopwatch_processor.trace import Trace


@dataclass(frozen=True, slots=True)
class KeptTrace:
    """One trace of before a restart; its spans are added when its session is open."""

    trace: Trace
    """Empty but for what is not told by its spans."""
    nodes: list[Node]
    """In order of arrival."""
    counted: dict[str, tuple[Address, Step]]
    """By span id."""
    read_as: dict[str, tuple[bool, int, int]]
    """By span id: whether another span stands for it, how many inside stand for it, and what is given below it."""
    recovered: dict[str, list[str]]


def write(trace: Trace, pool: Pool, most: int) -> dict[str, Any]:
    """*trace* with *most* of its spans; the others count as forgotten."""
    kept = _kept(trace, most)
    dropped = len(trace.nodes) - len(kept)
    spent_until_ns = trace.spent_until_ns
    if dropped:
        ids = {node.span_id for node in kept}
        gone = (node.end_ns for key, node in trace.nodes.items() if key not in ids and node.spends() & USAGE_BELOW)
        spent_until_ns = max((spent_until_ns, *gone))
    return {
        "id": trace.trace_id,
        "session_ids": list(trace.session_ids),
        "chain_key": trace.chain_key,
        "root": pool.step(trace.root),
        "adopted": trace.adopted,
        "sessions": list(trace.sessions),
        "tool_spans": list(trace.tool_spans),
        "recovered": {tool: [node.span_id for node in nodes] for tool, nodes in (trace.recovered or {}).items()},
        "forgotten": trace.forgotten + dropped,
        "spent_until_ns": spent_until_ns,
        "nodes": [_row(node, pool) for node in kept],
    }


def read(data: dict[str, Any], found: Read) -> KeptTrace:
    """What `write` wrote."""
    trace = Trace(data["id"])
    trace.session_ids, trace.chain_key = tuple(data["session_ids"]), data["chain_key"]
    trace.root = found.step(data["root"])
    trace.adopted = data["adopted"]
    trace.sessions = names_of(data["sessions"])
    trace.tool_spans = names_of(data["tool_spans"])
    trace.forgotten, trace.spent_until_ns = data["forgotten"], data["spent_until_ns"]
    kept = KeptTrace(trace, [], {}, {}, data["recovered"])
    for span_id, parent_id, end_ns, session_id, step, read_as, address, counted in data["nodes"]:
        kept.nodes.append(Node(span_id, parent_id, end_ns, session_id, found.step(step)))
        suppressed, standing, below = read_as
        kept.read_as[span_id] = suppressed, standing, below
        if address is not None:
            kept.counted[span_id] = found.address(address), found.known(counted)
    return kept


def _kept(trace: Trace, most: int) -> list[Node]:
    """The spans that tell most of those to come: agents, and then the newest."""
    nodes = list(trace.nodes.values())
    if len(nodes) <= most:
        return nodes
    agents = [node for node in nodes if node.is_run or node.session_id][: most // 2]
    ids = {node.span_id for node in _newest(agents, nodes, most)}
    return [node for node in nodes if node.span_id in ids]


def _newest(first: list[Node], nodes: list[Node], most: int) -> Iterable[Node]:
    found = {node.span_id: node for node in first}
    for node in reversed(nodes):
        if len(found) >= most:
            break
        found.setdefault(node.span_id, node)
    return found.values()


def _row(node: Node, pool: Pool) -> Row:
    return [
        node.span_id,
        node.parent_id,
        node.end_ns,
        node.session_id,
        pool.step(node.step),
        [node.suppressed, node.standing, node.below],
        pool.address(node.address) if node.address is not None else None,
        pool.step(node.counted),
    ]
