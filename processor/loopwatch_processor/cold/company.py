"""What is packed together: a session and the traces of the steps that it compares with, which hold the same steps.

Nothing depends on it: what is packed apart holds steps of its own, which are equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from loopwatch_processor.cold.unit import MOST_TRACES
from loopwatch_processor.session import Session
from loopwatch_processor.step import Step
from loopwatch_processor.trace import Trace

MOST_STEPS: Final = 1_024
"""Of a session, and of its traces, in one unit: packing and unpacking hold up all else, for 20 µs a step each."""


def is_small(session: Session) -> bool:
    """Whether *session* remembers few enough steps."""
    return len(session.runs) + sum(1 for _ in _steps_of(session)) <= MOST_STEPS


def traces_with(session: Session, traces: Mapping[str, Trace], silent_s: float) -> list[Trace]:
    """Those of *traces* that were silent since *silent_s* and hold steps of *session*."""
    found: list[Trace] = []
    room = MOST_STEPS
    for trace_id in dict.fromkeys(step.trace_id for step in _steps_of(session)):
        trace = traces.get(trace_id)
        if trace is None or trace.seen_s > silent_s or trace.size > room:
            continue
        room -= trace.size
        found.append(trace)
        if len(found) >= MOST_TRACES:
            break
    return found


def _steps_of(session: Session) -> Iterator[Step]:
    for agent in session.agents.values():
        yield from agent.tool_calls
        yield from agent.model_calls
    for run in session.runs.values():
        if run.root is not None:
            yield run.root
