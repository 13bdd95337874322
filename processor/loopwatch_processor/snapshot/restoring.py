"""What was open before a restart, given back to the sessions."""

from __future__ import annotations

from collections.abc import Iterable

from loopwatch_processor.sessions import Sessions
from loopwatch_processor.snapshot.sessions import KeptSession
from loopwatch_processor.snapshot.traces import KeptTrace


def restore(kept: Iterable[KeptSession], sessions: Sessions, now: float, bare: Iterable[KeptTrace] = ()) -> None:
    """Go on with all of *kept*, whose oldest come first: sessions before traces, which may be those of several.

    *bare* are traces of no session, the newest first.
    """
    found = list(kept)
    for item in found:
        sessions.take_up(item.session, now)
    sessions.order_by_arrival()
    for item in found:
        for trace in item.traces:
            _restore_trace(trace, sessions, item.session.seen_s)
    for trace in reversed(list(bare)):
        _restore_trace(trace, sessions, now)


def _restore_trace(kept: KeptTrace, sessions: Sessions, seen_s: float) -> None:
    new = sessions.take_up_trace(kept.trace, kept.nodes, seen_s)
    trace = sessions.trace(kept.trace.trace_id)
    if trace is None:
        return
    for node in new:
        node.suppressed, node.standing, below = kept.read_as[node.span_id]
        node.below |= below
        if node.span_id in kept.counted:
            sessions.hold(node, *kept.counted[node.span_id])
    if trace is kept.trace:
        known = (
            (tool, [trace.nodes[key] for key in ids if key in trace.nodes]) for tool, ids in kept.recovered.items()
        )
        trace.recovered = {tool: nodes for tool, nodes in known if nodes} or None
    sessions.rejoin(trace, new)
