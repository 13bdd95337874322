"""Six questions about work in the background, answered from jobs and open incidents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from loopwatch_processor.jobs.reconciliation import Account, Group, Known, reconcile
from loopwatch_processor.jobs.sla import Slas

SLACK_RATIO = 0.99
"""Background jobs succeed from this share on; below it the foreground may be healthy and they are not."""
MAX_INCIDENTS = 1_000
"""Open ones that are looked at for an answer; the newest."""
_BOUNDS = frozenset({"budget", "context"})
_STREAM = frozenset({"stream"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and what is known."""

    question: str
    holds: bool | None
    """None: nobody can tell, because nothing is known or nothing was promised."""
    why: str


def answers(jobs: Sequence[Known], open_detectors: Collection[str], slas: Slas, now: float) -> list[Answer]:
    """What *jobs* and the detectors of incidents that are open now say, in the order of a job's life."""
    accounts = reconcile(jobs, slas, now)
    whole = [*accounts.values()]
    return [
        _entered(jobs),
        _picked_up(jobs, slas, now),
        _ended(whole),
        _no_incident("Was the stream delivered?", open_detectors, _STREAM, "stream"),
        _succeeded(accounts),
        _no_incident("Were the bounds respected?", open_detectors, _BOUNDS, "limit or context"),
    ]


def _entered(jobs: Sequence[Known]) -> Answer:
    question = "Did it enter the queue?"
    if not jobs:
        return Answer(question, None, "no job was submitted")
    return Answer(question, True, f"{len(jobs):,} {'job was' if len(jobs) == 1 else 'jobs were'} submitted")


def _picked_up(jobs: Sequence[Known], slas: Slas, now: float) -> Answer:
    question = "Was it picked up in time?"
    promised = [(job, limit_s) for job in jobs if (limit_s := slas.of(job.group[3]).queue_wait_s) is not None]
    late = [job for job, limit_s in promised if (_waited_s(job, now) or 0.0) > limit_s]
    if not promised:
        return Answer(question, None, "no wait is promised of any of them (jobs.types)")
    return Answer(question, not late, f"{len(late):,} of {len(promised):,} waited longer than promised")


def _waited_s(job: Known, now: float) -> float | None:
    return now - job.submitted_s if not job.is_worked_on else job.waited_s


def _ended(accounts: Iterable[Account]) -> Answer:
    question = "Did it end, in whatever way?"
    submitted, terminal = _sums(accounts, lambda account: (account.submitted, account.terminal))
    if not submitted:
        return Answer(question, None, "no job is old enough to be judged")
    missing = submitted - terminal
    return Answer(question, not missing, f"{terminal:,} of {submitted:,} ended; {missing:,} are missing")


def _succeeded(accounts: Mapping[Group, Account]) -> Answer:
    question = "Did background work succeed?"
    submitted, completed = _sums(accounts.values(), lambda account: (account.submitted, account.completed))
    if not submitted:
        return Answer(question, None, "no job is old enough to be judged")
    judged = ((account.success_ratio, group[3]) for group, account in accounts.items())
    ratio, kind = min((ratio, kind) for ratio, kind in judged if ratio is not None)
    why = f"{completed:,} of {submitted:,} are completed; worst type: {kind or '-'}, {ratio:.2%}"
    return Answer(question, ratio >= SLACK_RATIO, why)


def _no_incident(question: str, open_detectors: Collection[str], about: frozenset[str], what: str) -> Answer:
    found = sum(detector in about for detector in open_detectors)
    return Answer(question, not found, f"{found or 'no'} {what} incident{'s are' if found != 1 else ' is'} open")


def _sums(accounts: Iterable[Account], of: Callable[[Account], tuple[int, int]]) -> tuple[int, int]:
    pairs = [of(account) for account in accounts]
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
