"""Where the pipeline's processor time goes, by sampling every millisecond of it: python -m bench.shares"""

from __future__ import annotations

import argparse
import gc
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

import loopwatch_processor
from bench.traffic import Mix, batches
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.serve import GC_THRESHOLDS
from loopwatch_processor.config import Config

_EVERY_S = 0.001
_PACKAGE = Path(loopwatch_processor.__file__).parent
_COLLECTION = "garbage collection"


def main() -> None:
    """Print a line for each part of the pipeline, the dearest first."""
    options = argparse.ArgumentParser(prog="python -m bench.shares", description=__doc__)
    options.add_argument("--spans", type=int, default=40_000)
    bodies = list(batches(options.parse_args().spans, Mix()))
    pipeline, samples = build_pipeline(Config()), Counter[str]()
    gc.set_threshold(*GC_THRESHOLDS)
    collecting = False

    def watch(phase: str, _info: dict[str, int]) -> None:
        nonlocal collecting
        collecting = phase == "start"

    def sample(_number: int, frame: FrameType | None) -> None:
        samples[_COLLECTION if collecting else _part(frame)] += 1

    gc.callbacks.append(watch)
    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
    for body in bodies:
        pipeline.feed_traces(body, 0.0)
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    for part, count in samples.most_common(20):
        print(f"{count / samples.total():6.1%} {part}")


def _part(frame: FrameType | None) -> str:
    """The part that the pipeline itself called, or its own name."""
    found = "pipeline"
    while frame is not None and not frame.f_code.co_filename.endswith("/loopwatch_processor/pipeline.py"):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE):
            found = "/".join(path.relative_to(_PACKAGE).with_suffix("").parts[:2])
        frame = frame.f_back
    return found


if __name__ == "__main__":
    main()
