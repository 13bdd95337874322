"""What the journal has to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Where the journal is, and how much it keeps."""

    url: str | None = None
    """sqlite:////path/journal.db or postgresql://…; None is `database.default_url()`."""
    retention_s: float = 2_592_000.0
    """How long what is over is kept."""
    max_sessions: int = 100_000
    max_steps_per_session: int = 2_000
    """Beyond it the oldest steps of a session's story go."""
    max_pending: int = 10_000
    """Incidents, messages and sessions, each, that are held in memory while the database does not answer."""
    max_jobs: int = 500_000
    session_idle_s: float = 86_400.0
    """A session that was not written for so long belongs to no process any more: it is listed as ended."""
