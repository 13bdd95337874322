"""`Delivery`: sends what waits, each receiver at its own pace, until it was taken or refused."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Protocol

from loopwatch_processor.notify.answer import Answer, Delivered, NotYet, Refused, TryAgain
from loopwatch_processor.notify.lane import Lane
from loopwatch_processor.notify.message import Message, Outbox, Waiting
from loopwatch_processor.notify.receivers import Receiver

KEEP_S = 86_400.0
"""A page that could not be delivered for a day is news no more."""
SWEEP_S = 60.0
"""How often the outbox is asked for what another replica left behind."""
ORPHANED_S = 120.0
"""What waits so long is nobody's."""
_REFUSALS_REMEMBERED = 100

Count = Callable[[str, str], None]
"""Takes a channel and an outcome: delivered, failed, refused or dry_run."""
_log = logging.getLogger(__name__)


class Sender(Protocol):
    """One channel."""

    async def send(self, message: Message) -> Answer:
        """Send *message* once."""

    async def close(self) -> None:
        """Let go of the connections."""


class Delivery:
    """At least once, in order for each page. *clock* gives Unix time."""

    def __init__(
        self,
        senders: Mapping[str, Sender],
        receivers: Collection[Receiver],
        outbox: Outbox,
        *,
        count: Count,
        clock: Callable[[], float],
        fresh: Callable[[Message], Message] = lambda message: message,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """*fresh* gives a message as it would be written at the moment when it is sent."""
        self._senders = senders
        self._lanes = {receiver: Lane(jitter) for receiver in receivers}
        self._wakes = {receiver: asyncio.Event() for receiver in receivers}
        self._outbox = outbox
        self._count = count
        self._clock = clock
        self._fresh = fresh
        self._failing: set[Receiver] = set()
        self._refusals: set[tuple[Receiver, str]] = set()
        self._outbox_fails = False
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def waiting(self) -> Counter[str]:
        """Undelivered messages by channel."""
        counts = Counter({receiver.channel: 0 for receiver in self._lanes})
        for receiver, lane in self._lanes.items():
            counts[receiver.channel] += len(lane)
        return counts

    def oldest_s(self) -> dict[str, float]:
        """How long the oldest undelivered message of each channel is due already; 0 where none is."""
        now_s = self._clock()
        ages = dict.fromkeys((receiver.channel for receiver in self._lanes), 0.0)
        for receiver, lane in self._lanes.items():
            due_s = lane.oldest_s()
            if due_s is not None:
                ages[receiver.channel] = max(ages[receiver.channel], now_s - due_s)
        return ages

    async def take(self, waiting: Iterable[Waiting]) -> None:
        """Let *waiting* wait here; one whose receiver is configured no more is refused."""
        for item in waiting:
            message = item.message
            receiver = Receiver(message.channel, message.target)
            lane = self._lanes.get(receiver)
            if lane is None:
                await self._refuse(receiver, [message], "its receiver is not configured any more")
                continue
            if lane.knows(message.id):
                continue
            replaced = lane.add(item)
            self._wakes[receiver].set()
            for each in replaced:
                await self._tell(self._outbox.delivered(each.id))

    def start(self) -> None:
        """Send what is due from now on."""
        self._tasks = [asyncio.create_task(self._work(receiver)) for receiver in self._lanes]
        self._tasks.append(asyncio.create_task(self._sweep()))

    async def close(self, drain_s: float) -> None:
        """Send what is due, for at most *drain_s*; what is left stays in the outbox."""
        self._closing = True
        for wake in self._wakes.values():
            wake.set()
        *workers, sweep = self._tasks or [asyncio.create_task(asyncio.sleep(0))]
        sweep.cancel()
        if workers:
            _, late = await asyncio.wait(workers, timeout=drain_s)
            for task in late:
                task.cancel()
        await asyncio.gather(*workers, sweep, return_exceptions=True)
        for sender in self._senders.values():
            await sender.close()

    async def deliver_due(self) -> None:
        """Send everything that may be sent now."""
        await asyncio.gather(*map(self._deliver, self._lanes))

    def ready_s(self) -> float | None:
        """When there may be something to send again; None where nothing waits."""
        now_s = self._clock()
        return min((at_s for lane in self._lanes.values() if (at_s := lane.ready_s(now_s)) is not None), default=None)

    async def sweep(self) -> None:
        """Take over what another replica left in the outbox, and leave what another one delivered: a trigger that
        comes after the other's resolve would page once more."""
        try:
            found = await self._outbox.waiting()
        except Exception as fault:  # noqa: BLE001 - the journal counts its own faults
            self._say_outbox(fault)
            return
        old_s, ids = self._clock() - ORPHANED_S, {item.message.id for item in found}
        for lane in self._lanes.values():
            lane.keep(ids, old_s)
        await self.take(item for item in found if item.message.due_s <= old_s)

    async def _work(self, receiver: Receiver) -> None:
        lane, wake = self._lanes[receiver], self._wakes[receiver]
        while True:
            wake.clear()
            await self._deliver(receiver)
            if self._closing:
                return
            now_s = self._clock()
            ready_s = lane.ready_s(now_s)
            delay_s = None if ready_s is None else max(0.0, ready_s - now_s)
            try:
                await asyncio.wait_for(wake.wait(), delay_s)
            except TimeoutError:
                pass

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            await self.sweep()

    async def _deliver(self, receiver: Receiver) -> None:
        lane = self._lanes[receiver]
        while (message := lane.next(self._clock())) is not None:
            if self._clock() - message.created_s > KEEP_S:
                await self._refuse(receiver, lane.finished(message), "it could not be delivered for a day")
                continue
            await self._settle(receiver, lane, message, await self._send(message))

    async def _send(self, message: Message) -> Answer:
        try:
            return await self._senders[message.channel].send(self._fresh(message))
        except Exception as fault:  # noqa: BLE001 - a fault of ours must not end the delivery
            # No traceback: its frames and texts may hold what must not be shown.
            return TryAgain(f"a fault of our own: {type(fault).__name__}")

    async def _settle(self, receiver: Receiver, lane: Lane, message: Message, answer: Answer) -> None:
        match answer:
            case NotYet(after_s=after_s):
                lane.hold(self._clock() + after_s)
            case TryAgain(why=why, after_s=after_s):
                self._say_outage(receiver, why)
                self._count(receiver.channel, "failed")
                next_try_s = lane.failed(self._clock(), after_s)
                await self._tell(self._outbox.failed(message.id, next_try_s, why))
            case Refused(why=why):
                await self._refuse(receiver, lane.finished(message), why)
            case Delivered():
                self._say_recovery(receiver)
                self._count(receiver.channel, "delivered")
                for each in lane.finished(message):
                    await self._tell(self._outbox.delivered(each.id))

    async def _refuse(self, receiver: Receiver, messages: Iterable[Message], why: str) -> None:
        self._count(receiver.channel, "refused")
        if (receiver, why) not in self._refusals:
            if len(self._refusals) >= _REFUSALS_REMEMBERED:
                self._refusals.clear()
            self._refusals.add((receiver, why))
            where = f"{receiver.channel} {receiver.target}"
            _log.error("a notification will never be delivered to %s: %s; the like is only counted", where, why)
        for message in messages:
            await self._tell(self._outbox.refused(message.id, why))

    def _say_outage(self, receiver: Receiver, why: str) -> None:
        """Log once when it stops to work, and once when it works again: a line each time would bury the log."""
        if receiver not in self._failing:
            self._failing.add(receiver)
            _log.warning("notifying %s %s fails, and is tried again: %s", receiver.channel, receiver.target, why)

    def _say_recovery(self, receiver: Receiver) -> None:
        if receiver in self._failing:
            self._failing.discard(receiver)
            _log.info("notifying %s %s works again", receiver.channel, receiver.target)

    async def _tell(self, telling: Awaitable[None]) -> None:
        """A journal that fails must not stop a page."""
        try:
            await telling
        except Exception as fault:  # noqa: BLE001 - the journal counts its own faults
            self._say_outbox(fault)
        else:
            self._outbox_fails = False

    def _say_outbox(self, fault: Exception) -> None:
        if not self._outbox_fails:
            self._outbox_fails = True
            _log.warning("the outbox fails, messages may be sent twice after a restart: %s", type(fault).__name__)
