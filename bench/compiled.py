"""What compiling the hot path gains, pure and compiled in turn in one run: python -m bench.compiled"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.traffic import Mix, batches
from native.build import PACKAGES, ROOT, build


def main(argv: list[str] | None = None) -> None:
    """Print µs a span of both, the median of the rounds."""
    options = argparse.ArgumentParser(prog="python -m bench.compiled", description=__doc__)
    options.add_argument("--spans", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--folder", type=Path, help="where the packages are compiled already, or are to be")
    options.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args(argv)
    if given.measure:
        print(_us_a_span(given.spans))
        return
    with tempfile.TemporaryDirectory() as passing:
        folder = compiled_into((given.folder or Path(passing)).resolve())
        ways = {"pure": os.pathsep.join(map(str, PACKAGES.values())), "compiled": str(folder)}
        took: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(given.rounds):
            for name, packages in ways.items():
                took[name].append(_measured(packages, given.spans))
    for name, times in took.items():
        spread = (max(times) - min(times)) / 2 / statistics.median(times)
        print(f"{name:<9} {statistics.median(times):7.1f} µs a span ± {spread:.0%}")
    print(f"compiled is {statistics.median(took['pure']) / statistics.median(took['compiled']):.2f} × as fast")


def compiled_into(folder: Path) -> Path:
    """*folder*, with the packages compiled into it, unless they are there."""
    if not (folder / "loopwatch_processor").exists():
        build(folder, folder / ".scratch")
    return folder


def _measured(packages: str, spans: int) -> float:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([packages, str(ROOT)])}
    command = [sys.executable, "-P", "-m", "bench.compiled", "--measure", "--spans", str(spans)]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


def _us_a_span(spans: int) -> float:
    """In process, in batches of 512, all detectors on."""
    from loopwatch_processor.assembly import build_pipeline
    from loopwatch_processor.cli.serve import GC_THRESHOLDS
    from loopwatch_processor.config import Config

    bodies = list(batches(spans, Mix()))
    gc.set_threshold(*GC_THRESHOLDS)
    pipeline = build_pipeline(Config())
    began = time.process_time()
    for body in bodies:
        pipeline.feed_traces(body, 0.0)
    return (time.process_time() - began) / spans * 1e6


if __name__ == "__main__":
    main()
