"""The journal on disks that are full, and on servers that go away."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest
from sqlalchemy import text

from loopwatch_processor.errors import CannotOpenJournal
from loopwatch_processor.journal import incidents, outbox
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.journal.writer import LAST_RETRY_S
from tests.journal.made import change, message, on_a_loop, session, snapshot, step
from tests.journal.postgres import Server
from tests.journal.test_writer import LONG_S, Writing, in_file

ROOM = 1_073_741_823
"""SQLite's own bound on the pages of a file."""


def allow(journal: Journal, pages: int) -> None:
    """From now on the file takes no more *pages* than it has."""
    with journal.writing() as connection:
        has = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {has + pages}"))


@on_a_loop
async def test_a_full_disk_loses_nothing_once_there_is_room_again(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Incidents, messages and sessions are held, and the sentence names the disk."""
    writing = Writing(in_file(file))
    allow(writing.journal, 0)
    ids = [f"incident-{number:03}" for number in range(200)]
    done = [await writing.writer.commit([change(snapshot(name))], [message(name, incident_id=name)]) for name in ids]
    assert not all(done)
    writing.writer.save_session(session(), [step(1)])
    assert "full" in caplog.text
    allow(writing.journal, ROOM // 2)
    writing.clock.now += LAST_RETRY_S
    await writing.tick()
    assert writing.writer.held == 0
    with writing.journal.reading() as connection:
        assert {found.id for found in incidents.newest(connection, limit=1_000)} == set(ids)
        assert {found.id for found in outbox.waiting(connection)} == set(ids)
    assert writing.heard.drops == {}
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_a_file_that_was_damaged_stops_nothing(file: Path) -> None:
    """Whatever the database says, the commit answers, and what it was given is held."""
    first = in_file(file)
    first.close()
    file.write_bytes(b"\xff" * file.stat().st_size)
    writing = Writing(Journal(JournalSettings(f"sqlite:///{file}")))
    assert not await writing.writer.commit([change(snapshot())], [message()])
    assert writing.writer.held == 2
    assert writing.heard.writes == [False]
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_a_server_that_restarts_loses_nothing(server: Server) -> None:
    """Connections that broke are made anew; what was committed while it was down is written after."""
    writing = Writing(Journal(JournalSettings(server.new_database())))
    await writing.writer.open()
    assert await writing.writer.commit([change(snapshot("before"))], [message("before")])
    server.stop()
    try:
        assert not await writing.writer.commit([change(snapshot("meanwhile"))], [message("meanwhile")])
        await writing.writer.delivered("before")
        assert [waiting.id for waiting in await writing.writer.waiting()] == ["meanwhile"]
    finally:
        server.start()
    writing.clock.now += LAST_RETRY_S
    assert await writing.writer.commit([change(snapshot("after"))], [message("after")])
    with writing.journal.reading() as connection:
        assert {found.id for found in incidents.newest(connection)} == {"before", "meanwhile", "after"}
        assert {found.id for found in outbox.waiting(connection)} == {"meanwhile", "after"}
    # In how many turns it writes is the affair of the writer, and of how busy the machine is.
    assert [done for done, _ in groupby(writing.heard.writes)] == [True, False, True]
    await writing.writer.close(LONG_S)


@on_a_loop
async def test_a_service_that_starts_without_its_server_begins_to_write_when_it_comes(server: Server) -> None:
    """The error says that it passes; the tables are made later, and the service hears of it."""
    url = server.new_database()
    server.stop()
    writing = Writing(Journal(JournalSettings(url)))
    try:
        with pytest.raises(CannotOpenJournal) as refused:
            await writing.writer.open()
        assert refused.value.passing
        assert not await writing.writer.commit([change(snapshot())], [message()])
    finally:
        server.start()
    writing.clock.now += LAST_RETRY_S
    await writing.tick()
    assert writing.heard.opened == 1
    assert await writing.writer.read(outbox.waiting) == [message()]
    await writing.writer.close(LONG_S)
