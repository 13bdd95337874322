"""The sessions that the journal keeps, read for people; and how a person names one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from sqlalchemy import func, select

from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.incident import Snapshot
from loopwatch_processor.journal import incidents, sessions
from loopwatch_processor.journal.columns import storable
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.rows import SessionRow, StepRow
from loopwatch_processor.journal.tables import sessions as table

MAX_SESSIONS = 1_000
"""Listed at once."""
MAX_CANDIDATES = 10
MAX_OTHERS = 200
"""Looked through, newest first, for what a misspelt name may mean."""
_MAX_NEAREST = 3
_MAX_COMPARED = 100
_MAX_INCIDENTS = 200
"""Looked through for those of a session; the newest."""


class NotOneSession(LoopwatchError):
    """Raised when what a person wrote names no session, or several; *candidates* are what may have been meant."""

    def __init__(self, message: str, candidates: Sequence[str] = (), *, is_ambiguous: bool = False) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)
        self.is_ambiguous = is_ambiguous


class KeptSessions:
    """Reads the journal. Every method waits for the database: not for an event loop's thread.

    Each raises `JournalFault` where the database does not answer.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @property
    def where(self) -> str:
        """The journal's URL without its password."""
        return self._journal.where

    def newest(
        self, limit: int, *, open_only: bool = False, agent: str | None = None, detector: str | None = None
    ) -> list[SessionRow]:
        """The *limit* sessions written last, newest activity first; *open_only*: those whose newest run goes on."""
        with self._journal.reading() as connection:
            most = MAX_SESSIONS if open_only else limit
            rows = sessions.newest(connection, limit=most, open_only=open_only, agent=agent, detector=detector)
        found = [row for row in rows if not (open_only and row.stop_reason)][:limit]
        return sorted(found, key=lambda row: row.ended_ns, reverse=True)

    def get(self, key: str) -> tuple[SessionRow, list[StepRow]] | None:
        """One session with its steps."""
        with self._journal.reading() as connection:
            return sessions.get(connection, key)

    def keys(self, beginning: str) -> list[str]:
        """The keys that begin so, as many as it takes to tell that there are too many."""
        text = storable(beginning)
        query = select(table.c.key).where(func.substr(table.c.key, 1, len(text)) == text)
        with self._journal.reading() as connection:
            return list(connection.execute(query.order_by(table.c.key).limit(MAX_CANDIDATES + 1)).scalars())

    def incidents(self, key: str) -> list[Snapshot]:
        """The incidents that session *key* was found in, of those that changed lately; the newest first."""
        with self._journal.reading() as connection:
            found = incidents.newest(connection, limit=_MAX_INCIDENTS)
        return [snapshot for snapshot in found if _is_inside(key, snapshot)]


def one_of(keys: Collection[str], beginning: str, others: Sequence[str] = ()) -> str:
    """The one key of *keys*, which all begin with *beginning*; *others* are what else may have been meant.

    Raises:
        NotOneSession: there is none, or several and none of them is *beginning* itself.
    """
    if beginning in keys or len(keys) == 1:
        return beginning if beginning in keys else next(iter(keys))
    if not keys:
        near = _nearest(beginning, others)
        hint = f"did you mean {', '.join(near)}?" if near else "`loopwatch sessions` lists them"
        raise NotOneSession(f"no session is named {beginning!r}, or begins so: {hint}", near)
    candidates = sorted(keys)[:MAX_CANDIDATES]
    more = " and others" if len(keys) > len(candidates) else ""
    message = f"several sessions begin with {beginning!r}: {', '.join(candidates)}{more}"
    raise NotOneSession(message, candidates, is_ambiguous=True)


def _nearest(name: str, others: Sequence[str]) -> list[str]:
    """Those of the first `MAX_OTHERS` of *others* that hold *name*, or are written much like it."""
    known = list(dict.fromkeys(other for other in others[:MAX_OTHERS] if len(other) <= _MAX_COMPARED))
    holding = [other for other in known if name in other]
    close = get_close_matches(name[:_MAX_COMPARED], known, _MAX_NEAREST)
    return list(dict.fromkeys((*close, *holding)))[:_MAX_NEAREST]


def _is_inside(key: str, snapshot: Snapshot) -> bool:
    return key in snapshot.sessions or any(told.session_key == key for told in (snapshot.lead, *snapshot.attached))
