"""Work that is done again after a compaction, because the summary forgot what it brought."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.session import AgentState
from loopwatch_processor.step import Step

_DROP_RATIO: Final = 0.5
_MIN_TOKENS: Final = 4_000
"""What counts as a compaction. Source: the defaults of the context detector."""
_LOOKED_AT: Final = 2
"""Calls before the newest: a large one, and a small one."""


def compacted_at(step: Step, agent: AgentState) -> int:
    """When the context of *agent* was compacted (ns), where the model call *step* shows it; else 0.

    Announced, or a drop of the input that *step*, the next call to the same model, confirms: a single small call
    between large ones is a side question.
    """
    if step.model is not None and step.model.compacted:
        return step.start_ns
    if not _input(step):
        return 0
    earlier: list[Step] = []
    for call in reversed(agent.model_calls):
        if call.end_ns < step.end_ns and _input(call) and _same(call, step):
            earlier.append(call)
            if len(earlier) == _LOOKED_AT:
                break
    if len(earlier) < _LOOKED_AT:
        return 0
    low, before = earlier
    most = _input(before) * (1 - _DROP_RATIO)
    return low.start_ns if _input(before) >= _MIN_TOKENS and max(_input(low), _input(step)) <= most else 0


def redone(calls: Sequence[Call], compacted_ns: int, settings: LoopSettings) -> Match | None:
    """Since the compaction at *compacted_ns* there are only calls that were made before it, with the same results.

    To read a thing or two again is how an agent gets back to work, and so is whatever it does after a change.
    """
    since = [call for call in calls if call.start_ns >= compacted_ns]
    if len(since) < settings.redone_calls:
        return None
    before = calls[: len(calls) - len(since)]
    found = list(takewhile(lambda call: _was_made(call, before), reversed(since)))
    if len({(call.tool, call.key) for call in found}) < settings.redone_calls:
        return None
    return Match("redone", tuple(reversed(found)))


def _was_made(call: Call, before: Sequence[Call]) -> bool:
    if call.is_mutating and not call.outcome.fails:
        return False
    return any(call.same_call(earlier) and call.outcome.same_as(earlier.outcome) for earlier in before)


def _input(step: Step) -> int:
    return step.usage.input_tokens if step.usage is not None else 0


def _same(call: Step, step: Step) -> bool:
    return call.model is not None and step.model is not None and call.model.model == step.model.model
