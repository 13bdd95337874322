"""The journal stops to take anything while loopwatch runs: people are paged all the same, and nothing is lost."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from resource import RLIM_INFINITY

import pytest

from tests.fakes.events_api import Server
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import CRITICAL_CALLS, looping, send
from tests.stack.processes import until

_WRITES = "loopwatch_journal_writes_total"
_LOG_BYTES = 65_536
"""The log goes on; the journal's files are larger."""


@contextmanager
def full(service: Service) -> Iterator[None]:
    """No file grows any more."""
    assert service.journal_file.with_suffix(".db-wal").stat().st_size > _LOG_BYTES
    service.limit_files(_LOG_BYTES)
    yield
    service.limit_files(RLIM_INFINITY)


@contextmanager
def locked(service: Service) -> Iterator[None]:
    """Somebody is in the midst of writing it, and does not end."""
    with closing(sqlite3.connect(service.journal_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("failing", [full, locked])
def test_a_journal_that_fails_stops_neither_scoring_nor_pages(
    failing: Callable[[Service], AbstractContextManager[None]], tmp_path: Path, events: Server
) -> None:
    """The page comes, the metric says that the journal fails, and what happened is in it once it works again."""
    api = events.api
    service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url))
    with service.running():
        send(service.url, looping("before"))
        until("the first page", lambda: api.incidents)
        until("the journal to know that it was sent", lambda: not service.metric("loopwatch_notifications_waiting"))
        with failing(service):
            send(service.url, looping("meanwhile", agent="analyst"))
            until("the second page", lambda: len(api.incidents) == 2)
            until("the fault to be counted", lambda: service.metric(_WRITES, outcome="failed"))
            assert service.metric("loopwatch_steps_total", agent="analyst") == CRITICAL_CALLS
        written = service.metric(_WRITES, outcome="ok")
        until("the journal to work again", lambda: service.metric(_WRITES, outcome="ok") > written)
        service.end(signal.SIGKILL)
        service.start()
        assert service.metric("loopwatch_open_incidents", severity="critical") == 2
        until("nothing to be sent again", lambda: not service.metric("loopwatch_notifications_waiting"))

    assert len(api.incidents) == 2
    assert not api.of("resolved")
