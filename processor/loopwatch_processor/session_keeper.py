"""Writes sessions in which something was found into the journal, while they go on and when they end."""

from __future__ import annotations

from collections.abc import Iterable

from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.journal.writer import JournalWriter
from loopwatch_processor.session import Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.story import Stories

_NEVER = -1.0
SESSIONS_AT_ONCE = 16
"""Written between two ticks, so that writing them down never holds up scoring for long."""


class SessionKeeper:
    """A sink for findings, and a watcher of the sessions that they move between."""

    name = "journal"

    def __init__(self, sessions: Sessions, stories: Stories, writer: JournalWriter) -> None:
        self._sessions = sessions
        self._stories = stories
        self._writer = writer
        self._flagged: dict[str, float] = {}
        """By key: the arrival of the newest span that was written; those not looked at for longest first."""
        self._left: set[str] = set()
        """Keys whose findings turned out to be another session's."""

    def emit(self, raised: RaisedFinding) -> None:
        """Something was found in a session: keep it from now on."""
        self._flagged[raised.session_key] = _NEVER
        self._left.discard(raised.session_key)  # it has findings of its own

    def go_on(self, session: Session) -> None:
        """A session of before a restart, in which something was found, is open."""
        self._flagged.setdefault(session.key, session.seen_s)

    def moved(self, old: RaisedFinding, new: RaisedFinding, now: float) -> None:  # noqa: ARG002 - see Watcher
        """What was found is another session's."""
        self._flagged[new.session_key] = _NEVER
        if old.session_key != new.session_key:
            self._left.add(old.session_key)

    def session_ended(self, session_key: str, now: float) -> None:  # noqa: ARG002 - see Watcher
        """A session was dissolved into another, so that nothing is left to keep of it; or it was evicted."""
        self._flagged.pop(session_key, None)
        if session_key in self._left:
            self._left.discard(session_key)
            self._writer.remove_session(session_key)

    def ended(self, sessions: Iterable[Session]) -> None:
        """Sessions ended: of those in which nothing was found the summary is enough."""
        for session in sessions:
            self._left.discard(session.key)
            if self._flagged.pop(session.key, None) is not None:
                self._writer.save_session(*self._stories.rows(session))
            else:
                self._writer.save_session(self._stories.summary(session))

    def save(self, most: int = SESSIONS_AT_ONCE) -> None:
        """Write what is new of at most *most* sessions."""
        for key, written_s in list(self._flagged.items())[:most]:
            del self._flagged[key]
            seen_s = self._sessions.open.seen_s(key)
            if seen_s is None:
                continue
            if seen_s != written_s:
                self._writer.save_session(*self._stories.rows(self._sessions.open[key]))
            self._flagged[key] = seen_s
