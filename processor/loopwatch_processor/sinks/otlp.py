"""Forwards telemetry to an OTLP endpoint as the bytes it came in: one attempt a request.

Nothing waits here. The sender gets its answer after the endpoint gave its own, so what was not delivered is still with
its sender, who retries; a process that is killed loses nothing that it answered OK.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field

from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.sinks.otlp_answer import Answer, Delivered, Refused, Transport, TryAgain

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ForwardLimits:
    """How much may be on its way at the same time; one request alone is always sent."""

    requests_max: int = 256
    bytes_max: int = 256 * 1024 * 1024


@dataclass(slots=True)
class ForwardStats:
    """Counters since the start; *refused* counts by the endpoint's status code."""

    delivered: int = 0
    unavailable: int = 0
    full: int = 0
    rejected_items: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class OtlpForwarder:
    """Sends requests through *transport*, each once, and remembers how that went."""

    def __init__(self, transport: Transport, limits: ForwardLimits | None = None) -> None:
        self.stats = ForwardStats()
        self.in_flight_bytes = 0
        self._transport = transport
        self._limits = limits or ForwardLimits()
        self._sending: set[asyncio.Task[Answer]] = set()
        self._closing = False
        self._failing = False

    @property
    def in_flight(self) -> int:
        """How many requests are on their way."""
        return len(self._sending)

    def has_room(self, body_bytes: int) -> bool:
        """Whether a body of *body_bytes* may be sent now; a no is counted."""
        fits = self.in_flight_bytes + body_bytes <= self._limits.bytes_max
        room = not self._closing and (not self._sending or (fits and self.in_flight < self._limits.requests_max))
        self.stats.full += not room
        return room

    def send(self, signal: Signal, body: bytes) -> asyncio.Task[Answer]:
        """Start to send *body*; this goes on when nobody waits for the answer any more. The task does not raise."""
        task = asyncio.create_task(self._send(signal, body))
        self._sending.add(task)
        self.in_flight_bytes += len(body)
        task.add_done_callback(lambda done: self._done(done, len(body)))
        return task

    async def close(self, drain_s: float) -> None:
        """Take nothing more, and give what is on its way *drain_s* seconds; the rest is not answered OK."""
        self._closing = True
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=drain_s)
            for task in late:
                task.cancel()
        await self._transport.close()

    def _done(self, task: asyncio.Task[Answer], body_bytes: int) -> None:
        self._sending.discard(task)
        self.in_flight_bytes -= body_bytes

    async def _send(self, signal: Signal, body: bytes) -> Answer:
        try:
            answer = await self._transport.send(signal, body)
        except Exception as fault:  # noqa: BLE001 - a fault of ours must not cost the sender's data
            _log.exception("forwarding %s failed by a fault of our own", signal)
            answer = TryAgain(repr(fault))
        self._count(signal, answer)
        return answer

    def _count(self, signal: Signal, answer: Answer) -> None:
        match answer:
            case Delivered(rejected=rejected):
                self.stats.delivered += 1
                self.stats.rejected_items += rejected
            case Refused(reason=reason, why=why):
                self.stats.refused[reason] += 1
                _log.error("the endpoint refused a request of %s: %s", signal, why)
            case TryAgain():
                self.stats.unavailable += 1
        self._tell_outage(answer)

    def _tell_outage(self, answer: Answer) -> None:
        """Log once when forwarding stops to work, and once when it works again: a line each time would bury the log."""
        if isinstance(answer, TryAgain):
            if not self._failing:
                _log.warning("forwarding fails, senders are told to retry: %s", answer.why)
            self._failing = True
        elif self._failing:
            _log.info("forwarding works again")
            self._failing = False
