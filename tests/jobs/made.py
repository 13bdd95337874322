"""Transitions of jobs as tests need them."""

from __future__ import annotations

from loopwatch_processor.jobs.transition import Status, Transition

NOW_S = 1_780_272_000.0


def said(
    status: str, at_s: float, job_id: str = "7", *, attempt: int = 1, arrived_s: float | None = None, **words: str
) -> Transition:
    """What is said of job *job_id*, *at_s* seconds after `NOW_S`; it arrives at once unless *arrived_s* is given."""
    arrived = NOW_S + (at_s if arrived_s is None else arrived_s)
    known = {"type": "report", "queue": "slow", "service": "worker", **words}
    at_ns = int((NOW_S + at_s) * 1e9)
    return Transition("test", job_id, Status(status), at_ns, attempt, arrived, **known)
