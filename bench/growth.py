"""How cost grows with sessions, steps and span size, for the figure in docs/performance.md: python -m bench.growth

Writes docs/figures/cost_measured.yaml; `make docs` draws it. Each point is a process of its own (`bench.state`).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

import yaml

from bench.state import Held

MEASURED = Path(__file__).parents[1] / "docs" / "figures" / "cost_measured.yaml"
_HEAD = "# What a span and a session cost in one process, written by `python -m bench.growth`; `make docs` draws it.\n"
SESSIONS = (10, 100, 1_000, 10_000, 30_000)
TURNS = (1, 4, 8, 16, 32)
MORE_WORDS = (0, 1_000, 2_000, 4_000)
IDLE = "langfuse/openai_stream"
"""One model call with a session id, and nothing after it."""
_OF_SESSIONS = 1_000
"""While something else grows: with fewer, what a process takes once would be a good part of each."""


def measure(rounds: int, sessions: Sequence[int]) -> dict[str, Any]:
    """Every point: the median of *rounds*, which go over all points in turn."""
    points: dict[str, list[Sequence[object]]] = {
        "sessions": [("--sessions", count) for count in sessions],
        "idle": [("--sessions", count, "--only", IDLE) for count in sessions],
        "steps": [("--sessions", _OF_SESSIONS, "--turns", turns) for turns in TURNS],
        "span_size": [("--sessions", _OF_SESSIONS, "--more-words", words) for words in MORE_WORDS],
    }
    found: dict[Sequence[object], list[Held]] = {}
    for _ in range(rounds):
        for arguments in dict.fromkeys(point for group in points.values() for point in group):
            found.setdefault(arguments, []).append(_held(arguments))
    return {name: [asdict(_median(found[point])) for point in group] for name, group in points.items()}


def _held(arguments: Sequence[object]) -> Held:
    command = [sys.executable, "-m", "bench.state", *map(str, arguments)]
    held = Held(**json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    print(f"{' '.join(command[3:])}: {held.us_per_span:.0f} µs a span, {held.session_bytes:,.0f} B", file=sys.stderr)
    return held


def _median(items: Sequence[Held]) -> Held:
    return Held(*(round(statistics.median(column), 1) for column in zip(*map(astuple, items), strict=True)))


def main() -> None:
    """Measure, and write the file."""
    options = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--max-sessions", type=int, default=max(SESSIONS), help="1000000 takes minutes and many GB")
    given = options.parse_args()
    sessions = sorted({*(count for count in SESSIONS if count <= given.max_sessions), given.max_sessions})
    about = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "rounds": given.rounds}
    content = {"about": about, **measure(given.rounds, sessions)}
    MEASURED.write_text(_HEAD + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
