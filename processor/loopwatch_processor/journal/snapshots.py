"""What is open in each process, one row a session: written over and over, deleted when the session ends."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, select

from loopwatch_processor.journal.rows import SnapshotRow
from loopwatch_processor.journal.tables import snapshots as table
from loopwatch_processor.journal.upserts import replacing, shallow


def save(connection: Connection, rows: Collection[SnapshotRow]) -> None:
    """Keep each of *rows* in place of the one of its key; one without a state goes."""
    kept = [shallow(row) for row in rows if row.state]
    gone = [row for row in rows if not row.state]
    if kept:
        connection.execute(replacing(connection.dialect.name, table), kept)
    for row in gone:
        connection.execute(delete(table).where(table.c.replica == row.replica, table.c.key == row.key))


def newest(connection: Connection, replica: str, since_s: float, limit: int) -> list[SnapshotRow]:
    """The *limit* sessions of *replica* that were active last, and since *since_s*; the oldest of them first."""
    query = select(table).where(table.c.replica == replica, table.c.seen_s > since_s)
    found = connection.execute(query.order_by(table.c.seen_s.desc()).limit(limit)).all()
    return [SnapshotRow(*row) for row in reversed(found)]
