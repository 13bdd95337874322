"""Forgets what is over for longer than it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, or_, select, update

from loopwatch_processor.journal import jobs as kept_jobs
from loopwatch_processor.journal.outbox import RESOLVE
from loopwatch_processor.journal.rows import MessageState
from loopwatch_processor.journal.sessions import remove
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.journal.tables import incidents, jobs, mutes, outbox, sessions, snapshots

AT_ONCE = 1_000
"""Rows of a kind that go in one transaction, so that incidents do not wait for it."""
NEVER_RESOLVED_S = 30 * 86_400.0
"""A message that nothing resolved is kept at least so long: its page may still be open at the receiver."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went."""

    incidents: int
    messages: int
    mutes: int
    sessions: int
    jobs: int = 0
    snapshots: int = 0

    @property
    def more(self) -> bool:
        """Whether there may be more to prune."""
        return max(self.incidents, self.messages, self.mutes, self.sessions, self.jobs, self.snapshots) >= AT_ONCE


def prune(connection: Connection, now: float, settings: JournalSettings) -> Pruned:
    """Remove what *settings* does not keep, `AT_ONCE` of each kind, and end the sessions of processes that are gone."""
    before = now - settings.retention_s
    orphaned = and_(sessions.c.open, sessions.c.changed_s < now - settings.session_idle_s)
    connection.execute(update(sessions).where(orphaned).values(open=False))
    return Pruned(
        incidents=_delete(connection, incidents, incidents.c.resolved_s < before),
        messages=_delete(connection, outbox, _is_history(now, before)),
        mutes=_delete(connection, mutes, func.coalesce(mutes.c.ended_s, mutes.c.until_s) < before),
        sessions=_delete_sessions(connection, before, settings.max_sessions),
        jobs=_delete_jobs(connection, before, settings.max_jobs),
        snapshots=_delete_snapshots(connection, now - settings.session_idle_s),
    )


def _is_history(now: float, before: float) -> ColumnElement[bool]:
    other = outbox.alias()
    same = other.c.incident_id == outbox.c.incident_id
    resolved = exists().where(same, other.c.action == RESOLVE)
    is_open = exists().where(incidents.c.id == outbox.c.incident_id, incidents.c.resolved_s.is_(None))
    given_up = and_(outbox.c.done_s < min(before, now - NEVER_RESOLVED_S), ~is_open)
    return and_(outbox.c.state != MessageState.WAITING, outbox.c.done_s < before, or_(resolved, given_up))


def _delete(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    (key,) = table.primary_key.columns
    some = select(key).where(which).limit(AT_ONCE)
    return connection.execute(delete(table).where(key.in_(some))).rowcount


def _delete_sessions(connection: Connection, before: float, max_sessions: int) -> int:
    old = connection.scalars(select(sessions.c.key).where(sessions.c.changed_s < before).limit(AT_ONCE)).all()
    by_age = select(sessions.c.key).order_by(sessions.c.changed_s.desc(), sessions.c.key)
    beyond = connection.scalars(by_age.offset(max_sessions).limit(AT_ONCE)).all()
    gone = {*old, *beyond}
    remove(connection, sorted(gone))
    return len(gone)


def _delete_snapshots(connection: Connection, before: float) -> int:
    """What no process took up again, as it would have idled out."""
    some = select(snapshots.c.replica, snapshots.c.key).where(snapshots.c.seen_s < before).limit(AT_ONCE)
    gone = connection.execute(some).all()
    for replica, key in gone:
        connection.execute(delete(snapshots).where(snapshots.c.replica == replica, snapshots.c.key == key))
    return len(gone)


def _delete_jobs(connection: Connection, before: float, max_jobs: int) -> int:
    ids = (jobs.c.environment, jobs.c.id)
    old = connection.execute(select(*ids).where(jobs.c.changed_s < before).limit(AT_ONCE)).all()
    by_age = select(*ids).order_by(jobs.c.changed_s.desc(), *ids)
    beyond = connection.execute(by_age.offset(max_jobs).limit(AT_ONCE)).all()
    gone = sorted({(environment, own) for environment, own in (*old, *beyond)})
    kept_jobs.remove(connection, gone)
    return len(gone)
