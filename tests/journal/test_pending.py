"""What waits in memory ends up in the database as if every write had been done at once."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from loopwatch_processor.journal import documents, incidents, outbox, sessions, tables
from loopwatch_processor.journal.batch import Batch, Mark, Pending
from loopwatch_processor.journal.columns import to_json
from loopwatch_processor.journal.rows import MessageState
from tests.journal.made import NOW, message, session, snapshot, step

MANY = 1_000
_engine = create_engine("sqlite://", json_serializer=to_json)
_FATES = ("delivered", "failed", "refused")
_TRIES = ("begun", "written", "not written")
_KINDS = (("incident",), ("message", *_FATES), ("session", "removed"), ("document",))
_REMOVED_IN_VAIN = (("removed", "a"), ("begun", ""))
_histories = st.lists(st.sampled_from(_KINDS), min_size=1, max_size=2, unique=True).flatmap(
    lambda kinds: st.lists(st.tuples(st.sampled_from([*sum(kinds, ()), *_TRIES]), st.sampled_from("ab")), max_size=40)
)


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


def possible(history: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """*history* without what becomes of messages that there are not."""
    made: set[str] = set()
    kept = []
    for what, name in history:
        made |= {name} if what == "message" else set()
        if what not in _FATES or name in made:
            kept.append((what, name))
    return kept


def play_waiting(connection: Connection, history: list[tuple[str, str]]) -> None:
    """Each thing waits until a try to write takes it along, and tries fail while other things happen."""
    pending = Pending(MANY, MANY)
    batch = Batch()
    for number, (what, name) in enumerate([*history, *[("written", ""), ("begun", "")] * 4]):
        if what == "begun" and not batch:
            batch = pending.take(NOW)
        elif what == "not written" and batch:
            pending.put_back(batch)
            batch = Batch()
        elif what == "written":
            batch.write(connection, MANY)
            batch = Batch()
        elif what not in _TRIES:
            wait(pending, what, name, number)
    assert not pending
    assert not batch


@settings(deadline=None, max_examples=100)
@given(_histories.map(possible))
@example([("session", "a"), ("begun", ""), ("removed", "a"), ("not written", "")])
@example([("session", "a"), ("begun", ""), ("session", "a"), ("not written", "")])
@example([("session", "a"), ("begun", ""), ("written", ""), *_REMOVED_IN_VAIN, ("session", "a"), ("not written", "")])
def test_waiting_changes_nothing_of_what_is_kept(history: list[tuple[str, str]]) -> None:
    """However often a write fails, and whatever comes meanwhile."""
    with _engine.connect() as connection:
        tables.metadata.create_all(connection)
        play_waiting(connection, history)
        waited = everything(connection)
        connection.rollback()
        for number, (what, name) in enumerate(history):
            if what not in _TRIES:
                write(connection, what, name, number)
        assert everything(connection) == waited
        connection.rollback()
