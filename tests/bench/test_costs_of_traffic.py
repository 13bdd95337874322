"""What a span of realistic traffic costs, counted and not timed: a slow-down shows in review, on any machine."""

from __future__ import annotations

import gc
import sys

from bench.traffic import Mix, batches
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.pipeline import Pipeline
from tests.test_call_counts import python_calls

SPANS = 2_000
CALLS = 245
"""Python calls a span, over the recorded mix in batches of 512: 231 on Python 3.11, fewer on later ones."""
BLOCKS = 32
"""Blocks of memory that a span leaves behind: 29."""


def warm() -> tuple[Pipeline, list[bytes]]:
    """A pipeline that has seen every shape, and the requests to measure with."""
    pipeline = build_pipeline(Config())
    for body in batches(SPANS, Mix(sessions=98, seed=2, fleet=2)):
        pipeline.feed_traces(body, 0.0)
    return pipeline, list(batches(SPANS, Mix(sessions=98)))


def test_a_span_takes_so_many_python_calls() -> None:
    """From the bytes of a request to its findings, over every recorded dialect."""
    pipeline, bodies = warm()
    calls = python_calls(lambda: [pipeline.feed_traces(body, 0.0) for body in bodies]) / SPANS

    assert calls <= CALLS, f"{calls:.0f} Python calls a span, over {SPANS:,} spans of all dialects"


def test_a_span_leaves_so_many_blocks_behind() -> None:
    """What grows with every span is memory and garbage collection."""
    pipeline, bodies = warm()
    gc.collect()
    before = sys.getallocatedblocks()
    for body in bodies:
        pipeline.feed_traces(body, 0.0)
    gc.collect()
    blocks = (sys.getallocatedblocks() - before) / SPANS

    assert blocks <= BLOCKS, f"{blocks:.0f} blocks of memory a span, over {SPANS:,} spans of all dialects"
