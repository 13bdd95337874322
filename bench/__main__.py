"""`make bench`: what loopwatch costs, beside the OpenTelemetry Collector and naive Python in the same run.

One table on standard output, with what the loop detector takes for a tool call below it, and one JSON file with every
round. The full suite takes a quarter of an hour on two cores, --quick a minute.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import time
from pathlib import Path
from typing import Any

from google.protobuf.internal import api_implementation

from bench import loop
from bench.cases import all_of
from bench.compiled import compiled_into
from bench.plan import FULL, QUICK, beside
from bench.results import Measured, rows, save, table
from bench.servers import TAIL
from stack import collector


def main() -> None:
    """Measure, and print the table."""
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument(
        "--quick", action="store_true", help="few cases, one round: whether it works, not what it costs"
    )
    options.add_argument("--output", type=Path, default=Path("bench-result.json"), help="the result file")
    options.add_argument("--compiled", type=Path, help="compile the hot path into this folder, and measure that, too")
    options.add_argument("--cases", nargs="*", type=Path, default=[], help="labelled sessions for the loop detector")
    given = options.parse_args()
    # So that nothing that it started outlives it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    otelcol = collector.find()
    if otelcol is None:
        print(f"without the Collector's figures: {collector.HOW}", file=sys.stderr)
    plan = QUICK if given.quick else FULL
    if given.compiled is not None:
        plan = beside(plan, compiled_into(given.compiled.resolve()))
    began_s = time.monotonic()
    about, measured = {**_machine(), "quick": given.quick}, list[Measured]()
    for item in all_of(plan, otelcol):
        print(f"round {item.round + 1}: {item.what}, {item.way}: {item.us_per_span:.1f} µs a span", file=sys.stderr)
        measured.append(item)
        # After each: who has no patience has a result too.
        save(given.output, {**about, "load": os.getloadavg()}, measured)
    print("\n".join(table(rows(measured, TAIL), TAIL)))
    calls = loop.figures(loop.took_us(given.cases, plan.rounds))
    print("\nloop detector, µs of processor time for a tool call", *loop.table(calls), sep="\n")
    save(given.output, {**about, "load": os.getloadavg(), "loop_us": calls}, measured)
    print(f"\n{time.monotonic() - began_s:.0f} s; every round is in {given.output}", file=sys.stderr)


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "protobuf": api_implementation.Type(),
        "collector": collector.VERSION,
    }


if __name__ == "__main__":
    main()
