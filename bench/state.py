"""What one process needs for many sessions: python -m bench.state --sessions 100000

Every session has its turns, one after the other, 20 s from one to the next by the clock as by their spans; then the
newest traffic goes to all of them. Prints one JSON object
(`Held`). A process of its own for each figure, because memory that Python freed stays with its process.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.shapes import Shape, read_shapes
from bench.traffic import START_NS, TURN_S, Mix, batches, conversations, spans_of_a_turn
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.serve import GC_THRESHOLDS
from loopwatch_processor.config import Config
from loopwatch_processor.pipeline import Pipeline

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_NEWEST_SPANS = 5_000
_WARM_UP_SPANS = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """What was measured."""

    sessions: int
    """Open in the end."""
    steps: float
    """Spans that each of them has had."""
    span_bytes: float
    """Encoded, on average."""
    session_bytes: float
    """Of resident memory that the process grew by, for each."""
    us_per_span: float
    """Processor time for the newest spans, with all of them open."""
    longest_ms: float
    """The longest that one batch of ten spans took then, garbage collection included."""


def hold(sessions: int, turns: int, more_words: int, only: str = "") -> Held:
    """Open *sessions*, let each have *turns*, and see what that took; *only* names one recording."""
    made_of = conversations(read_shapes(more_words=more_words))
    made_of = [shape for shape in made_of if only in ("", f"{shape.dialect}/{shape.name}")]
    gc.set_threshold(*GC_THRESHOLDS)
    config = Config.model_validate({"sessions": {"max_sessions": max(sessions, 100_000)}})
    warm = _warm(config, made_of)
    pipeline = build_pipeline(config)
    spans = spans_of_a_turn(sessions, made_of) * turns
    gc.collect()
    before, size_bytes, fed = resident_bytes(), 0, 0
    now_s, mix = 0.0, Mix(sessions, in_turn=True)
    for body in batches(spans, mix, made_of):
        size_bytes += len(body)
        pipeline.feed_traces(body, now_s)
        fed += mix.spans_per_batch
        now_s = TURN_S * turns * fed / spans
        pass_time(pipeline, now_s)
    gc.collect()
    grown, opened = resident_bytes() - before, len(pipeline.sessions.open)
    del warm  # not before: what it gave back would be taken again, and not be counted
    later_ns = START_NS + turns * 60 * 10**9
    newest = list(batches(_NEWEST_SPANS, Mix(sessions, 10, seed=2, start_ns=later_ns), made_of))
    longest_s, began_s = 0.0, time.process_time()
    for body in newest:
        one_s = time.perf_counter()
        pipeline.feed_traces(body, now_s)
        longest_s = max(longest_s, time.perf_counter() - one_s)
    us_per_span = (time.process_time() - began_s) / _NEWEST_SPANS * 1e6
    return Held(opened, spans / opened, size_bytes / spans, grown / opened, us_per_span, longest_s * 1e3)


def pass_time(pipeline: Pipeline, now_s: float) -> None:
    """As the service does: ends of runs are told, and what is silent is packed."""
    pipeline.tick(now_s)
    while pipeline.cool(now_s):
        pass


def _warm(config: Config, made_of: Sequence[Shape]) -> Pipeline:
    """Takes what a process takes once: caches, and tables that are read when they are first needed."""
    pipeline = build_pipeline(config)
    for body in batches(_WARM_UP_SPANS, Mix(fleet=2), made_of):
        pipeline.feed_traces(body, 0.0)
    return pipeline


def resident_bytes() -> int:
    """Of this process, now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(prog="python -m bench.state", description=__doc__)
    options.add_argument("--sessions", type=int, default=10_000)
    options.add_argument("--turns", type=int, default=1, help="of each session; a turn is about three spans")
    options.add_argument("--only", default="", help="of the recordings, such as otel_genai/langchain")
    options.add_argument(
        "--more-words", type=int, default=0, help="in what the user asks, on every span that repeats it"
    )
    given = options.parse_args()
    print(json.dumps(asdict(hold(given.sessions, given.turns, given.more_words, given.only))))


if __name__ == "__main__":
    main()
