"""The cases of the suite, each measured once a round, so that a noisy machine hits all alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.plan import Plan
from bench.results import Measured
from bench.scoring import in_process
from bench.served import served


def all_of(plan: Plan, otelcol: Path | None) -> Iterator[Measured]:
    """Every case of *plan*, round by round."""
    for number in range(plan.rounds):
        yield from in_process(plan.spans, plan.sessions, number)
        yield from served(plan, number, otelcol)
