"""Opening a journal: where it is made, what is refused with which words, and how its tables come to be."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from loopwatch_processor.errors import CannotOpenJournal, JournalFault
from loopwatch_processor.journal import mutes, schema
from loopwatch_processor.journal.database import Journal, default_url
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.journal.tables import HEAD, VERSION_TABLE, metadata
from tests.journal.made import NOW, mute
from tests.journal.postgres import Server


def opened(url: str | None) -> Journal:
    """The journal at *url*, open."""
    journal = Journal(JournalSettings(url))
    journal.open()
    return journal


def test_migrations_make_the_tables_that_the_code_uses(url: str) -> None:
    """From an empty database to the newest schema there is no difference to the metadata, nor to what a start makes."""
    journal = opened(url)
    with journal.writing() as connection:
        made = columns_of(connection)
        for name in made:
            connection.execute(text(f"DROP TABLE {name}"))
        schema.migrate(connection, None, url)
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert columns_of(connection) == made
    journal.close()


def columns_of(connection: Connection) -> dict[str, object]:
    """What the database says of its tables, that of the version too, and their indexes."""
    seen = inspect(connection)
    return {
        name: (
            str(seen.get_columns(name)),
            sorted(map(str, seen.get_indexes(name))),
            seen.get_pk_constraint(name)["constrained_columns"],
        )
        for name in sorted(seen.get_table_names())
    }


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    """A migration that is added without `HEAD` would run at every start."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_what_was_written_is_there_when_it_is_opened_again(url: str) -> None:
    """Opening migrates once, and keeps what there is."""
    first = opened(url)
    with first.writing() as connection:
        mutes.add(connection, mute())
    first.close()
    second = opened(url)
    with second.reading() as connection:
        assert mutes.active(connection, NOW) == [mute()]
    second.close()


def test_replicas_that_start_together_make_one_set_of_tables(url: str) -> None:
    """Each waits for the other's migration."""
    journals = [Journal(JournalSettings(url)) for _ in range(4)]
    with ThreadPoolExecutor(len(journals)) as threads:
        list(threads.map(lambda journal: journal.open(), journals))
    for journal in journals:
        assert journal.is_open
        journal.close()


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    """The words say which version it has and what to do."""
    journal = opened(url)
    with journal.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'r9999'"))
    journal.close()
    again = Journal(JournalSettings(url))
    with pytest.raises(CannotOpenJournal, match=r"made by a newer loopwatch.*r9999.*install that version") as refused:
        again.open()
    assert not refused.value.passing
    assert not again.is_open
    again.close()


def test_tables_of_something_else_are_left_alone(url: str) -> None:
    """A database that already has such tables is refused, and nothing is left half made in it."""
    journal = Journal(JournalSettings(url))
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir()
    with journal.writing() as connection:
        connection.execute(text("CREATE TABLE sessions (theirs integer)"))
    with pytest.raises(CannotOpenJournal, match="database or schema of its own"):
        journal.open()
    with journal.reading() as connection:
        assert inspect(connection).get_table_names() == ["sessions"]
    journal.close()


def test_by_default_it_is_a_file_that_only_its_owner_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the state directory, with a folder of its own, whatever the umask."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    before = os.umask(0)
    try:
        journal = opened(None)
    finally:
        os.umask(before)
    with journal.writing() as connection:
        mutes.add(connection, mute())
    folder = tmp_path / "state" / "loopwatch"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"loopwatch": 0o700, "journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}
    journal.close()


def test_without_a_state_directory_it_is_below_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG base directory specification says."""
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_url() == "sqlite:////home/somebody/.local/state/loopwatch/journal.db"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "journal.url is no URL"),
        ("mysql://u@h/d", "mysql:// is not supported"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused(url: str, words: str) -> None:
    """The words name the setting and what it may be."""
    with pytest.raises(CannotOpenJournal, match=words):
        Journal(JournalSettings(url))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be; also root is told so."""
    (tmp_path / "file").touch()
    with pytest.raises(CannotOpenJournal, match=r"file/journal\.db cannot be written: .*journal\.url") as refused:
        opened(f"sqlite:///{tmp_path}/file/journal.db")
    assert not refused.value.passing


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write everywhere: be nobody for a while."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    """The words say whose right is missing."""
    tmp_path.chmod(0o500)
    with unprivileged(), pytest.raises(CannotOpenJournal, match="Permission denied: let loopwatch's user write there"):
        opened(f"sqlite:///{tmp_path}/journal.db")


def test_a_file_of_something_else_is_not_overwritten(file: Path) -> None:
    """A path that was mistyped costs nobody's file."""
    file.write_bytes(b"my diary\n" * 100)
    with pytest.raises(CannotOpenJournal, match=r"a file of something else: set journal\.url"):
        opened(f"sqlite:///{file}")
    assert file.read_bytes() == b"my diary\n" * 100


def test_a_missing_driver_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install of the service has no PostgreSQL."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CannotOpenJournal, match=r"pip install 'loopwatch\[postgres\]'"):
        Journal(JournalSettings("postgresql://user@127.0.0.1/name"))


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    """It may answer later: the error says that this passes."""
    with pytest.raises(
        CannotOpenJournal, match=r"postgresql.*user:\*\*\*@127.0.0.1:1/name cannot be opened"
    ) as refused:
        opened("postgres://user:hunter2@127.0.0.1:1/name")
    assert refused.value.passing
    assert "hunter2" not in str(refused.value)


def test_what_waiting_does_not_mend_is_no_passing_fault(server: Server) -> None:
    """A service that starts with a mistake in its settings says so and does not start."""
    with pytest.raises(CannotOpenJournal, match=r"does not exist: check .* database in journal\.url") as refused:
        opened(server.url.replace("/postgres", "/nowhere"))
    assert not refused.value.passing
    owner = opened(server.new_database())
    with owner.writing() as connection:
        connection.execute(text("CREATE ROLE stranger LOGIN"))
        connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    owner.close()
    with pytest.raises(CannotOpenJournal, match=r"permission denied for schema public: let its user make") as refused:
        opened(server.url.replace("owner@", "stranger@"))
    assert not refused.value.passing


def test_options_of_the_url_reach_postgresql(server: Server) -> None:
    """A schema of its own in a shared database is one option in the URL."""
    url = server.new_database()
    journal = opened(f"{url}&application_name=watching")
    with journal.reading() as connection:
        assert connection.execute(text("SHOW search_path")).scalar() == url.rpartition("%3D")[2]
        assert connection.execute(text("SHOW application_name")).scalar() == "watching"
        assert connection.execute(text("SHOW statement_timeout")).scalar() == "30s"
        assert "incidents" in inspect(connection).get_table_names()
    journal.close()


def test_a_fault_in_use_tells_neither_statement_nor_values(journal: Journal) -> None:
    """What was to be written stays out of the log."""
    with pytest.raises(JournalFault, match="no_such_table") as failed, journal.writing() as connection:
        connection.execute(text("INSERT INTO no_such_table VALUES (:value)"), {"value": "private"})
    assert "private" not in str(failed.value)
    assert "INSERT" not in str(failed.value)
    assert not failed.value.of_the_data


def test_sqlite_writes_ahead(file: Path) -> None:
    """Readers and a writer do not wait for each other."""
    journal = opened(f"sqlite:///{file}")
    with journal.reading() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 1
        with journal.writing() as other:
            mutes.add(other, mute())
        assert mutes.active(connection, NOW) == [mute()]
    journal.close()
    with sqlite3.connect(file) as plain:
        assert plain.execute("SELECT count(*) FROM mutes").fetchone() == (1,)
    plain.close()
