"""More than one process at one journal, and processes that are killed."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from loopwatch_processor.incident import ChangeKind
from loopwatch_processor.journal import incidents, mutes, outbox, tables
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from tests.journal.committing import committing
from tests.journal.made import NOW, change, message, mute, on_a_loop, resolved, snapshot
from tests.journal.test_writer import LONG_S, Writing

ROUNDS = 20


def test_what_was_committed_survives_kill_9(url: str) -> None:
    """Twenty times: every incident that was said to be committed is there, with its message, and none without."""
    choice = random.Random(3)
    journal = Journal(JournalSettings(url))
    journal.open()
    said = set()
    for number in range(ROUNDS):
        with committing(url, f"round{number}") as said_next:
            said |= {said_next() for _ in range(choice.randint(1, 5))}
        with journal.reading() as connection:
            kept = {found.id for found in incidents.newest(connection, limit=1_000_000)}
            assert said <= kept
            assert {waiting.incident_id for waiting in outbox.waiting(connection)} == kept
    assert len({name.partition("-")[0] for name in said}) == ROUNDS
    journal.close()


def test_a_command_writes_while_the_service_does(url: str) -> None:
    """`loopwatch mute` needs no service to be stopped, and the service sees it."""
    with committing(url, "service") as said_next:
        said_next()
        journal = Journal(JournalSettings(url))
        journal.open()
        for number in range(20):
            with journal.writing() as connection:
                mutes.add(connection, mute(f"mute-{number}"))
        said_next()
        with journal.reading() as connection:
            assert len(mutes.active(connection, NOW)) == 20
            assert "service-0" in {found.id for found in incidents.newest(connection, limit=1_000_000)}
    journal.close()


def test_writers_side_by_side_keep_everything(url: str) -> None:
    """Transactions of several processes wait for each other; none is lost to a lock."""
    journal = Journal(JournalSettings(url))
    journal.open()

    def one(name: str) -> list[str]:
        with committing(url, name) as said_next:
            return [said_next() for _ in range(20)]

    with ThreadPoolExecutor(3) as threads:
        said = [line for lines in threads.map(one, ["a", "b", "c"]) for line in lines]
    with journal.reading() as connection:
        kept = {found.id for found in incidents.newest(connection, limit=1_000_000)}
    assert len(said) == 60
    assert set(said) <= kept
    journal.close()


@on_a_loop
async def test_replicas_that_saw_the_same_keep_it_once(url: str) -> None:
    """One row an incident and a message, whichever replica came first, and delivered stays delivered."""
    replicas = [Writing(Journal(JournalSettings(url))) for _ in range(2)]
    for replica in replicas:
        await replica.writer.open()
    names = [f"incident-{number}" for number in range(50)]

    async def play(replica: Writing, order: list[str]) -> None:
        for name in order:
            assert await replica.writer.commit([change(snapshot(name))], [message(name, incident_id=name)])
            await replica.writer.delivered(name)
        everything = [change(resolved(name), ChangeKind.RESOLVED) for name in order]
        assert await replica.writer.commit(everything)

    await asyncio.gather(play(replicas[0], names), play(replicas[1], names[::-1]))
    with replicas[0].journal.reading() as connection:
        for table in (tables.incidents, tables.outbox):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == len(names)
        assert incidents.newest(connection, open_only=True) == []
        assert outbox.waiting(connection) == []
    for replica in replicas:
        await replica.writer.close(LONG_S)
