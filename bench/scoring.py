"""Bytes to findings in one process, without a server, beside what one would write first: python -m bench.scoring"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Iterable, Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.naive import NaiveScorer
from bench.results import Measured, rows, table
from bench.traffic import Mix, batches
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.serve import GC_THRESHOLDS
from loopwatch_processor.config import Config

PIPELINE, NAIVE, PARSE = "pipeline", "naive Python", "parse by protobuf alone"
Feed = Callable[[bytes], object]


def in_process(spans: int, sessions: int, number: int) -> Iterator[Measured]:
    """Round *number*: the same requests through each, in large batches and in small ones."""
    gc.set_threshold(*GC_THRESHOLDS)
    for size in (512, 10):
        bodies = list(batches(spans, Mix(sessions, size, seed=number + 1)))
        for what, feed in _feeds():
            cpu_s, took_s = _fed(feed, bodies)
            yield Measured(what, f"in process {size}", number, spans, cpu_s, took_s)


def _feeds() -> Iterator[tuple[str, Feed]]:
    pipeline = build_pipeline(Config())
    yield PIPELINE, lambda body: pipeline.feed_traces(body, 0.0)
    yield NAIVE, NaiveScorer().feed
    yield PARSE, ExportTraceServiceRequest.FromString


def _fed(feed: Feed, bodies: Iterable[bytes]) -> tuple[float, float]:
    """Seconds of processor time, and of the clock on the wall."""
    began_s, cpu_s = time.perf_counter(), time.process_time()
    for body in bodies:
        feed(body)
    return time.process_time() - cpu_s, time.perf_counter() - began_s


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(prog="python -m bench.scoring", description=__doc__)
    options.add_argument("--spans", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    measured = [item for number in range(given.rounds) for item in in_process(given.spans, 1_000, number)]
    print("\n".join(table(rows(measured, NAIVE), NAIVE)))


if __name__ == "__main__":
    main()
