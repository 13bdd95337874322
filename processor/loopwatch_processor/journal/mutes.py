"""Whom nobody wants to hear of for a while."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from loopwatch_processor.journal.rows import Mute
from loopwatch_processor.journal.tables import mutes as table
from loopwatch_processor.journal.upserts import replacing, shallow


def add(connection: Connection, mute: Mute) -> None:
    """Keep *mute*; one with the same id is replaced."""
    connection.execute(replacing(connection.dialect.name, table), shallow(mute))


def active(connection: Connection, now: float) -> Sequence[Mute]:
    """The mutes that hold at *now*, oldest first."""
    holds = (table.c.until_s > now) & table.c.ended_s.is_(None)
    rows = connection.execute(select(table).where(holds).order_by(table.c.created_s, table.c.id))
    return [Mute(**row._mapping) for row in rows]


def end(connection: Connection, mute_id: str, now: float) -> bool:
    """End a mute before its time; whether there was one to end."""
    holds = (table.c.id == mute_id) & table.c.ended_s.is_(None) & (table.c.until_s > now)
    return connection.execute(update(table).where(holds).values(ended_s=now)).rowcount > 0
