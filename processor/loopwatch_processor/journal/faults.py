"""What databases say when they fail, in a sentence for a person."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError, StatementError

from loopwatch_processor.errors import CannotOpenJournal, JournalFault

_MISTAKES = ("authentication failed", "does not exist")
"""What PostgreSQL says that waiting does not mend."""


class DbapiConnection(Protocol):
    """What is used of sqlite3's and psycopg's connections."""

    isolation_level: Any

    def execute(self, statement: str, /) -> Any: ...
    def commit(self) -> None: ...


def fault(where: str, error: SQLAlchemyError) -> JournalFault:
    """*error* while the journal was in use."""
    return JournalFault(f"the journal {where} failed: {_said(error)}", of_the_data=_is_of_the_data(error))


def cannot_open(where: str, error: SQLAlchemyError) -> CannotOpenJournal:
    """*error* while it was opened."""
    said = _said(error)
    if "not a database" in said:
        return CannotOpenJournal(f"{where} is a file of something else: set journal.url to another path")
    if "already exists" in said:
        return CannotOpenJournal(
            f"the journal cannot make its tables in {where}: {said}: give it a database or schema of its own"
        )
    passing = isinstance(error, OperationalError) and not any(words in said for words in _MISTAKES)
    return CannotOpenJournal(f"the journal {where} cannot be opened: {said}: {_advice(where, said)}", passing=passing)


def cannot_make_file(where: str, error: OSError) -> CannotOpenJournal:
    """The file cannot be made or written."""
    return CannotOpenJournal(
        f"the journal {where} cannot be written: {error.strerror}: let loopwatch's user write there, "
        "or set journal.url (journal.enabled: false goes without)"
    )


def _advice(where: str, said: str) -> str:
    if "permission denied" in said:
        return "let its user make tables there (GRANT CREATE ON SCHEMA …)"
    if where.startswith("postgresql"):
        return "check that the server runs, and the user, password and database in journal.url"
    return "check the disk and who may write there, or set journal.url"


def _said(error: SQLAlchemyError) -> str:
    """The first line of the database's own words: SQLAlchemy's have the statement with its values."""
    said = str(error.orig if isinstance(error, StatementError) and error.orig is not None else error)
    return said.strip().partition("\n")[0] or type(error).__name__


def _is_of_the_data(error: SQLAlchemyError) -> bool:
    """Whether the same will fail again, however well the database is."""
    return isinstance(error, DataError | IntegrityError) or (
        isinstance(error, StatementError) and not isinstance(error, DBAPIError)
    )
