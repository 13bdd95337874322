"""The journal that the configuration names, read by a command; nothing is made or changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, make_url

from loopwatch_processor.config import Config
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.journal.database import Journal


class NoJournal(LoopwatchError):
    """Raised when there is no journal to read."""


@contextmanager
def reading(config: Config) -> Iterator[Connection]:
    """One look at the journal.

    Raises:
        NoJournal: there is none.
        JournalFault: it does not answer.
    """
    if not config.journal.enabled:
        raise NoJournal("the journal is off (journal.enabled: false), so jobs are not kept")
    journal = Journal(config.journal.settings(config.sessions.idle_s))
    url = make_url(journal.where)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise NoJournal(f"there is no journal at {url.database}: start `loopwatch serve`, or set journal.url")
    try:
        with journal.reading() as connection:
            yield connection
    finally:
        journal.close()
