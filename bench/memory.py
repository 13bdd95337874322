"""Bytes a session, with every session's windows full."""

from __future__ import annotations

import argparse
import resource
import time

from bench.spans import batches
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.session import WINDOW_STEPS


def main(argv: list[str] | None = None) -> None:
    """Open the sessions, fill both windows of each, print what the process grew by."""
    options = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    options.add_argument("--sessions", type=int, default=2_000, help="100000 takes minutes and tens of GB")
    sessions = options.parse_args(argv).sessions
    pipeline = build_pipeline(Config())
    before, began_s = _resident_bytes(), time.monotonic()
    spans = sessions * 2 * WINDOW_STEPS
    for body in batches(spans, 512, sessions):
        pipeline.feed_traces(body, 0.0)
    grown, opened = _resident_bytes() - before, len(pipeline.sessions.open)
    print(
        f"{opened:,} open sessions of {opened and spans // opened} steps each, windows full: "
        f"{grown / 1e6:,.0f} MB, {grown / max(opened, 1):,.0f} bytes a session ({time.monotonic() - began_s:.0f} s)"
    )


def _resident_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
