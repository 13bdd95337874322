"""What waits in memory ends up in the database as if every write had been done at once."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from loopwatch_processor.journal import documents, incidents, outbox, sessions, tables
from loopwatch_processor.journal.batch import Mark, Pending
from loopwatch_processor.journal.columns import to_json
from loopwatch_processor.journal.rows import MessageState
from tests.journal.made import NOW, message, session, snapshot, step

MANY = 1_000
_engine = create_engine("sqlite://", json_serializer=to_json)
_names = st.sampled_from("abc")
_things = st.tuples(
    st.sampled_from(["incident", "message", "delivered", "failed", "refused", "session", "removed", "document"]), _names
)
_written = st.tuples(st.sampled_from(["written", "not written"]), st.just(""))
_histories = st.lists(_things | _written, max_size=30)


def wait(pending: Pending, what: str, name: str, number: int) -> None:
    """One thing happens, and waits."""
    now = NOW + number
    actions: dict[str, Callable[[], None]] = {
        "incident": lambda: pending.add([snapshot(name, changed_s=now)], []),
        "message": lambda: pending.add([], [message(name)]),
        "delivered": lambda: pending.mark(name, Mark(MessageState.DELIVERED, NOW)),
        "failed": lambda: pending.mark(name, Mark(MessageState.WAITING, now, "503", attempts=1)),
        "refused": lambda: pending.mark(name, Mark(MessageState.REFUSED, NOW, "400")),
        "session": lambda: pending.tell(session(name, steps=number), [step(number)]),
        "removed": lambda: pending.untell(name),
        "document": lambda: pending.put(name, {"n": number}),
    }
    actions[what]()


def write(connection: Connection, what: str, name: str, number: int) -> None:
    """The same, at once."""
    now = NOW + number
    actions: dict[str, Callable[[], object]] = {
        "incident": lambda: incidents.save(connection, [snapshot(name, changed_s=now)]),
        "message": lambda: outbox.add(connection, [message(name)]),
        "delivered": lambda: outbox.delivered(connection, name, NOW),
        "failed": lambda: outbox.failed(connection, name, now, "503"),
        "refused": lambda: outbox.refused(connection, name, NOW, "400"),
        "session": lambda: sessions.save(connection, session(name, steps=number), [step(number)], NOW, max_steps=MANY),
        "removed": lambda: sessions.remove(connection, [name]),
        "document": lambda: documents.put(connection, name, {"n": number}, NOW),
    }
    actions[what]()


def everything(connection: Connection) -> list[object]:
    """All that is kept; when a message that is done would have been tried next tells nothing."""
    found: list[object] = []
    for table in tables.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name != "next_try_s"]
        found += [tuple(row) for row in connection.execute(select(*columns).order_by(*table.primary_key.columns))]
    next_tries = select(tables.outbox.c.next_try_s).where(tables.outbox.c.state == MessageState.WAITING)
    return [*found, *connection.scalars(next_tries.order_by(tables.outbox.c.id))]


@settings(deadline=None)
@given(_histories)
def test_waiting_changes_nothing_of_what_is_kept(history: list[tuple[str, str]]) -> None:
    """However often a write fails, and whatever comes meanwhile."""
    pending = Pending(MANY, MANY)
    with _engine.connect() as connection:
        tables.metadata.create_all(connection)
        told: set[str] = set()
        for number, (what, name) in enumerate([*history, *[("written", "")] * 3]):
            if what == "written":
                pending.take(NOW).write(connection, MANY)
            elif what == "not written":
                pending.put_back(pending.take(NOW))
            elif what not in ("delivered", "failed", "refused") or name in told:
                wait(pending, what, name, number)
            told |= {name} if what == "message" else set()
        assert len(pending) == 0
        waited = everything(connection)
        connection.rollback()
    with _engine.connect() as connection:
        tables.metadata.create_all(connection)
        told = set()
        for number, (what, name) in enumerate(history):
            if what not in ("written", "not written", "delivered", "failed", "refused") or name in told:
                write(connection, what, name, number)
            told |= {name} if what == "message" else set()
        assert everything(connection) == waited
        connection.rollback()
