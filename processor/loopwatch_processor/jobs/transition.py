"""`Transition`: one thing that was said of one job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    EXECUTING = "executing"
    COMPLETED = "completed"
    FAILED = "failed"
    SWEPT = "swept"
    """The watchdog gave it up: no worker has reported its end."""


OPEN = (Status.QUEUED, Status.EXECUTING)
REPORTED = (Status.COMPLETED, Status.FAILED)
"""Terminal, because a worker said so."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A job changed, by the clock of whoever says so."""

    environment: str
    job_id: str
    """Unique in its environment."""
    status: Status
    at_ns: int
    attempt: int = 1
    """Which try it belongs to; 1 where nobody counts."""
    arrived_s: float = 0.0
    type: str = ""
    queue: str = ""
    service: str = ""
    agent: str = ""
    stop_reason: str = ""
    error_type: str = ""
    trace_id: str = ""
    span_id: str = ""

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """What a second delivery of the same has in common with it."""
        return self.environment, self.job_id, self.status.value, self.attempt, self.at_ns
