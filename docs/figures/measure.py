"""Measures loopwatch on labelled sessions anew: `python -m docs.figures.measure FOLDER`, then `make docs`.

FOLDER holds the public sessions by the names below; our own come from tests/cases.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.corpus import Labelled, read
from loopwatch_processor.evaluation import Outcome, at_level, delays, evaluate
from loopwatch_processor.finding import Severity

MEASURED = Path(__file__).parent / "loop_measured.yaml"
OWN = Path(__file__).parents[2] / "tests" / "cases"
_HEAD = "# What loopwatch reaches with its defaults, written by `python -m docs.figures.measure FOLDER`.\n"


@dataclass(frozen=True, slots=True)
class Sessions:
    """Labelled sessions that one row of the table is about."""

    key: str
    name: str
    file: str
    """In the folder of public sessions, or below tests/cases; may be a pattern."""
    label: str = ""
    tier: str = ""
    """Only those of which this is the `tier`."""

    def read(self, folder: Path) -> list[Labelled]:
        """Those that have a label."""
        base = OWN if self.key.startswith("own") else folder
        found = [item for path in sorted(base.glob(self.file)) for item in read(path, self.label)]
        return [item for item in found if item.expected and self.tier in ("", item.fields.get("tier"))]


ALL = (
    Sessions("gaia", "TRAIL GAIA, by blind reading", "trail_gaia.jsonl.gz", label="adjudicated"),
    Sessions("gaia_strict", "TRAIL GAIA, by its annotators", "trail_gaia.jsonl.gz"),
    Sessions("long", "mini-swe-agent, solved", "minisweagent.jsonl.gz"),
    Sessions("tau", "tau-bench, solved", "tau.jsonl.gz"),
    Sessions("consensus", "cases that frameworks agree on", "peer_cases.jsonl.gz", tier="consensus"),
    Sessions("own_seen", "our own cases, seen half", "*/*.seen.jsonl"),
    Sessions("own_held", "our own cases, held half", "*/*.held.jsonl"),
    Sessions("own_blind", "our own cases, written blind, misses mended since", "*/*.blind.jsonl"),
    Sessions("own_blind2", "our own cases, written blind again, many misses left", "*/*.blind2.jsonl"),
    Sessions("own_blind3", "our own cases after public reports, three mended since", "*/*.blind3.jsonl"),
)


def measure(folder: Path) -> Iterator[Mapping[str, Any]]:
    """One row for each of `ALL`."""
    for sessions in ALL:
        plain, reduced = (_outcomes(sessions.read(folder), sketches=sketches) for sketches in (False, True))
        waited = delays(plain, Severity.WARNING)
        reached = at_level(plain, Severity.WARNING)
        yield {
            "key": sessions.key,
            "sessions": sessions.name,
            "loops": reached.loops,
            "healthy": reached.oks,
            "warning": _reached(plain, Severity.WARNING),
            "critical": _reached(plain, Severity.CRITICAL),
            "sketches": _reached(reduced, Severity.WARNING),
            "calls_to_warning": float(median(waited)) if waited else None,
        }


def _outcomes(sessions: Sequence[Labelled], *, sketches: bool) -> list[Outcome]:
    return [evaluate(item, lambda: build_pipeline(Config()), sketches=sketches) for item in sessions]


def _reached(outcomes: Sequence[Outcome], severity: Severity) -> list[int]:
    """Loops found, and healthy sessions falsely flagged."""
    reached = at_level(outcomes, severity)
    return [reached.tp, reached.fp]


def main(folder: Path) -> None:
    """Write loop_measured.yaml."""
    missing = [item.file for item in ALL if not item.read(folder)]
    if missing:
        sys.exit(f"{folder}: no labelled sessions in {', '.join(missing)}")
    MEASURED.write_text(_HEAD + yaml.safe_dump(list(measure(folder)), sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
