"""The cases of the suite, each measured once a round, so that a noisy machine hits all alike."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path

from bench.plan import Plan
from bench.results import Measured
from bench.scoring import in_process
from bench.served import served


def all_of(plan: Plan, otelcol: Path | None, told: Callable[[Measured], None]) -> list[Measured]:
    """Every case of *plan*, round by round; *told* of each."""
    found = []
    for number in range(plan.rounds):
        for item in chain(in_process(plan.spans, plan.sessions, number), served(plan, number, otelcol)):
            told(item)
            found.append(item)
    return found
