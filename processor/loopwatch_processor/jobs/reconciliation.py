"""What was submitted against what workers reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from loopwatch_processor.jobs.sla import Slas
from loopwatch_processor.jobs.transition import REPORTED, Status

Group = tuple[str, str, str, str]
"""Environment, service, agent and type of jobs; service and agent are the worker's, as far as it is known."""

STANDINGS = ("completed", "failed", "swept", "overdue", "in_flight", "early")
"""How a job stands: the fields of `Account` that each count some of the jobs, and together all."""


@dataclass(frozen=True, slots=True)
class Known:
    """What reconciliation wants of one job."""

    group: Group
    id: str
    status: str
    submitted_s: float
    is_worked_on: bool = True
    """Whether a worker ever said a word of it; otherwise its group is its submitter's."""
    waited_s: float | None = None
    """In its queue, by the clocks of both; None while nobody took it, and where it was tried again."""


@dataclass(slots=True)
class Account:
    """The jobs of one group."""

    submitted: int = 0
    """Long enough ago that they should have ended."""
    completed: int = 0
    failed: int = 0
    """A worker said so."""
    swept: int = 0
    """The watchdog gave them up, and no worker has reported since."""
    overdue: int = 0
    """Nobody has said that they ended, nor given them up."""
    in_flight: int = 0
    """Submitted so lately that they need not have ended, and they have not."""
    early: int = 0
    """Submitted as lately, and ended already: they count from when they are as old as the others."""
    missing: list[str] = field(default_factory=list)
    """Ids of those swept or overdue, oldest first."""

    @property
    def terminal(self) -> int:
        """Those whose end a worker reported."""
        return self.completed + self.failed

    @property
    def lost_ratio(self) -> float:
        """The share of those submitted whose end no worker reported; 0 where none was."""
        return 1.0 - self.terminal / self.submitted if self.submitted else 0.0

    @property
    def success_ratio(self) -> float | None:
        """The share of those submitted that are completed; None where none was."""
        return self.completed / self.submitted if self.submitted else None

    def add(self, job: Known, *, is_due: bool) -> None:
        """Count *job*; *is_due*: it should have ended."""
        if not is_due:
            self.early += job.status in REPORTED
            self.in_flight += job.status not in REPORTED
            return
        self.submitted += 1
        self.completed += job.status == Status.COMPLETED
        self.failed += job.status == Status.FAILED
        self.swept += job.status == Status.SWEPT
        if job.status not in REPORTED:
            self.overdue += job.status != Status.SWEPT
            self.missing.append(job.id)


def reconcile(jobs: Iterable[Known], slas: Slas, now: float) -> dict[Group, Account]:
    """*jobs*, oldest first, by group. Those given up count at once: they are past a promise."""
    known = list(jobs)
    groups = _groups(known)
    accounts: dict[Group, Account] = {}
    for job in known:
        account = accounts.setdefault(groups.get(job.group, job.group), Account())
        is_due = job.status == Status.SWEPT or now - job.submitted_s >= slas.due_s(job.group[3])
        account.add(job, is_due=is_due)
    return accounts


def _groups(jobs: Iterable[Known]) -> dict[Group, Group]:
    """The groups of submitters as those of the workers that would have done their jobs.

    A job that nobody took is lost to whoever does its type; where several do, nobody can tell.
    """
    workers: dict[tuple[str, str], set[Group]] = {}
    submitters: set[Group] = set()
    for job in jobs:
        if job.is_worked_on:
            workers.setdefault((job.group[0], job.group[3]), set()).add(job.group)
        else:
            submitters.add(job.group)
    found = {group: workers.get((group[0], group[3]), set()) for group in submitters}
    return {group: next(iter(its)) for group, its in found.items() if len(its) == 1}
