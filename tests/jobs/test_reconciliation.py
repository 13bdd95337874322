"""The account of jobs: what counts when, and to whom a job belongs that nobody took."""

from __future__ import annotations

import pytest

from loopwatch_processor.jobs.reconciliation import Account, Known, reconcile
from loopwatch_processor.jobs.sla import Sla, Slas
from tests.jobs.made import NOW_S

SLAS = Slas({"re*": Sla(queue_wait_s=60, executing_s=240), "*": Sla()}, unpromised_s=3_600)
WORKER = ("prod", "worker", "clerk", "report")
WEB = ("prod", "web", "", "report")


def known(own: str, status: str, age_s: float, group: tuple[str, str, str, str] = WORKER) -> Known:
    """A job that was submitted *age_s* ago."""
    return Known(group, own, status, NOW_S - age_s, is_worked_on=group != WEB)


def account(*jobs: Known) -> Account:
    """The only one."""
    (found,) = reconcile(jobs, SLAS, NOW_S).values()
    return found


def test_only_jobs_older_than_their_promise_count() -> None:
    """One SLA is the wait and the work together; younger ones are in flight, or early, and no ratio knows them."""
    found = account(
        known("a", "completed", 900),
        known("b", "failed", 400),
        known("c", "executing", 301),
        known("d", "executing", 299),
        known("e", "completed", 10),
    )
    assert (found.submitted, found.terminal, found.overdue, found.in_flight, found.early) == (3, 2, 1, 1, 1)
    assert found.missing == ["c"]
    assert found.lost_ratio == pytest.approx(1 / 3)
    assert found.success_ratio == pytest.approx(1 / 3)


def test_a_swept_job_is_lost_until_its_worker_reports() -> None:
    """What the watchdog says is no end."""
    assert account(known("a", "swept", 400)).lost_ratio == 1.0
    assert account(known("a", "swept", 100)).missing == ["a"], "past one promise of the two already"
    assert account(known("a", "failed", 400)).lost_ratio == 0.0


def test_without_a_promise_a_job_is_due_after_a_while() -> None:
    """Nothing is promised of this type, so an hour it is."""
    other = ("prod", "worker", "", "other")
    assert account(known("a", "queued", 3_599, other)).missing == []
    assert account(known("a", "queued", 3_601, other)).missing == ["a"]


def test_no_job_at_all_has_no_ratio() -> None:
    """Nothing submitted is neither a success nor a loss."""
    assert (Account().lost_ratio, Account().success_ratio) == (0.0, None)


def test_a_job_that_nobody_took_is_lost_to_its_worker() -> None:
    """Its submitter is known only; the agent that does its type is the one that misses it."""
    found = reconcile([known("a", "completed", 900), known("b", "queued", 900, WEB)], SLAS, NOW_S)
    assert set(found) == {WORKER}
    assert found[WORKER].missing == ["b"]


def test_where_several_agents_could_have_taken_it_nobody_is_blamed() -> None:
    """It stays with its submitter."""
    second = ("prod", "worker", "other", "report")
    jobs = [known("a", "completed", 900), known("c", "completed", 900, second), known("b", "queued", 900, WEB)]
    found = reconcile(jobs, SLAS, NOW_S)
    assert {group: item.missing for group, item in found.items()} == {WORKER: [], second: [], WEB: ["b"]}
