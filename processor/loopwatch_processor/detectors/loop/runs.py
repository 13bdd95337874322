"""One plan that fails in run after run: a schedule starts the agent every hour, and its token has expired."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from loopwatch.attributes import ToolErrorClass
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.settings import LoopSettings

_LASTING: Final = frozenset({ToolErrorClass.AUTH, ToolErrorClass.DENIED})
"""What no wait mends. What is not there may come."""


def fails_in_every_run(newest: Call, earlier: Iterable[Call], settings: LoopSettings) -> Match | None:
    """The newest call is refused as it was in the runs before, each of which began afresh and ended without it.

    *earlier* are the other calls of the agent, of all its runs, in any order.
    """
    if not newest.outcome.fails or not newest.key or newest.outcome.failure_class not in _LASTING:
        return None
    found, runs = [newest], {newest.run or newest.trace_id}
    for call in sorted(earlier, key=lambda item: item.end_ns, reverse=True):
        if not newest.same_call(call) or call.end_ns > newest.start_ns:
            continue
        if not call.outcome.same_as(newest.outcome):
            break
        found.append(call)
        runs.add(call.run or call.trace_id)
    return Match("exact", tuple(reversed(found))) if len(runs) >= settings.transient_failing_calls else None
