"""How long jobs of a type may wait and work, and how they are watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from loopwatch_processor.jobs.transition import Status


@dataclass(frozen=True, slots=True)
class Sla:
    """What was promised of a type of jobs; None: nothing."""

    queue_wait_s: float | None = None
    executing_s: float | None = None

    def limit_s(self, status: str) -> float | None:
        """How long a job may stand at *status*."""
        return {Status.QUEUED.value: self.queue_wait_s, Status.EXECUTING.value: self.executing_s}.get(status)


@dataclass(frozen=True, slots=True)
class Slas:
    """By shell-style pattern of the type; the first that matches is the only one."""

    by_type: Mapping[str, Sla]
    unpromised_s: float = 21_600.0
    """After so long a job of which nothing is promised is one that should have ended, in reconciliation only."""

    def of(self, job_type: str) -> Sla:
        """What was promised of jobs of *job_type*."""
        return next((sla for pattern, sla in self.by_type.items() if fnmatchcase(job_type, pattern)), _NONE)

    def due_s(self, job_type: str) -> float:
        """How long after it was submitted a job should have ended, and been reported."""
        sla = self.of(job_type)
        limits = [limit for limit in (sla.queue_wait_s, sla.executing_s) if limit is not None]
        return sum(limits) if limits else self.unpromised_s

    @property
    def least_s(self) -> float | None:
        """The shortest promise; None where there is none."""
        limits = (limit for sla in self.by_type.values() for limit in (sla.queue_wait_s, sla.executing_s))
        return min((limit for limit in limits if limit is not None), default=None)


@dataclass(frozen=True, slots=True)
class Settings:
    """How jobs are watched; see `config.jobs.Jobs`."""

    slas: Slas
    sweep_s: float = 30.0
    grace_s: float = 60.0
    window_s: float = 86_400.0
    account_s: float = 120.0

    @property
    def pace_s(self) -> float:
        """Between two sweeps: always shorter than what was promised."""
        least_s = self.slas.least_s
        return self.sweep_s if least_s is None else min(self.sweep_s, least_s / 2)


_NONE = Sla()
