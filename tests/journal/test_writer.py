"""The service's way to the journal: what it promises while the database works, and while it does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from loopwatch_processor.errors import CannotOpenJournal, JournalFault
from loopwatch_processor.incident import ChangeKind
from loopwatch_processor.journal import database, documents, incidents, outbox, sessions
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.rows import MessageState
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.journal.writer import FIRST_RETRY_S, JournalWriter
from tests.journal.made import (
    NOW,
    Clock,
    Heard,
    change,
    locked,
    message,
    on_a_loop,
    resolved,
    session,
    snapshot,
    step,
)

LONG_S = 60.0
"""How long anything may take on a busy machine; nothing waits for it when things go well."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked file is given up at once."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.0)


class Writing:
    """A writer, its clock, and what it told of."""

    def __init__(self, journal: Journal, **options: Any) -> None:
        self.journal = journal
        self.clock = Clock()
        self.heard = Heard()
        told: dict[str, Any] = {
            "on_write": self.heard.written,
            "on_drop": self.heard.dropped,
            "on_open": self.heard.open,
            "patience_s": LONG_S,
        }
        self.writer = JournalWriter(journal, self.clock, **{**told, **options})

    async def tick(self) -> None:
        """Let the writer write what waits."""
        self.writer.tick()
        await self.writer.settled(LONG_S)


@pytest.fixture(name="writing")
def _writing(journal: Journal) -> Writing:
    return Writing(journal)


def in_file(file: Path, **settings: Any) -> Journal:
    """An open journal in *file*."""
    journal = Journal(JournalSettings(f"sqlite:///{file}", **settings))
    journal.open()
    return journal


@on_a_loop
async def test_an_incident_and_its_messages_are_committed_together(writing: Writing) -> None:
    """When `commit` says so, both are in the database."""
    assert await writing.writer.commit([change(snapshot())], [message()])
    with writing.journal.reading() as connection:
        assert incidents.get(connection, "incident-1") == snapshot()
        assert outbox.waiting(connection) == [message()]
    assert writing.heard.writes == [True]
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_nothing_to_commit_is_no_transaction(writing: Writing) -> None:
    """Most requests change no incident, and pay nothing."""
    assert await writing.writer.commit([])
    assert writing.heard.writes == []
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_the_newest_of_several_changes_is_kept(writing: Writing) -> None:
    """An incident that opens and resolves in one request is resolved."""
    await writing.writer.commit([change(snapshot()), change(resolved(), ChangeKind.RESOLVED)])
    assert await writing.writer.read(lambda connection: incidents.get(connection, "incident-1")) == resolved()
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_what_became_of_a_message_is_kept(writing: Writing) -> None:
    """Delivered, failed and refused, as the delivery loop tells."""
    writer = writing.writer
    await writer.commit([], [message("a"), message("b"), message("c")])
    await writer.delivered("a")
    await writer.failed("b", NOW + 5, "503")
    await writer.refused("c", "400")
    (waiting,) = await writer.waiting()
    assert (waiting.id, waiting.attempts, waiting.next_try_s, waiting.last_error) == ("b", 1, NOW + 5, "503")
    states = [(kept.id, kept.state) for kept in await writer.unresolved()]
    assert states == [("a", MessageState.DELIVERED), ("b", MessageState.WAITING), ("c", MessageState.REFUSED)]
    await writer.close(LONG_S)


@on_a_loop
async def test_sessions_and_documents_are_written_by_the_next_tick(writing: Writing) -> None:
    """Nobody waits for them, and the newest state wins."""
    writing.writer.save_session(session(steps=1), [step(1)])
    writing.writer.save_session(session(), [step(1, name="changed"), step(2)])
    writing.writer.put_document("outliers", {"p99": 1})
    writing.writer.put_document("outliers", {"p99": 2})
    await writing.tick()
    with writing.journal.reading() as connection:
        assert sessions.get(connection, "session-1") == (session(), [step(1), step(2)])
        assert documents.get(connection, "outliers") == {"p99": 2}
    assert writing.heard.writes[0] is True
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_a_session_that_moved_away_is_removed(writing: Writing) -> None:
    """Also where it is saved again right after."""
    writing.writer.save_session(session(), [step(1)])
    await writing.tick()
    writing.writer.remove_session("session-1")
    writing.writer.save_session(session(steps=1, detectors=()), [step(9)])
    await writing.tick()
    with writing.journal.reading() as connection:
        assert sessions.get(connection, "session-1") == (session(steps=1, detectors=()), [step(9)])
    writing.writer.remove_session("session-1")
    await writing.tick()
    with writing.journal.reading() as connection:
        assert sessions.get(connection, "session-1") is None
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_closing_writes_what_waits(file: Path) -> None:
    """A service that stops loses no session."""
    writing = Writing(in_file(file))
    writing.writer.save_session(session(), [step(1)])
    await writing.writer.close(LONG_S)
    with in_file(file).reading() as connection:
        assert sessions.get(connection, "session-1") == (session(), [step(1)])


@on_a_loop
async def test_what_cannot_be_written_is_held_and_written_later(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No incident, message or mark is lost; the log tells once that it fails, and once that it works again."""
    writing = Writing(in_file(file))
    writer, worse = writing.writer, snapshot(changed_s=NOW + 5, sessions_total=9)
    caplog.set_level(logging.INFO)
    with locked(file):
        assert not await writer.commit([change(snapshot())], [message("a"), message("b", created_s=NOW + 1)])
        assert not await writer.commit([change(worse, ChangeKind.ESCALATED)], [message("c", created_s=NOW + 2)])
        await writer.delivered("a")
        await writer.failed("b", NOW + 9, "503")
        await writer.failed("b", NOW + 19, "503")
        writing.clock.now += FIRST_RETRY_S
        await writing.tick()
        assert [(waiting.id, waiting.attempts) for waiting in await writer.waiting()] == [("b", 2), ("c", 0)]
        assert writer.is_failing
    writing.clock.now += 2 * FIRST_RETRY_S
    await writing.tick()
    assert not writer.is_failing
    assert writer.held == 0
    with writing.journal.reading() as connection:
        assert incidents.get(connection, "incident-1") == worse
        assert [(kept.id, kept.attempts) for kept in outbox.waiting(connection)] == [("b", 2), ("c", 0)]
        assert next(kept.state for kept in outbox.about(connection, "incident-1")) is MessageState.DELIVERED
    assert writing.heard.writes[:3] == [False, False, True]
    assert writing.heard.drops == {}
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("loopwatch_processor.journal")]
    assert [("locked" in line, "works again" in line) for line in ours] == [(True, False), (False, True)]
    await writer.close(LONG_S)


@on_a_loop
async def test_it_tries_again_after_pauses_that_double(file: Path) -> None:
    """A database that is down is not asked by every request, and none waits for it."""
    writing = Writing(in_file(file))
    tries: list[int] = []
    with locked(file):
        for second in range(70):
            writing.clock.now = NOW + second
            assert not await writing.writer.commit([change(snapshot(changed_s=NOW + second))])
            if len(writing.heard.writes) > len(tries):
                tries.append(second)
    assert tries == [0, 1, 3, 7, 15, 31, 61]
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_a_commit_waits_no_longer_than_its_patience(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is answered though the database hangs; what it brought is written once it does not."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", LONG_S)
    writing = Writing(in_file(file), patience_s=0.01)
    with locked(file):
        assert not await writing.writer.commit([change(snapshot())], [message()])
        assert writing.heard.writes == []
    await writing.writer.settled(LONG_S)
    with writing.journal.reading() as connection:
        assert incidents.get(connection, "incident-1") == snapshot()
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_a_commit_that_comes_while_it_prunes_is_answered(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to come after it for it to be written."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", LONG_S)
    writing = Writing(in_file(file))
    with locked(file):
        writing.writer.tick()
        await asyncio.sleep(0)
        commit = asyncio.create_task(writing.writer.commit([change(snapshot())]))
        await asyncio.sleep(0)
    assert await commit
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_memory_is_bounded_while_nothing_can_be_written(file: Path) -> None:
    """The oldest goes, and is counted by its kind."""
    writing = Writing(in_file(file, max_pending=2, max_steps_per_session=2))
    with locked(file):
        for number in range(3):
            await writing.writer.commit([change(snapshot(f"i{number}"))], [message(f"m{number}")])
            writing.writer.save_session(session(f"s{number}"), [step(1), step(2), step(3)])
        await writing.writer.commit([])
    assert writing.heard.drops == {"incidents": 1, "messages": 1, "sessions": 1, "steps": 3}
    writing.clock.now += FIRST_RETRY_S
    await writing.tick()
    with writing.journal.reading() as connection:
        assert [found.id for found in incidents.newest(connection)] == ["i1", "i2"]
        assert [found.key for found in sessions.newest(connection)] == ["s1", "s2"]
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_a_story_keeps_every_step_of_an_outage(file: Path) -> None:
    """Windows that moved on meanwhile leave no hole, and a removal in between is not forgotten."""
    writing = Writing(in_file(file))
    writing.writer.save_session(session(), [step(0)])
    writing.writer.save_session(session("gone"), [step(0)])
    await writing.tick()
    with locked(file):
        for number in range(1, 4):
            writing.clock.now += 100.0
            writing.writer.save_session(session(steps=number), [step(number)])
            writing.writer.remove_session("gone")
            await writing.tick()
    writing.clock.now += 100.0
    await writing.tick()
    with writing.journal.reading() as connection:
        assert sessions.get(connection, "session-1") == (session(), [step(number) for number in range(4)])
        assert sessions.get(connection, "gone") is None
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_one_thing_that_no_database_takes_costs_only_itself(
    writing: Writing, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake of ours in one message must not keep every later page from being kept."""
    broken = message("broken", payload=cast("Mapping[str, Any]", 7))
    unknown = session("unknown", agent=cast("str", None))
    writing.writer.save_session(unknown)
    writing.writer.save_session(session())
    assert await writing.writer.commit([change(snapshot())], [broken, message()])
    await writing.tick()
    with writing.journal.reading() as connection:
        assert [found.id for found in incidents.newest(connection)] == ["incident-1"]
        assert [found.id for found in outbox.waiting(connection)] == ["message-1"]
        assert [found.key for found in sessions.newest(connection)] == ["session-1"]
    assert writing.heard.drops == {"unwritable": 2}
    assert not writing.writer.is_failing
    assert "left out" in caplog.text
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_a_journal_that_cannot_be_opened_at_first_is_opened_later(tmp_path: Path) -> None:
    """What was committed meanwhile is there, and the service hears when to restore what it did not know."""
    (tmp_path / "state").touch()
    writing = Writing(Journal(JournalSettings(f"sqlite:///{tmp_path}/state/journal.db")))
    with pytest.raises(CannotOpenJournal):
        await writing.writer.open()
    assert not await writing.writer.commit([change(snapshot())], [message()])
    with pytest.raises(JournalFault):
        await writing.writer.read(outbox.waiting)
    assert await writing.writer.waiting() == [message()]
    (tmp_path / "state").unlink()
    writing.clock.now += 2 * FIRST_RETRY_S
    await writing.tick()
    assert writing.heard.opened == 1
    assert await writing.writer.read(lambda connection: incidents.restorable(connection, NOW)) == [snapshot()]
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_many_commits_at_once_are_few_transactions(file: Path) -> None:
    """While one transaction is on its way, everything else gathers for the next."""
    writing = Writing(in_file(file))
    commits = (writing.writer.commit([change(snapshot(f"i{number}"))]) for number in range(100))
    assert all(await asyncio.gather(*commits))
    assert len(writing.heard.writes) <= 3
    with writing.journal.reading() as connection:
        assert len(incidents.newest(connection, limit=1_000)) == 100
    await writing.writer.close(LONG_S)
