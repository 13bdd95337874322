"""What a tool call costs, counted in Python calls: a slow-down shows in review, on any machine and under any load."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from bench.loop import steps_of
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.corpus import Labelled, read, requests
from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.session import Session
from loopwatch_processor.step import StepKind
from tests.cases.generate import HERE

DETECTOR_CALLS = 118
"""Of the loop detector for a tool call, the mean over the cases: it takes 115 on Python 3.11, fewer on later ones."""
LONGEST_CALLS = 580
"""And for the tool call that takes most: 553."""
PIPELINE_CALLS = 490
"""Of the whole pipeline for a request of one span, from its bytes to findings, the mean over the cases: 460."""


def cases() -> list[Labelled]:
    """One session of each kind: those that were seen while the rules were written, so that they do not change."""
    return [next(iter(read(path))) for path in sorted(HERE.glob("*/*.seen.jsonl"))]


def python_calls(work: Callable[[], object]) -> int:
    """How many Python functions, properties and generators *work* enters."""
    count = 0

    def profile(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_a_tool_call_takes_the_loop_detector_so_many_python_calls() -> None:
    """Half of these calls are loops, which take most; those that are like none before take a fraction of it."""
    detector, counts = LoopDetector(LoopSettings()), []
    for labelled in cases():
        session = Session(labelled.id)
        for step in steps_of(labelled):
            place = session.add(step, labelled.id, (step.agent, ""))
            calls = python_calls(lambda step=step, place=place: list(detector.update(step, place)))
            if step.kind is StepKind.TOOL_CALL:
                counts.append(calls)
    mean = sum(counts) / len(counts)
    assert mean <= DETECTOR_CALLS, f"{mean:.0f} Python calls for a tool call, over {len(counts)} of them"
    assert max(counts) <= LONGEST_CALLS, f"{max(counts)} Python calls for one tool call"


def test_a_span_takes_the_pipeline_so_many_python_calls() -> None:
    """Decoding, dialect, session, detectors and incidents together; one pipeline, as in the service."""
    pipeline = build_pipeline(Config())
    bodies = [(body, now) for labelled in cases() for _, body, now in requests(labelled)]
    pipeline.feed_traces(*bodies[0])  # imports and caches
    spans = len(bodies) - 1
    calls = python_calls(lambda: [pipeline.feed_traces(body, now) for body, now in bodies[1:]])
    assert calls / spans <= PIPELINE_CALLS, f"{calls / spans:.0f} Python calls a request of one span, over {spans}"
