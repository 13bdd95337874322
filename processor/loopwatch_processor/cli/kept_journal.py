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
def existing(config: Config) -> Iterator[Journal]:
    """The journal, where some service has made it.

    Raises:
        NoJournal: there is none.
    """
    if not config.journal.enabled:
        raise NoJournal("the journal is off (journal.enabled: false)")
    journal = Journal(config.journal.settings(config.sessions.idle_s))
    url = make_url(journal.where)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise NoJournal(f"there is no journal at {url.database}")
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def reading(config: Config) -> Iterator[Connection]:
    """One look at it.

    Raises:
        NoJournal: there is none.
        JournalFault: it does not answer.
    """
    try:
        with existing(config) as journal, journal.reading() as connection:
            yield connection
    except NoJournal as missing:
        raise NoJournal(f"{missing}, and jobs are kept nowhere else: start `loopwatch serve`") from missing
