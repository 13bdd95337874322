"""`JobRow`: one job, as the journal keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job as it is after all that was said of it; times in seconds of Unix time."""

    environment: str
    id: str
    """Unique in its environment."""
    type: str
    queue: str
    service: str
    agent: str
    status: str
    """One of `loopwatch_processor.jobs.transition.Status`."""
    attempt: int
    submitted_s: float
    """By the submitter's clock; where nobody said that it was queued, the first that is known of it."""
    executing_s: float | None
    """When its newest try began, by the worker's clock."""
    ended_s: float | None
    """By the worker's clock; None while no worker reported its end."""
    since_s: float
    """When it arrived here what it stands at: silence is judged by this."""
    stop_reason: str
    error_type: str
    trace_id: str
    span_id: str
    swept_s: float | None
    """When the watchdog gave it up, for the last time; it stays when the worker reports after all."""
    swept_from: str
    """What it was doing then."""
    illegal: int
    """Transitions that cannot have happened."""
    changed_s: float
