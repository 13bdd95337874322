"""`Journal`: the database, opened, migrated, and used in transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

from loopwatch_processor.errors import CannotOpenJournal
from loopwatch_processor.journal import faults, schema
from loopwatch_processor.journal.columns import to_json
from loopwatch_processor.journal.settings import JournalSettings

BUSY_TIMEOUT_S = 2.0
"""How long a writer waits for another process that writes the same SQLite file."""
CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 30
"""A PostgreSQL server that takes longer over one statement is taken for broken."""
_READS = "loopwatch_reads"
_MEMORY = URL.create("sqlite")


class Journal:
    """One database. Threads and processes may share it; each transaction has a connection of its own.

    With *in_memory* nothing is written anywhere, whatever the URL says: one thread at a time may use it, and it ends
    with `close`.

    Raises:
        CannotOpenJournal: the URL makes no sense, or its driver is not installed.
    """

    def __init__(self, settings: JournalSettings, *, in_memory: bool = False) -> None:
        self.settings = settings
        self._url = _MEMORY if in_memory else _parsed(settings.url or default_url())
        self.where = _shown(self._url)
        """The URL without its password."""
        self._engine = _sqlite(self._url) if self._url.get_backend_name() == "sqlite" else _postgresql(self._url)
        self._is_open = False

    @property
    def is_shared(self) -> bool:
        """Whether processes on several machines may use it."""
        return self._url.get_backend_name() != "sqlite"

    @property
    def is_open(self) -> bool:
        """Whether `open` succeeded."""
        return self._is_open

    def open(self) -> None:
        """Make the database where there is none, and bring its tables up to date.

        Raises:
            CannotOpenJournal: it cannot be used; `passing` says whether it may be later without anybody's help.
        """
        try:
            if self._url.get_backend_name() == "sqlite" and self._url is not _MEMORY:
                _make_file(Path(self._url.database or ""))
            schema.bring_up_to_date(self._engine, self.where)
        except OSError as error:
            raise faults.cannot_make_file(self.where, error) from error
        except SQLAlchemyError as error:
            raise faults.cannot_open(self.where, error) from error
        self._is_open = True

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that changes something; all of it is done, or nothing.

        Raises:
            JournalFault: it was not done.
        """
        with self._faults_named(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees the database as it is at its beginning, whoever writes.

        Raises:
            JournalFault: the database does not answer.
        """
        with self._faults_named(), self._engine.connect().execution_options(**{_READS: True}) as connection:
            yield connection

    def close(self) -> None:
        """Leave every connection."""
        self._engine.dispose()

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise faults.fault(self.where, error) from error


def default_url() -> str:
    """journal.db in the state directory of the user.

    Raises:
        CannotOpenJournal: the user has none.
    """
    state = os.environ.get("XDG_STATE_HOME")
    try:
        folder = Path(state) if state else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise CannotOpenJournal("the user that loopwatch runs as has no home directory: set journal.url") from error
    return URL.create("sqlite", database=str(folder / "loopwatch" / "journal.db")).render_as_string()


def _parsed(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise CannotOpenJournal("journal.url is no URL: use sqlite:////path/journal.db or postgresql://…") from error
    if "@" in (url.host or ""):
        raise CannotOpenJournal("journal.url: write @, / and : in user and password as %40, %2F and %3A")
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise CannotOpenJournal(f"journal.url: {url.drivername}:// is not supported: use sqlite:// or postgresql://")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise CannotOpenJournal("journal.url: SQLite needs a file: use sqlite:////path/journal.db")
    return url


def _shown(url: URL) -> str:
    """*url* without its password, which PostgreSQL also takes behind the question mark."""
    secret = {name: "***" for name in url.query if "password" in name.lower()}
    return url.update_query_dict(secret).render_as_string(hide_password=True)


def _sqlite(url: URL) -> Engine:
    kept = {"poolclass": QueuePool, "connect_args": {"timeout": BUSY_TIMEOUT_S}}
    held = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    engine = create_engine(url, json_serializer=to_json, **(held if url is _MEMORY else kept))

    @event.listens_for(engine, "connect")
    def _prepare(connection: faults.DbapiConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # Python's sqlite3 would begin transactions of its own, too late
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that only writes later would fail at once where another process wrote in between.
        reads = connection.get_execution_options().get(_READS)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    liveness = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
    defaults = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "loopwatch", **liveness}
    try:
        engine = create_engine(url, json_serializer=to_json, pool_pre_ping=True, connect_args={**defaults, **url.query})
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise CannotOpenJournal(
            "the journal's driver for PostgreSQL is not installed: pip install 'loopwatch[postgres]'"
        ) from error

    @event.listens_for(engine, "connect")
    def _prepare(connection: faults.DbapiConnection, _entry: ConnectionPoolEntry) -> None:
        connection.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_S * 1000}")
        connection.commit()

    return engine


def _make_file(path: Path) -> None:
    """What agents did is nobody's business but the owner's: SQLite gives its side files the mode of this one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
