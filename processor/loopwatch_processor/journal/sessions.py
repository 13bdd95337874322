"""Sessions and their stories, which grow step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, case, delete, exists, func, or_, select

from loopwatch_processor.finding import Severity
from loopwatch_processor.journal.rows import SessionRow, StepRow
from loopwatch_processor.journal.tables import session_detectors, session_steps
from loopwatch_processor.journal.tables import sessions as table
from loopwatch_processor.journal.upserts import Insert, insert, new_values, shallow

_GROWS = ("ended_ns", "steps", "tool_calls", "tokens", "cost_usd", "severity")
"""What a restart that forgot the session's beginning must not make smaller."""


def save(connection: Connection, session: SessionRow, steps: Sequence[StepRow], now: float, *, max_steps: int) -> int:
    """Keep *session* as it is, and those of *steps* that are new; how many old steps went for *max_steps*."""
    row = shallow(session) | {"changed_s": now, "document": dict(session.document)}
    detectors = row.pop("detectors")
    connection.execute(_merging(connection.dialect.name), row)
    if detectors:
        found = [{"session_key": session.key, "detector": name} for name in sorted(set(detectors))]
        connection.execute(_adding(connection.dialect.name, session_detectors), found)
    if not steps:
        return 0
    rows = [shallow(step) | {"session_key": session.key, "document": dict(step.document)} for step in steps]
    connection.execute(_adding(connection.dialect.name, session_steps), rows)
    return _trim(connection, session.key, max_steps)


def remove(connection: Connection, keys: Iterable[str]) -> None:
    """Forget sessions and their stories, such as those whose steps turned out to be another session's."""
    for key in keys:
        connection.execute(delete(session_steps).where(session_steps.c.session_key == key))
        connection.execute(delete(session_detectors).where(session_detectors.c.session_key == key))
        connection.execute(delete(table).where(table.c.key == key))


def newest(
    connection: Connection,
    *,
    limit: int = 50,
    open_only: bool = False,
    agent: str | None = None,
    detector: str | None = None,
) -> list[SessionRow]:
    """The sessions that changed last come first; *agent*: those in which it works, be it as a sub-agent;
    *detector*: those in which it found something.
    """
    query = select(table).order_by(table.c.changed_s.desc(), table.c.key).limit(limit)
    if open_only:
        query = query.where(table.c.open)
    if agent is not None:
        is_its = (session_steps.c.session_key == table.c.key) & (session_steps.c.agent == agent)
        query = query.where(or_(table.c.agent == agent, exists().where(is_its)))
    if detector is not None:
        found = select(session_detectors.c.session_key).where(session_detectors.c.detector == detector)
        query = query.where(table.c.key.in_(found))
    return _sessions(connection, query)


def get(connection: Connection, key: str) -> tuple[SessionRow, list[StepRow]] | None:
    """One session and its steps in order of their start."""
    found = _sessions(connection, select(table).where(table.c.key == key))
    if not found:
        return None
    columns = [column for column in session_steps.columns if column.name != "session_key"]
    query = select(*columns).where(session_steps.c.session_key == key)
    order = (session_steps.c.start_ns, session_steps.c.trace_id, session_steps.c.span_id)
    return found[0], [StepRow(**row._mapping) for row in connection.execute(query.order_by(*order))]


@cache
def _adding(dialect: str, into: Table) -> Insert:
    return insert(dialect, into).on_conflict_do_nothing()


@cache
def _merging(dialect: str) -> Insert:
    statement = insert(dialect, table)
    new = new_values(statement, table) | {name: _larger(statement.excluded[name], table.c[name]) for name in _GROWS}
    new["started_ns"] = case(
        (statement.excluded.started_ns < table.c.started_ns, statement.excluded.started_ns), else_=table.c.started_ns
    )
    return statement.on_conflict_do_update(index_elements=["key"], set_=new)


def _larger(new: ColumnElement[Any], old: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((or_(old.is_(None), new > old), new), else_=old)


def _trim(connection: Connection, key: str, max_steps: int) -> int:
    mine = session_steps.c.session_key == key
    count = connection.execute(select(func.count()).select_from(session_steps).where(mine)).scalar_one()
    if count <= max_steps:
        return 0
    ids = (session_steps.c.trace_id, session_steps.c.span_id)
    oldest = select(*ids).where(mine).order_by(session_steps.c.start_ns, *ids).limit(count - max_steps)
    for trace_id, span_id in connection.execute(oldest).all():
        one = and_(mine, session_steps.c.trace_id == trace_id, session_steps.c.span_id == span_id)
        connection.execute(delete(session_steps).where(one))
    return int(count - max_steps)


def _sessions(connection: Connection, query: Select[Any]) -> list[SessionRow]:
    rows = connection.execute(query).all()
    detectors = defaultdict(list)
    keys = [row.key for row in rows]
    found = select(session_detectors).where(session_detectors.c.session_key.in_(keys))
    for key, detector in connection.execute(found.order_by(session_detectors.c.detector)):
        detectors[key].append(detector)
    return [_session(row, tuple(detectors[row.key])) for row in rows]


def _session(row: Row[Any], detectors: tuple[str, ...]) -> SessionRow:
    values = dict(row._mapping)
    del values["changed_s"]
    severity = values["severity"]
    return SessionRow(
        **{**values, "severity": None if severity is None else Severity(severity), "detectors": detectors}
    )
