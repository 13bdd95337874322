"""Databases for the journal's tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from tests.journal.postgres import HOW, Server, find


@pytest.fixture(scope="session", name="server")
def _server() -> Iterator[Server]:
    """A running PostgreSQL; a machine without one skips, unless it was told to have it."""
    programs = find()
    if programs is None:
        missing = pytest.fail if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1" else pytest.skip
        missing(f"there is no PostgreSQL: {HOW}")
    server = Server(programs)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(name="url", params=["sqlite", "postgresql"])
def _url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'journal.db'}"
    server: Server = request.getfixturevalue("server")
    return server.new_database()


@pytest.fixture(name="journal")
def _journal(url: str) -> Iterator[Journal]:
    """An open journal of either kind."""
    journal = Journal(JournalSettings(url))
    journal.open()
    yield journal
    journal.close()


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """Where a journal of SQLite may be made."""
    return tmp_path / "journal.db"
