"""The door that both servers share: bounded waiting, one request at a time, and no fault that loses data."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from loopwatch_processor.errors import Busy, RefusedDownstream, TooLarge, Undecodable
from loopwatch_processor.receive.intake import Intake, Receipt, Signal
from loopwatch_processor.receive.items import refuse_crowd
from loopwatch_processor.receive.outcome import Faulted, Outcome, Slow

_log = logging.getLogger(__name__)

T = TypeVar("T")
OnFault = Callable[[Signal, Exception], None]
OnAnswer = Callable[[Signal, Outcome], None]


def _count_nothing(_signal: Signal, _what: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """How much may wait at the door.

    *requests_max* and *held_max_bytes* bound the requests that are being read, wait for their turn or, in-line, for the
    downstream, over both servers; above either the answer is `Busy(retry_after_s)`. One request alone is always let in.
    A body has *arrival_timeout_s* to arrive. Where there is no room for a newcomer, the body that has been arriving for
    longest, and for *arrival_spared_s* at least, is given up: slow senders never keep out the others.
    """

    requests_max: int = 256
    held_max_bytes: int = 256 * 1024 * 1024
    retry_after_s: float = 1.0
    items_max: int = 100_000
    """Resources, scopes, and spans, records or metrics of one request."""
    arrival_timeout_s: float = 30.0
    arrival_spared_s: float = 2.0


class Hold:
    """One request at the door and the bytes it keeps in memory; it is counted for as long as it is entered.

    A plain class: as generators, its two contexts took 5 µs of every request.

    Raises:
        Busy: on entering, where too many requests are inside.
    """

    __slots__ = ("_admission", "deadline", "held_bytes", "since_s")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.held_bytes = 0
        self.since_s = 0.0
        self.deadline: asyncio.Timeout | None = None

    def __enter__(self) -> Hold:
        self._admission.enter()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._admission.leave(self)

    def arrival(self, body: Awaitable[T]) -> Awaitable[T]:
        """What *body* comes to.

        Raises:
            Slow: it took too long, or for long while others wanted the room.
        """
        return self._admission.arrival(self, body)

    def grow(self, more_bytes: int) -> None:
        """Count *more_bytes* as held by this request.

        Raises:
            Busy: all requests together would hold too much.
        """
        self._admission.hold(self, more_bytes)


class Admission:
    """Lets requests reach the intake one after the other.

    Args:
        intake: who takes the bodies.
        limits: how much may wait.
        on_fault: told of every fault of ours, for a counter.
        on_answer: told of every answer, also of those that the intake never heard of, for a counter.
    """

    def __init__(
        self,
        intake: Intake,
        limits: AdmissionLimits | None = None,
        on_fault: OnFault | None = None,
        on_answer: OnAnswer | None = None,
    ) -> None:
        self._intake = intake
        self._limits = limits or AdmissionLimits()
        self._on_fault = on_fault or _count_nothing
        self._on_answer = on_answer or _count_nothing
        self._turn = asyncio.Lock()
        self._arriving: dict[Hold, None] = {}
        """Those that arrive for longest first."""
        self._watching: asyncio.TimerHandle | None = None
        self.requests = 0
        self.held_bytes = 0

    def request(self) -> Hold:
        """One request, to be entered."""
        return Hold(self)

    def enter(self) -> None:
        """Let a request in, or raise Busy."""
        if self.requests >= self._limits.requests_max and self._give_up(None) is None:
            raise Busy(self._limits.retry_after_s)
        self.requests += 1

    def leave(self, hold: Hold) -> None:
        """A request is over."""
        self.requests -= 1
        self.held_bytes -= hold.held_bytes

    def hold(self, hold: Hold, more_bytes: int) -> None:
        """Count *more_bytes* for *hold*, or raise Busy."""
        while self.held_bytes != hold.held_bytes and self.held_bytes + more_bytes > self._limits.held_max_bytes:
            slow = self._give_up(hold)
            if slow is None:
                raise Busy(self._limits.retry_after_s)
            self.held_bytes -= slow.held_bytes
            slow.held_bytes = 0
        hold.held_bytes += more_bytes
        self.held_bytes += more_bytes

    async def arrival(self, hold: Hold, body: Awaitable[T]) -> T:
        """What *body* of *hold* comes to; see `Hold.arrival`."""
        limits, loop = self._limits, asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as hold.deadline:
                hold.since_s = loop.time()
                self._arriving[hold] = None
                if self._watching is None:
                    self._watch(loop, hold)
                try:
                    return await body
                finally:
                    self._arriving.pop(hold, None)
        except TimeoutError as late:
            raise Slow(limits.arrival_timeout_s, limits.retry_after_s) from late

    def _watch(self, loop: asyncio.AbstractEventLoop, oldest: Hold) -> None:
        """Look again when *oldest* is late: one timer for all, as one for each took 5 µs of every request."""
        self._watching = loop.call_at(oldest.since_s + self._limits.arrival_timeout_s, self._stop_late, loop)

    def _stop_late(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watching, now_s = None, loop.time()
        for hold in list(self._arriving):  # the oldest first
            if now_s - hold.since_s < self._limits.arrival_timeout_s:
                self._watch(loop, hold)
                return
            self._stop(hold, now_s)

    def _stop(self, hold: Hold, now_s: float) -> None:
        del self._arriving[hold]
        if hold.deadline is not None:
            hold.deadline.reschedule(now_s)

    def _give_up(self, spared: Hold | None) -> Hold | None:
        """Stop the slowest body but *spared*, and return it; None where each is young."""
        now_s = asyncio.get_running_loop().time()
        slow = next((hold for hold in self._arriving if hold is not spared), None)
        if slow is None or now_s - slow.since_s < self._limits.arrival_spared_s:
            return None
        self._stop(slow, now_s)
        return slow

    async def accept(self, signal: Signal, decode: Callable[[], bytes]) -> Receipt:
        """Wait for the turn, hand what *decode* returns to the intake, and wait until somebody owns it.

        Raises:
            Undecodable, TooLarge, RefusedDownstream: sending the same again would not help.
            Busy: the intake's word, or a fault of ours, which is logged and counted here.
        """
        try:
            async with self._turn:
                # Others must arrive, and be counted as waiting, between two pieces of synchronous work.
                await asyncio.sleep(0)
                body = decode()
                refuse_crowd(body, self._limits.items_max)
                answer = self._intake.accept(signal, body)
            return answer if isinstance(answer, Receipt) else await answer
        except (Undecodable, TooLarge, RefusedDownstream, Busy):
            raise
        except Exception as fault:
            raise self.fault(signal, fault) from fault

    def answered(self, signal: Signal, outcome: Outcome) -> None:
        """Count an answer; a server says this once for each request."""
        with suppress(Exception):
            self._on_answer(signal, outcome)

    def fault(self, signal: Signal, fault: Exception) -> Faulted:
        """Log and count a fault of ours; the answer to it is always retryable."""
        _log.error("accepting %s failed; the sender is told to retry", signal, exc_info=fault)
        with suppress(Exception):
            self._on_fault(signal, fault)
        return Faulted(self._limits.retry_after_s)
