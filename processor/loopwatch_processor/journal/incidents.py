"""Incidents as they stood last."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from loopwatch_processor.incident import Snapshot
from loopwatch_processor.journal.tables import incidents as table
from loopwatch_processor.journal.upserts import Insert, insert, new_values

_log = logging.getLogger(__name__)


def save(connection: Connection, snapshots: Iterable[Snapshot]) -> None:
    """Keep *snapshots*; where another replica wrote a later one of the same incident, that stays."""
    # In one order in every replica: rows locked crosswise would be a deadlock.
    rows = [_row(snapshot) for snapshot in sorted(snapshots, key=lambda snapshot: snapshot.id)]
    if rows:
        connection.execute(_saving(connection.dialect.name), rows)


def restorable(connection: Connection, resolved_since_s: float) -> list[Snapshot]:
    """What a service that starts has to know: the open incidents and those resolved lately, in order of opening."""
    lately = or_(table.c.resolved_s.is_(None), table.c.resolved_s >= resolved_since_s)
    return _snapshots(connection.execute(select(table).where(lately).order_by(table.c.opened_s, table.c.id)).all())


def newest(
    connection: Connection,
    *,
    limit: int = 100,
    open_only: bool = False,
    agent: str | None = None,
    detector: str | None = None,
) -> list[Snapshot]:
    """The incidents that changed last come first."""
    query = select(table).order_by(table.c.changed_s.desc(), table.c.id).limit(limit)
    if open_only:
        query = query.where(table.c.resolved_s.is_(None))
    if agent is not None:
        query = query.where(table.c.agent == agent)
    if detector is not None:
        query = query.where(table.c.detector == detector)
    return _snapshots(connection.execute(query).all())


def get(connection: Connection, incident_id: str) -> Snapshot | None:
    """One incident."""
    return next(iter(_snapshots(connection.execute(select(table).where(table.c.id == incident_id)).all())), None)


@cache
def _saving(dialect: str) -> Insert:
    statement = insert(dialect, table)
    is_later = statement.excluded.changed_s >= table.c.changed_s
    return statement.on_conflict_do_update(index_elements=["id"], set_=new_values(statement, table), where=is_later)


def _row(snapshot: Snapshot) -> dict[str, Any]:
    identity = snapshot.identity
    return {
        "id": snapshot.id,
        "dedup_key": identity.dedup_key,
        "environment": identity.environment,
        "service": identity.service,
        "agent": identity.agent,
        "detector": identity.detector,
        "severity": int(snapshot.severity),
        "state": "open" if snapshot.is_open else "resolved",
        "opened_s": snapshot.opened_s,
        "changed_s": snapshot.changed_s,
        "resolved_s": snapshot.resolved_s,
        "document": snapshot.as_dict(),
    }


def _snapshots(rows: Sequence[Row[Any]]) -> list[Snapshot]:
    found = []
    for row in rows:
        try:
            found.append(Snapshot.from_dict(row.document))
        except (KeyError, TypeError, ValueError) as error:  # of another version: one less is better than no start
            _log.warning("the journal's incident %s cannot be read and is left out: %r", row.id, error)
    return found
