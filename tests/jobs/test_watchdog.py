"""The watchdog: who is told of a job over its time, and of what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.incident import Change, ChangeKind
from loopwatch_processor.incidents import Incidents
from loopwatch_processor.jobs.sla import Settings, Sla, Slas
from loopwatch_processor.journal import jobs
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.journal.writer import JournalWriter
from loopwatch_processor.watchdog import Watchdog
from tests.jobs.made import NOW_S, said

SLAS = Slas({"report": Sla(queue_wait_s=60, executing_s=120)})
SETTINGS = Settings(SLAS, grace_s=0)


@dataclass
class Kennel:
    """One watchdog with all that it needs, and a clock that is set."""

    url: str
    settings: Settings = SETTINGS
    now: float = NOW_S
    raised: list[RaisedFinding] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.writer = JournalWriter(Journal(JournalSettings(self.url)), lambda: self.now)
        self.incidents = Incidents()
        self.dog = Watchdog(
            self.settings,
            self.writer,
            self.incidents,
            lambda: self.now,
            on_raised=self.raised.append,
            on_changes=self.changes.extend,
        )

    async def hears(self, status: str, at_s: float, own: str = "7", **words: str) -> None:
        """Something is said of a job, now."""
        self.now = NOW_S + at_s
        self.dog.take(said(status, at_s, own, **words))

    async def sweeps(self, at_s: float) -> None:
        """It looks, and incidents have their tick."""
        self.now = NOW_S + at_s
        await self.dog.sweep()
        self.changes.extend(self.incidents.tick(self.now))

    def told(self) -> list[tuple[str, str, str]]:
        """What was raised, so far."""
        return [(item.finding.pattern, item.finding.severity.label, item.finding.summary) for item in self.raised]


Run = Callable[[Callable[[Kennel], Awaitable[None]]], Kennel]


@pytest.fixture
def run(url: str) -> Iterator[Run]:
    """Plays a story on either database."""

    def played(story: Callable[[Kennel], Awaitable[None]], settings: Settings = SETTINGS) -> Kennel:
        async def go() -> Kennel:
            kennel = Kennel(url, settings)
            await kennel.writer.open()
            await story(kennel)
            await kennel.writer.close(5.0)
            return kennel

        return asyncio.run(go())

    return played


def test_a_queue_without_a_worker_is_a_ticket(run: Run) -> None:
    """It waits over its promise, and however long it does, that pages nobody."""

    async def story(kennel: Kennel) -> None:
        await kennel.hears("queued", 0)
        await kennel.sweeps(59)
        assert kennel.raised == []
        await kennel.sweeps(61)
        await kennel.sweeps(500)

    kennel = run(story)
    assert kennel.told() == [
        ("queue_wait", "warning", "Job 7 of type report waits in queue slow for 61 s (limit 60 s).")
    ]
    assert [change.kind for change in kennel.changes] == [ChangeKind.OPENED]


def test_a_job_past_twice_its_promise_is_critical(run: Run) -> None:
    """Over the promise it is a warning, past twice that it pages: the promise is the user's own."""

    async def story(kennel: Kennel) -> None:
        await kennel.hears("executing", 0)
        for at_s in (119, 121, 239, 241, 300):
            await kennel.sweeps(at_s)

    kennel = run(story)
    assert [item[:2] for item in kennel.told()] == [("executing", "warning"), ("executing", "critical")]
    assert [change.kind for change in kennel.changes] == [ChangeKind.OPENED, ChangeKind.ESCALATED]
    assert kennel.changes[-1].incident.severity is Severity.CRITICAL


def test_healthy_jobs_and_types_without_a_promise_stay_silent(run: Run) -> None:
    """Ended in time, or nothing promised: nothing is found, however long ago it began."""

    async def story(kennel: Kennel) -> None:
        await kennel.hears("queued", 0)
        await kennel.hears("executing", 50)
        await kennel.hears("completed", 160)
        await kennel.hears("executing", 0, "8", type="other")
        for at_s in (170, 500, 5_000):
            await kennel.sweeps(at_s)

    assert run(story).raised == []


def test_a_worker_that_finishes_late_resolves_its_incident_with_the_truth(run: Run) -> None:
    """The job was given up, then done: the incident ends, and says so."""

    async def story(kennel: Kennel) -> None:
        await kennel.hears("executing", 0)
        await kennel.sweeps(121)
        await kennel.hears("completed", 121.5)
        await kennel.sweeps(150)
        await kennel.sweeps(121 + 121)

    kennel = run(story)
    last = kennel.changes[-1]
    assert last.kind is ChangeKind.RESOLVED
    assert last.incident.lead.summary == "Job 7 completed late, 122 s after it was submitted."
    assert kennel.incidents.open() == []


def test_a_queue_that_moves_again_resolves_its_incident(run: Run) -> None:
    """Somebody took the job: it waits no more, and has the whole time for its work from then on."""

    async def story(kennel: Kennel) -> None:
        await kennel.hears("queued", 0)
        await kennel.sweeps(61)
        await kennel.hears("executing", 100)
        await kennel.sweeps(150)
        await kennel.sweeps(200)
        assert kennel.incidents.open() == []
        await kennel.sweeps(221)

    kennel = run(story)
    assert [item[0] for item in kennel.told()] == ["queue_wait", "executing"]


def test_a_lost_job_is_told_of_for_a_day_and_counted_as_lost(run: Run) -> None:
    """Nobody works on a warning that stands for ever; the account of the day before still names the job."""

    async def story(kennel: Kennel) -> None:
        await kennel.hears("executing", 0)
        for at_s in (121, 80_000):
            await kennel.sweeps(at_s)
            assert len(kennel.incidents.open()) == 1
            (account,) = kennel.dog.accounts.values()
            assert (account.swept, account.lost_ratio) == (1, 1.0)
        await kennel.sweeps(121 + 86_400 + 1)

    kennel = run(story)
    assert kennel.incidents.open() == []
    assert kennel.changes[-1].incident.lead.summary == "Job 7 is lost: nobody has reported its end."


def test_nothing_is_given_up_after_a_start_or_while_the_road_is_behind(run: Run) -> None:
    """What was said while loopwatch was down is still on its way, and so may be the end of a job."""

    async def fresh(kennel: Kennel) -> None:
        await kennel.hears("executing", -300)
        kennel.now = NOW_S
        await kennel.sweeps(59)
        assert kennel.raised == []
        await kennel.sweeps(61)

    async def late(kennel: Kennel) -> None:
        await kennel.hears("executing", 0)
        kennel.now = NOW_S + 125
        kennel.dog.take(said("completed", 30, "8", arrived_s=125))
        await kennel.sweeps(126)
        assert kennel.raised == []
        await kennel.sweeps(190)

    assert len(run(fresh, Settings(SLAS, grace_s=60)).raised) == 1  # type: ignore[call-arg]
    assert [item.finding.values["job"] for item in run(late).raised] == ["7"]


def test_two_watchdogs_tell_one_incident(url: str) -> None:
    """Replicas share the journal: the job is given up once, and both know the same incident."""

    async def go() -> tuple[Kennel, Kennel]:
        one, two = Kennel(url), Kennel(url)
        for kennel in (one, two):
            await kennel.writer.open()
        await one.hears("executing", 0)
        await one.sweeps(1)
        two.now = one.now = NOW_S + 121
        await asyncio.gather(one.dog.sweep(), two.dog.sweep())
        await one.sweeps(150)
        await two.sweeps(150)
        await two.hears("completed", 160)
        await two.sweeps(161)
        await one.sweeps(161)
        story = await one.writer.read(lambda connection: jobs.story(connection, "test", "7"))
        assert [item.status.value for item in story] == ["executing", "swept", "completed"]
        for kennel in (one, two):
            await kennel.sweeps(400)
            await kennel.writer.close(5.0)
        return one, two

    one, two = asyncio.run(go())
    assert (
        [item.finding.pattern for item in one.raised] == [item.finding.pattern for item in two.raised] == ["executing"]
    )
    ids = {change.incident.id for kennel in (one, two) for change in kennel.changes}
    assert len(ids) == 1
    assert [kennel.changes[-1].kind for kennel in (one, two)] == [ChangeKind.RESOLVED] * 2


def test_a_restart_knows_what_was_open(tmp_path: Path) -> None:
    """The incident of a job that is still lost goes on; nothing opens anew."""
    url = f"sqlite:///{tmp_path}/journal.db"

    async def first() -> Kennel:
        kennel = Kennel(url)
        await kennel.writer.open()
        await kennel.hears("executing", 0)
        await kennel.sweeps(121)
        return kennel  # and then it is killed

    async def second(before: Kennel) -> Kennel:
        kennel = Kennel(url, Settings(SLAS, grace_s=60), now=NOW_S + 200)
        await kennel.writer.open()
        kennel.incidents.restore(before.incidents.open(), kennel.now)
        for at_s in (201, 390, 600):
            await kennel.sweeps(at_s)
        await kennel.writer.close(5.0)
        return kennel

    kennel = asyncio.run(second(asyncio.run(first())))
    assert len(kennel.incidents.open()) == 1
    assert ChangeKind.OPENED not in {change.kind for change in kennel.changes}
