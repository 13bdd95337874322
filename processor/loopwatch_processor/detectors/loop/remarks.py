"""The same words said of one thing after the other: alerts that are closed alike, mails that get one label."""

from __future__ import annotations

from collections.abc import Sequence

from loopwatch_processor.detectors.loop.calls import PROSE, Call


def is_remark_on_others(alike: Sequence[Call], calls: Sequence[Call]) -> bool:
    """Whether *alike* are one sentence, confirmed in a few words, and before each something new was looked at.

    *alike* are some of *calls*, and all are in order.
    """
    newest = alike[-1]
    if newest.kind is not PROSE or not newest.outcome.is_brief or any(not newest.same_call(call) for call in alike):
        return False
    seen: list[Call] = []
    is_new = True
    mine = {id(call) for call in alike}
    for call in calls:
        if call.start_ns < alike[0].end_ns:
            continue
        if id(call) in mine:
            if not is_new:
                return False
            if call is newest:
                return True
            is_new = False
        elif not call.outcome.fails and not any(_is_same(call, other) for other in seen):
            seen.append(call)
            is_new = True
    return False


def _is_same(call: Call, other: Call) -> bool:
    return call.same_call(other) and (not call.outcome.is_known or call.outcome.same_as(other.outcome))
