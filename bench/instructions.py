"""Machine instructions a span in process, counted by valgrind: the same on a busy machine, to a percent.

python -m bench.instructions; with PYTHONPATH at compiled packages, of these.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from shutil import which

from bench.traffic import Mix, batches
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config

_SPANS = 3_584
_VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


def main(argv: list[str] | None = None) -> None:
    """Print thousand instructions a span."""
    options = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    options.add_argument("--batch", type=int, default=512, help="spans of a request")
    options.add_argument("--feed", type=int, help=argparse.SUPPRESS)
    given = options.parse_args(argv)
    if given.feed is not None:
        _feed(given.feed, given.batch)
        return
    if which(_VALGRIND[0]) is None:
        sys.exit("valgrind is not installed; it counts the instructions")
    # What comes before the first span costs the same in both.
    with ThreadPoolExecutor(2) as both:
        without, whole = both.map(lambda spans: _counted(spans, given.batch), (0, _SPANS))
    print(f"{(whole - without) / _SPANS / 1000:.1f} thousand instructions a span, in batches of {given.batch}")


def _counted(spans: int, batch: int) -> int:
    command = [
        *_VALGRIND,
        sys.executable,
        "-P",
        "-m",
        "bench.instructions",
        "--feed",
        str(spans),
        "--batch",
        str(batch),
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "0"}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stderr
    found = re.search(r"I\s+refs:\s+([\d,]+)", told)
    if found is None:
        sys.exit(f"valgrind did not say how many instructions there were: {told[-300:]}")
    return int(found[1].replace(",", ""))


def _feed(spans: int, batch: int) -> None:
    bodies = list(batches(_SPANS, Mix(spans_per_batch=batch, sessions=100)))
    pipeline = build_pipeline(Config())
    gc.disable()  # how often it runs depends on all that was allocated before
    for body in bodies[: -(-spans // batch)]:
        pipeline.feed_traces(body, 0.0)


if __name__ == "__main__":
    main()
