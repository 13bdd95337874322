"""Carries what becomes of incidents to the journal, to the people on call, and to Alertmanager."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from loopwatch_processor.incident import Change, Snapshot
from loopwatch_processor.journal.rows import Message as Row
from loopwatch_processor.journal.writer import JournalWriter
from loopwatch_processor.notify.message import Action, Message, Waiting
from loopwatch_processor.notify.notifier import Notifier
from loopwatch_processor.telemetry import Telemetry

if TYPE_CHECKING:
    from loopwatch_processor.notify.alertmanager import AlertmanagerPush

_log = logging.getLogger(__name__)


class Dispatch:
    """Incidents and the messages about them are in one transaction of the journal before anything is sent: whoever is
    killed in between finds them there. Where the journal fails they are sent all the same.
    """

    def __init__(
        self, notifier: Notifier, telemetry: Telemetry, writer: JournalWriter | None, push: AlertmanagerPush | None
    ) -> None:
        self._notifier = notifier
        self._telemetry = telemetry
        self._writer = writer
        self._push = push
        self._changes: list[Change] = []
        self._messages: list[Message] = []
        """What nobody carries yet, as more is to come."""
        self._told: asyncio.Future[None] | None = None
        """Done when that has been carried."""
        self._carrying: set[asyncio.Task[None]] = set()

    def tell(self, changes: Sequence[Change], more: bool = False) -> asyncio.Future[None]:
        """Tell whom *changes* concern, in the order of the calls. What it returns never fails: the spans come first.

        Where *more* are to come of a request they wait for the next call that says no more, so that one transaction of
        the journal keeps them all: each change by itself made four of a request of 512 spans, 12 us a span.
        """
        self._changes += changes
        self._messages += [message for change in changes for message in self._messages_of(change)]
        told = self._told = self._told or asyncio.get_running_loop().create_future()
        if not more:
            self._set_out(told)
        return told

    def _set_out(self, told: asyncio.Future[None]) -> None:
        if self._changes:
            task = asyncio.get_running_loop().create_task(self._carry(self._changes, self._messages))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)
            task.add_done_callback(lambda _task: told.set_result(None))
        else:
            told.set_result(None)
        self._changes, self._messages, self._told = [], [], None

    async def close(self, timeout_s: float) -> None:
        """Let what is told arrive where it waits to be sent, at most for *timeout_s*."""
        self.tell([])
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=timeout_s)

    async def restore(self, open_incidents: Sequence[Snapshot]) -> None:
        """Go on where the last process stopped: with the messages that wait, and the pages that nobody would close."""
        closing = await self._notifier.restore(open_incidents)
        if self._writer is not None:
            await self._writer.commit((), closing)
        await self._notifier.take(closing)

    async def _carry(self, changes: Sequence[Change], messages: Sequence[Message]) -> None:
        try:
            if self._writer is not None:
                await self._writer.commit(changes, messages)
            await self._notifier.take(messages)
        except Exception:  # noqa: BLE001 - see `tell`
            self._fault(changes)

    def _fault(self, changes: Sequence[Change]) -> None:
        self._telemetry.failed("pipeline", "changes")
        _log.exception("%d changes of incidents could not be told", len(changes))

    def _messages_of(self, change: Change) -> list[Message]:
        """What there is to say about *change*; a fault in saying it must not cost the pages of the others."""
        try:
            self._telemetry.incident_changed(change.kind.value, change.incident.severity.label)
            if self._push is not None:
                self._push.changed(change)
            return self._notifier.messages(change)
        except Exception:  # noqa: BLE001 - see above; the incident is journalled all the same
            self._fault([change])
            return []


class JournalOutbox:
    """The journal's table of messages, as the notifier asks for it."""

    def __init__(self, writer: JournalWriter) -> None:
        self._writer = writer
        self.delivered = writer.delivered
        self.failed = writer.failed
        self.refused = writer.refused

    async def waiting(self) -> list[Waiting]:
        """What was neither delivered nor refused, oldest first."""
        rows = await self._writer.waiting()
        return [Waiting(_message(row), row.attempts, row.next_try_s) for row in rows]

    async def unresolved(self) -> list[Message]:
        """Every message about what no message has resolved yet."""
        return [_message(row) for row in await self._writer.unresolved()]


class NoOutbox:
    """Where there is no journal: messages wait in memory only, and a restart forgets them."""

    async def waiting(self) -> list[Waiting]:
        """Nothing outlived the last process."""
        return []

    async def unresolved(self) -> list[Message]:
        """Nothing outlived the last process."""
        return []

    async def delivered(self, id: str) -> None:  # noqa: A002 - see Outbox
        """Nothing to note."""

    async def failed(self, id: str, next_try_s: float, error: str) -> None:  # noqa: A002 - see Outbox
        """Nothing to note."""

    async def refused(self, id: str, error: str) -> None:  # noqa: A002 - see Outbox
        """Nothing to note."""


def _message(row: Row) -> Message:
    return Message(
        id=row.id,
        channel=row.channel,
        target=row.target,
        incident_id=row.incident_id,
        ordinal=row.ordinal,
        action=Action(row.action),
        payload=row.payload,
        created_s=row.created_s,
        due_s=row.due_s,
    )
