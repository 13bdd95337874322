"""Forwards telemetry to an OTLP endpoint as the bytes it came in.

A batch that `offer` took is owned here until it is delivered, refused for good, or the forwarder is closed. There is
no queue on disk: what was taken and not yet delivered is lost with the process.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.sinks.otlp_answer import Answer, Delivered, Refused, Transport, TryAgain

_log = logging.getLogger(__name__)

_DRAIN_MIN_S = 1.0
_DRAIN_MAX_S = 60.0
_SMOOTHING = 0.2


@dataclass(frozen=True, slots=True)
class ForwardPolicy:
    """How much is held and how long it is tried.

    *queue_max_bytes* and *queue_max_batches* bound what is owned, batches in flight included; an empty queue takes
    any one batch. Back-off grows from *backoff_initial_s* by *backoff_factor* to *backoff_max_s*, each wait times
    0.5 to 1.5 (the Collector's values, but a first wait of 1 s). *give_up_after_s* None tries for ever: a full queue
    then makes the senders keep their data.
    """

    queue_max_bytes: int = 256 * 1024 * 1024
    queue_max_batches: int = 4096
    consumers: int = 4
    backoff_initial_s: float = 1.0
    backoff_factor: float = 1.5
    backoff_max_s: float = 30.0
    give_up_after_s: float | None = None


@dataclass(slots=True)
class ForwardStats:
    """Counters since the start. *dropped* counts batches by reason: a status code, `gave_up` or `shutdown`."""

    delivered_batches: int = 0
    delivered_bytes: int = 0
    retries: int = 0
    full: int = 0
    rejected_items: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Batch:
    signal: Signal
    body: bytes


class OtlpForwarder:
    """A bounded queue in memory before *transport*, emptied by a few workers.

    Args:
        transport: `GrpcTransport` or `HttpTransport`.
        policy: bounds and back-off.
        clock: seconds that only grow.
        sleep: waits for seconds.
        jitter: a number in [0, 1) each time.
    """

    def __init__(
        self,
        transport: Transport,
        policy: ForwardPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.stats = ForwardStats()
        self.queued_batches = 0
        self.queued_bytes = 0
        self._transport = transport
        self._policy = policy or ForwardPolicy()
        self._clock, self._sleep, self._jitter = clock, sleep, jitter
        self._queue: asyncio.Queue[_Batch] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._closing = False
        self._failing = False
        self._resume_at_s = clock()
        self._send_s = 0.0

    def start(self) -> None:
        """Start the workers on the running event loop."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._policy.consumers)]

    def offer(self, signal: Signal, body: bytes) -> bool:
        """Own *body* from now on; False when there is no room, and the sender should come back after `drain_s()`."""
        if self._closing or not self.has_room(len(body)):
            self.stats.full += 1
            return False
        self.queued_batches += 1
        self.queued_bytes += len(body)
        self._queue.put_nowait(_Batch(signal, body))
        return True

    def drain_s(self) -> float:
        """How long the queue will take to empty, from the recent time per batch and any wait under way."""
        wait_s = max(0.0, self._resume_at_s - self._clock())
        work_s = self.queued_batches * self._send_s / self._policy.consumers
        return min(_DRAIN_MAX_S, max(_DRAIN_MIN_S, wait_s + work_s))

    async def close(self, drain_s: float) -> int:
        """Take nothing more, deliver for up to *drain_s* seconds; how many batches were lost."""
        self._closing = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), drain_s)
        lost = self.queued_batches
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._transport.close()
        if lost:
            self.stats.dropped["shutdown"] += lost
            _log.error("%d batches were not delivered within %g s and are lost", lost, drain_s)
        return lost

    def has_room(self, body_bytes: int) -> bool:
        """Whether a body of *body_bytes* would be taken now."""
        if self.queued_batches == 0:
            return True
        fits = self.queued_bytes + body_bytes <= self._policy.queue_max_bytes
        return fits and self.queued_batches < self._policy.queue_max_batches

    async def _work(self) -> None:
        while True:
            batch = await self._queue.get()
            try:
                await self._deliver(batch)
            finally:
                self.queued_batches -= 1
                self.queued_bytes -= len(batch.body)
                self._queue.task_done()

    async def _deliver(self, batch: _Batch) -> None:
        first_try_s = self._clock()
        backoff_s = self._policy.backoff_initial_s
        while isinstance(answer := await self._attempt(batch), TryAgain):
            wait_s = answer.after_s or backoff_s * (0.5 + self._jitter())
            backoff_s = min(self._policy.backoff_max_s, backoff_s * self._policy.backoff_factor)
            if self._too_late(first_try_s, wait_s):
                self._drop(batch, "gave_up", answer.why)
                return
            await self._wait(wait_s, answer.why)
        self._settle(batch, answer)

    async def _attempt(self, batch: _Batch) -> Answer:
        started_s = self._clock()
        try:
            answer = await self._transport.send(batch.signal, batch.body)
        except Exception as fault:  # noqa: BLE001 - a worker that died would stop forwarding in silence
            _log.exception("forwarding %s failed by a fault of our own", batch.signal)
            return TryAgain(repr(fault))
        if isinstance(answer, Delivered):
            self._send_s += _SMOOTHING * (self._clock() - started_s - self._send_s)
        return answer

    def _too_late(self, first_try_s: float, wait_s: float) -> bool:
        limit_s = self._policy.give_up_after_s
        return limit_s is not None and self._clock() + wait_s - first_try_s > limit_s

    async def _wait(self, wait_s: float, why: str) -> None:
        self.stats.retries += 1
        self._resume_at_s = self._clock() + wait_s
        # Once per outage: a line for each retry would bury the log that explains it.
        if not self._failing:
            _log.warning("forwarding fails and is retried: %s", why)
        self._failing = True
        await self._sleep(wait_s)

    def _settle(self, batch: _Batch, answer: Delivered | Refused) -> None:
        if isinstance(answer, Refused):
            self._drop(batch, answer.reason, answer.why)
            return
        if self._failing:
            _log.info("forwarding works again")
        self._failing = False
        self.stats.delivered_batches += 1
        self.stats.delivered_bytes += len(batch.body)
        if answer.rejected or answer.message:
            self.stats.rejected_items += answer.rejected
            _log.warning("the endpoint rejected %d items of %s: %s", answer.rejected, batch.signal, answer.message)

    def _drop(self, batch: _Batch, reason: str, why: str) -> None:
        self.stats.dropped[reason] += 1
        _log.error("a batch of %s (%d bytes) was dropped: %s", batch.signal, len(batch.body), why)
