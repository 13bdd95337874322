"""The jobs table on both databases: every transition kept once, and races that end in the truth."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from loopwatch_processor.jobs.job import JobRow
from loopwatch_processor.jobs.transition import Status, Transition
from loopwatch_processor.journal import jobs
from loopwatch_processor.journal.database import Journal
from tests.jobs.made import NOW_S, said


def keep(journal: Journal, *transitions: Transition) -> None:
    """Write them in one transaction."""
    with journal.writing() as connection:
        jobs.record(connection, transitions)


def job(journal: Journal, own: str = "7") -> JobRow:
    """The one job *own*."""
    with journal.reading() as connection:
        (row,) = jobs.named(connection, [("test", own)])
    return row


def give_up(journal: Journal, row: JobRow, now: float) -> bool:
    """What a watchdog does that has read *row*."""
    with journal.writing() as connection:
        return jobs.sweep(connection, row, now)


def test_a_job_from_its_queue_to_its_end(journal: Journal) -> None:
    """Each transition with its time, and the job as it is after them."""
    keep(journal, said("queued", 0, service="web"))
    assert (job(journal).status, job(journal).service) == ("queued", "web")
    keep(journal, said("executing", 2), said("completed", 5, agent="clerk", stop_reason="completed"))
    row = job(journal)
    assert (row.status, row.service, row.agent, row.stop_reason) == ("completed", "worker", "clerk", "completed")
    assert (row.submitted_s, row.executing_s, row.ended_s) == (NOW_S, NOW_S + 2, NOW_S + 5)
    with journal.reading() as connection:
        story = jobs.story(connection, "test", "7")
    assert [item.status.value for item in story] == ["queued", "executing", "completed"]


def test_delivered_again_is_harmless(journal: Journal) -> None:
    """A Collector that retries sends the same batch twice, in one request or in two."""
    told = [said("queued", 0), said("executing", 2), said("completed", 5)]
    keep(journal, *told, *told)
    before = job(journal)
    keep(journal, *(said(item.status, item.at_ns / 1e9 - NOW_S, arrived_s=90) for item in told))
    assert job(journal) == before


def test_out_of_order_over_requests(journal: Journal) -> None:
    """The worker's events come before the submitter's: the job is completed all the way."""
    for item in (said("completed", 5, arrived_s=1), said("executing", 2, arrived_s=6), said("queued", 0, arrived_s=9)):
        keep(journal, item)
        assert job(journal).status == "completed"
    assert job(journal).submitted_s == NOW_S
    assert job(journal).illegal == 0


def test_illegal_transitions_are_counted(journal: Journal) -> None:
    """They are kept as evidence, and change nothing."""
    keep(journal, said("completed", 2), said("failed", 3))
    assert (job(journal).status, job(journal).illegal) == ("completed", 1)
    with journal.reading() as connection:
        assert jobs.illegal(connection, NOW_S - 60) == 1
        assert jobs.illegal(connection, NOW_S + 60) == 0


def test_a_worker_half_a_second_later_wins(journal: Journal) -> None:
    """The watchdog gave the job up; then its end comes, and the table says both."""
    keep(journal, said("executing", 0))
    assert give_up(journal, job(journal), NOW_S + 60)
    assert job(journal).status == "swept"
    keep(journal, said("completed", 59.5, arrived_s=60.5))
    row = job(journal)
    assert (row.status, row.swept_s, row.swept_from) == ("completed", NOW_S + 60, "executing")


def test_a_worker_that_was_faster_wins(journal: Journal) -> None:
    """What the watchdog read is no longer so when it comes to write: nothing is given up."""
    keep(journal, said("executing", 0))
    read = job(journal)
    keep(journal, said("completed", 59.5))
    assert not give_up(journal, read, NOW_S + 60)
    keep(journal, said("executing", 0, "8"))
    read = job(journal, "8")
    keep(journal, said("failed", 1, "8"), said("executing", 59, "8", attempt=2))
    assert not give_up(journal, read, NOW_S + 60)
    assert job(journal, "8").status == "executing"


def test_old_news_take_no_job_back(journal: Journal) -> None:
    """A job that was given up stays so when what was known of it is delivered again, or late."""
    keep(journal, said("executing", 2))
    assert give_up(journal, job(journal), NOW_S + 60)
    keep(journal, said("executing", 2, arrived_s=70), said("queued", 0, arrived_s=70))
    assert job(journal).status == "swept"


def test_two_watchdogs_at_once(journal: Journal) -> None:
    """Of many that have read the same, exactly one gives a job up."""
    keep(journal, *(said("queued", 0, str(number)) for number in range(20)))
    rows = [job(journal, str(number)) for number in range(20)]
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda row: give_up(journal, row, NOW_S + 60), rows * 4))
    assert sum(done) == 20
    assert {job(journal, row.id).status for row in rows} == {"swept"}


def test_workers_and_watchdogs_at_once(journal: Journal) -> None:
    """Every job whose end was reported is completed in the end, whoever came first, and no transition is lost."""
    own = [str(number) for number in range(40)]
    keep(journal, *(said("executing", 0, name) for name in own))
    rows = {name: job(journal, name) for name in own}
    work = [lambda name=name: keep(journal, said("completed", 60.5, name)) for name in own]
    sweep = [lambda name=name: give_up(journal, rows[name], NOW_S + 60) for name in own for _ in range(2)]
    acts = [*work, *sweep]
    random.Random(5).shuffle(acts)
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(act) for act in acts]:
            done.result()
    assert {job(journal, name).status for name in own} == {"completed"}
    with journal.reading() as connection:
        told = [item.status for name in own for item in jobs.story(connection, "test", name)]
    assert told.count(Status.COMPLETED) == told.count(Status.EXECUTING) == len(own)


def test_two_writers_of_the_same_jobs(journal: Journal) -> None:
    """Replicas that get different halves of the same jobs neither wait for one another for ever nor lose a word."""
    names = [str(number) for number in range(50)]
    halves = [[said(status, at, name) for name in names] for status, at in (("queued", 0), ("completed", 9))]
    random.Random(3).shuffle(halves[0])
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(keep, journal, *half) for half in halves]:
            done.result()
    assert {(job(journal, name).status, job(journal, name).submitted_s) for name in names} == {("completed", NOW_S)}


def test_a_job_that_is_tried_for_ever_stays_small(journal: Journal) -> None:
    """Its first word and its newest ones are kept."""
    for attempt in range(1, 150):
        told = said("executing", attempt, attempt=attempt), said("failed", attempt + 0.5, attempt=attempt)
        keep(journal, *told)
    with journal.reading() as connection:
        story = jobs.story(connection, "test", "7")
    assert len(story) == jobs.MAX_TRANSITIONS
    assert (story[0].attempt, story[-1].attempt) == (1, 149)
    assert (job(journal).status, job(journal).attempt) == ("failed", 149)


def test_long_and_odd_ids(journal: Journal) -> None:
    """Whatever a client calls its jobs is kept apart and found again."""
    odd = ["x" * 5_000, "x" * 5_001, "a\0b", "\ud800", "", "'; DROP TABLE jobs"]
    keep(journal, *(said("queued", 0, name) for name in odd))
    with journal.reading() as connection:
        assert len(jobs.named(connection, [("test", name) for name in odd])) == len(odd)
