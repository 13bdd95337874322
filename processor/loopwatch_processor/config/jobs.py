"""Settings of jobs: what was promised of them, and how they are watched."""

from __future__ import annotations

from pydantic import Field

from loopwatch_processor.config.section import Section
from loopwatch_processor.jobs.sla import Settings, Sla, Slas


class JobType(Section):
    """What was promised of jobs of one type; null: nothing, and nobody is told."""

    queue_wait_s: float | None = Field(default=None, gt=0)
    """How long one may wait for a worker."""
    executing_s: float | None = Field(default=None, gt=0)
    """How long a worker may take over one try; twice as long is critical."""


class Jobs(Section):
    """Jobs, as their submitters and workers tell of them; kept in the journal, or only in memory where that is off."""

    types: dict[str, JobType] = Field(default_factory=dict)
    """Promises by the job's type, or a shell-style pattern of types; the first that matches is the only one."""
    sweep_s: float = Field(default=30.0, gt=0)
    """How often jobs are looked at; half the shortest promise where that is less."""
    grace_s: float = Field(default=60.0, ge=0)
    """After a start no job is given up for so long: what was said meanwhile is still on its way."""
    unpromised_s: float = Field(default=21_600.0, gt=0)
    """A job of a type without promises counts as lost in reconciliation if it has not ended after so long."""
    account_s: float = Field(default=120.0, gt=0)
    """How often all of them are counted for the metrics, which takes longer than looking at those over their time."""
    window_s: float = Field(default=86_400.0, gt=0)
    """The metrics of jobs are about those submitted in so long; a job given up is told of for so long."""
    messaging_destinations: tuple[str, ...] = ()
    """Shell-style patterns of queues and topics whose messages are jobs, by the messaging spans about them."""

    def settings(self) -> Settings:
        """The same for the watchdog."""
        by_type = {name: Sla(job.queue_wait_s, job.executing_s) for name, job in self.types.items()}
        return Settings(Slas(by_type, self.unpromised_s), self.sweep_s, self.grace_s, self.window_s, self.account_s)
