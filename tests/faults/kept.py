"""What the journal of a service has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from tests.paging.services import Service


def steps_kept(service: Service) -> int:
    """How many steps of the story of the session "loops"."""
    found: int = _one(service, "SELECT count(*) FROM session_steps WHERE session_key = 'loops'")
    return found


def knows_all_as_sent(service: Service) -> bool:
    """Whether no message waits, nor is held to have waited: after a kill it would be sent once more."""
    return not _one(service, "SELECT count(*) FROM outbox WHERE state = 'waiting'")


def is_sound(service: Service) -> bool:
    """Whether SQLite finds no damage."""
    return bool(_one(service, "PRAGMA integrity_check") == "ok")


def _one(service: Service, query: str) -> Any:
    with closing(sqlite3.connect(service.journal_file)) as journal:
        return journal.execute(query).fetchone()[0]
