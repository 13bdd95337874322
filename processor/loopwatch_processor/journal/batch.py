"""`Batch`: what one transaction writes; `Pending`: what waits for it in memory, within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Connection

from loopwatch_processor.incident import Snapshot
from loopwatch_processor.jobs.transition import Transition
from loopwatch_processor.journal import documents, incidents, jobs, outbox, sessions, snapshots
from loopwatch_processor.journal.rows import Message, MessageState, Sendable, SessionRow, SnapshotRow, StepRow

_K = TypeVar("_K")
_V = TypeVar("_V")
LATER_PER_BATCH = 256
"""Sessions, documents and transitions that one transaction writes: incidents that come meanwhile wait for no more."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a message."""

    state: MessageState
    at_s: float
    """When it was done, or the next try is due."""
    error: str = ""
    attempts: int = 0
    """Attempts that failed since the mark was last written."""


@dataclass(slots=True)
class Story:
    """What is new of one session."""

    row: SessionRow | None = None
    steps: dict[tuple[str, str], StepRow] = field(default_factory=dict)
    removed: bool = False
    """What the database had of it goes first."""


@dataclass(slots=True)
class Batch:
    """Things to write, newest state each."""

    now: float = 0.0
    incidents: dict[str, Snapshot] = field(default_factory=dict)
    messages: dict[str, Sendable] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    sessions: dict[str, Story] = field(default_factory=dict)
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    transitions: dict[tuple[str, str, str, int, int], Transition] = field(default_factory=dict)
    snapshots: dict[str, SnapshotRow] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts())

    def write(self, connection: Connection, max_steps: int) -> int:
        """Write all of it; how many old steps of sessions went for *max_steps*."""
        incidents.save(connection, self.incidents.values())
        outbox.add(connection, self.messages.values())
        for message_id, mark in sorted(self.marks.items()):
            _settle(connection, message_id, mark)
        trimmed = sum(self._tell(connection, *item, max_steps) for item in sorted(self.sessions.items()))
        for name, document in sorted(self.documents.items()):
            documents.put(connection, name, document, self.now)
        jobs.record(connection, self.transitions.values())
        snapshots.save(connection, self.snapshots.values())
        return trimmed

    def pieces(self) -> Iterator[Batch]:
        """The same, one thing each: where one cannot be written, the others can."""
        for name, part in zip(_PARTS, self._parts(), strict=True):
            for key, value in part.items():
                piece = Batch(self.now)
                getattr(piece, name)[key] = value
                yield piece

    def _tell(self, connection: Connection, key: str, story: Story, max_steps: int) -> int:
        if story.removed:
            sessions.remove(connection, [key])
        if story.row is None:
            return 0
        return sessions.save(connection, story.row, list(story.steps.values()), self.now, max_steps=max_steps)

    def _parts(self) -> Sequence[dict[str, Any]]:
        return [getattr(self, name) for name in _PARTS]


_PARTS = ("incidents", "messages", "marks", "sessions", "documents", "transitions", "snapshots")
_LATER = ("sessions", "documents", "transitions", "snapshots")
_TIMES = {"transitions": 10}
"""One request may bring more of them than there are of other things in a minute."""


class Pending:
    """What is not in the database yet: at most *limit* of each kind; what was dropped for it is in `dropped`."""

    def __init__(self, limit: int, max_steps: int) -> None:
        self._limit = limit
        self._max_steps = max_steps
        self._all = Batch()
        self.dropped: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    @property
    def is_urgent(self) -> bool:
        """Whether incidents or messages are among it."""
        return bool(self._all.incidents or self._all.messages or self._all.marks)

    def add(self, snapshots: Iterable[Snapshot], messages: Iterable[Sendable]) -> None:
        """Incidents, the newest state of each last, and what is to be sent about them."""
        self._all.incidents.update((snapshot.id, snapshot) for snapshot in snapshots)
        self._all.messages.update((message.id, message) for message in messages)
        self._bound()

    def mark(self, message_id: str, mark: Mark) -> None:
        """What became of a message; failures add up, and what is done stays done."""
        earlier = self._all.marks.get(message_id, mark)
        if earlier is mark:
            self._all.marks[message_id] = mark
        elif earlier.state is MessageState.WAITING:
            self._all.marks[message_id] = replace(mark, attempts=mark.attempts + earlier.attempts)
        self._bound()

    def tell(self, row: SessionRow, steps: Iterable[StepRow]) -> None:
        """The session as it is, with steps that may be known already."""
        story = self._all.sessions.setdefault(row.key, Story())
        story.row = row
        for step in steps:
            story.steps.setdefault((step.trace_id, step.span_id), step)
        self._trim(story)
        self._bound()

    def untell(self, key: str) -> None:
        """The session is no session any more."""
        self._all.sessions[key] = Story(removed=True)
        self._bound()

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """A document in place of the one of that name."""
        self._all.documents[name] = document
        self._bound()

    def happen(self, transitions: Iterable[Transition]) -> None:
        """What became of jobs; what is said twice is one."""
        for item in transitions:
            self._all.transitions.setdefault(item.key, item)
        self._bound()

    def open(self, row: SnapshotRow) -> None:
        """A session that is open, as it is, or that it is not any more."""
        self._all.snapshots[row.key] = row
        self._bound()

    @property
    def snapshots(self) -> int:
        """How many sessions that are open wait."""
        return len(self._all.snapshots)

    def take(self, now: float) -> Batch:
        """What to write next: incidents and messages before anything else."""
        mine = self._all
        if self.is_urgent:
            batch = Batch(now, mine.incidents, mine.messages, mine.marks)
            self._all = replace(mine, now=0.0, incidents={}, messages={}, marks={})
            return batch
        later = {name: _some(getattr(mine, name)) for name in _LATER}
        return Batch(now, **later)

    def put_back(self, batch: Batch) -> None:
        """*batch* was not written; what came meanwhile is newer."""
        newer, self._all = self._all, replace(batch, now=0.0, sessions={})
        self._all.incidents |= newer.incidents
        self._all.messages |= newer.messages
        self._all.documents |= newer.documents
        self._all.transitions |= newer.transitions
        self._all.snapshots |= newer.snapshots
        self._all.sessions = {
            key: _joined(story, newer.sessions.pop(key, None)) for key, story in batch.sessions.items()
        }
        self._all.sessions |= newer.sessions
        for story in self._all.sessions.values():
            self._trim(story)
        for message_id, mark in newer.marks.items():
            self.mark(message_id, mark)
        self._bound()

    def over(self, known: Iterable[Message]) -> list[Message]:
        """*known* as it will be once all of this is written."""
        messages = {message.id: message for message in known}
        for message in self._all.messages.values():
            messages.setdefault(message.id, _as_row(message))
        return [_marked(message, self._all.marks.get(message.id)) for message in messages.values()]

    def _bound(self) -> None:
        for name in _PARTS:
            part = getattr(self._all, name)
            while len(part) > self._limit * _TIMES.get(name, 1):
                del part[next(iter(part))]
                self.dropped[name] += 1

    def _trim(self, story: Story) -> None:
        while len(story.steps) > self._max_steps:
            del story.steps[next(iter(story.steps))]
            self.dropped["steps"] += 1


def _settle(connection: Connection, message_id: str, mark: Mark) -> None:
    if mark.attempts:
        outbox.failed(connection, message_id, mark.at_s, mark.error, mark.attempts)
    if mark.state is MessageState.DELIVERED:
        outbox.delivered(connection, message_id, mark.at_s)
    if mark.state is MessageState.REFUSED:
        outbox.refused(connection, message_id, mark.at_s, mark.error)


def _some(part: dict[_K, _V]) -> dict[_K, _V]:
    return {key: part.pop(key) for key in list(part)[:LATER_PER_BATCH]}


def _joined(older: Story, newer: Story | None) -> Story:
    if newer is None:
        return older
    if newer.removed:
        return newer
    return Story(newer.row or older.row, {**older.steps, **newer.steps}, older.removed)


def _as_row(message: Sendable) -> Message:
    fields = ("id", "channel", "target", "incident_id", "ordinal", "action", "payload", "created_s", "due_s")
    return Message(**{name: getattr(message, name) for name in fields}, next_try_s=message.due_s)


def _marked(message: Message, mark: Mark | None) -> Message:
    if mark is None:
        return message
    done = mark.state is not MessageState.WAITING
    return replace(
        message,
        state=mark.state,
        done_s=mark.at_s if done else None,
        next_try_s=message.next_try_s if done else mark.at_s,
        last_error=mark.error,
        attempts=message.attempts + mark.attempts,
    )
