"""Messages on their way: added with the incident that they are about, removed by nobody but `prune`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from loopwatch_processor.journal.rows import Message, MessageState, Sendable
from loopwatch_processor.journal.tables import outbox as table
from loopwatch_processor.journal.upserts import insert

RESOLVE = "resolve"
"""The action after which an incident's messages are history."""


def add(connection: Connection, messages: Iterable[Sendable]) -> None:
    """Keep *messages*; one whose id is there already changes nothing, whatever became of it."""
    rows = [_row(message) for message in sorted(messages, key=lambda message: message.id)]
    if rows:
        connection.execute(insert(connection.dialect.name, table).on_conflict_do_nothing(), rows)


def waiting(connection: Connection) -> list[Message]:
    """Every message that is neither delivered nor refused, in the order in which they were made."""
    return _messages(connection, table.c.state == MessageState.WAITING)


def unresolved(connection: Connection) -> list[Message]:
    """Every message, delivered or not, about what no message has resolved yet, in the order of `waiting`."""
    resolved = select(table.c.incident_id).where(table.c.action == RESOLVE)
    return _messages(connection, table.c.incident_id.not_in(resolved))


def about(connection: Connection, incident_id: str) -> list[Message]:
    """Every message about one incident, whatever became of it."""
    return _messages(connection, table.c.incident_id == incident_id)


def delivered(connection: Connection, message_id: str, now: float) -> None:
    """Nothing of it is left to say."""
    _settle(connection, message_id, state=MessageState.DELIVERED, done_s=now, last_error="")


def refused(connection: Connection, message_id: str, now: float, error: str) -> None:
    """It never will arrive."""
    _settle(connection, message_id, state=MessageState.REFUSED, done_s=now, last_error=error)


def failed(connection: Connection, message_id: str, next_try_s: float, error: str, attempts: int = 1) -> None:
    """*attempts* more failed; the next is due at *next_try_s*."""
    tried = table.c.attempts + attempts
    _settle(connection, message_id, next_try_s=next_try_s, last_error=error, attempts=tried)


def _settle(connection: Connection, message_id: str, **values: Any) -> None:
    # What another replica delivered stays so.
    pending = (table.c.id == message_id) & (table.c.state == MessageState.WAITING)
    connection.execute(update(table).where(pending).values(**values))


def _row(message: Sendable) -> dict[str, Any]:
    return {
        "id": message.id,
        "channel": message.channel,
        "target": message.target,
        "incident_id": message.incident_id,
        "ordinal": message.ordinal,
        "action": message.action,
        "payload": dict(message.payload),
        "created_s": message.created_s,
        "due_s": message.due_s,
        "attempts": 0,
        "next_try_s": message.due_s,
        "last_error": "",
        "state": MessageState.WAITING,
        "done_s": None,
    }


def _messages(connection: Connection, which: ColumnElement[bool]) -> list[Message]:
    order = (table.c.created_s, table.c.incident_id, table.c.ordinal, table.c.id)
    return [_message(row) for row in connection.execute(select(table).where(which).order_by(*order))]


def _message(row: Row[Any]) -> Message:
    values = dict(row._mapping)
    return Message(**{**values, "state": MessageState(values["state"])})
