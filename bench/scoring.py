"""Spans a second on one core, bytes to findings, beside the naive implementation in the same run."""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable

from bench.naive import NaiveScorer
from bench.spans import batches
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.serve import GC_THRESHOLDS
from loopwatch_processor.config import Config


def main(argv: list[str] | None = None) -> None:
    """Print one line for each batch size."""
    options = argparse.ArgumentParser(prog="python -m bench.scoring", description=__doc__)
    options.add_argument("--spans", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args(argv)
    gc.set_threshold(*GC_THRESHOLDS)
    print("decode → score, CPU time of one core, median of the rounds (ratios hold, absolute values drift)")
    print(f"{'batch':>6} {'loopwatch spans/s':>18} {'µs/span':>8} {'naive spans/s':>14} {'µs/span':>8} {'ratio':>6}")
    for size in (512, 10):
        ours, naive = _compare(list(batches(given.spans, size, sessions=500)), given.spans, given.rounds)
        print(f"{size:>6} {1e6 / ours:>18,.0f} {ours:>8.1f} {1e6 / naive:>14,.0f} {naive:>8.1f} {naive / ours:>6.2f}")


def _compare(bodies: list[bytes], spans: int, rounds: int) -> tuple[float, float]:
    """Median CPU µs a span of both, the rounds interleaved so that a noisy machine hits both alike."""
    ours, naive = [], []
    for _ in range(rounds):
        pipeline, reference = build_pipeline(Config()), NaiveScorer()
        ours.append(_cpu_us(lambda body, p=pipeline: p.feed_traces(body, 0.0), bodies) / spans)
        naive.append(_cpu_us(reference.feed, bodies) / spans)
    return statistics.median(ours), statistics.median(naive)


def _cpu_us(feed: Callable[[bytes], object], bodies: list[bytes]) -> float:
    began_s = time.process_time()
    for body in bodies:
        feed(body)
    return (time.process_time() - began_s) * 1e6


if __name__ == "__main__":
    main()
