"""The door that both servers share: bounded waiting, one request at a time, and no fault that loses data."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from loopwatch_processor.errors import Busy, RefusedDownstream, TooLarge, Undecodable
from loopwatch_processor.receive.intake import Intake, Receipt, Signal
from loopwatch_processor.receive.outcome import Faulted, Outcome

_log = logging.getLogger(__name__)

OnFault = Callable[[Signal, Exception], None]
OnAnswer = Callable[[Signal, Outcome], None]


def _count_nothing(_signal: Signal, _what: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """How much may wait at the door.

    *requests_max* and *held_max_bytes* bound the requests that are being read, wait for their turn or, in-line, for the
    downstream, over both servers; above either the answer is `Busy(retry_after_s)`. One request alone is always let in.
    """

    requests_max: int = 256
    held_max_bytes: int = 256 * 1024 * 1024
    retry_after_s: float = 1.0


class Hold:
    """One request at the door and the bytes it keeps in memory."""

    __slots__ = ("_admission", "held_bytes")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.held_bytes = 0

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
        self.requests = 0
        self.held_bytes = 0

    @contextmanager
    def request(self) -> Iterator[Hold]:
        """Enter with one request; it is counted until the block ends.

        Raises:
            Busy: too many requests are inside.
        """
        if self.requests >= self._limits.requests_max:
            raise Busy(self._limits.retry_after_s)
        self.requests += 1
        hold = Hold(self)
        try:
            yield hold
        finally:
            self.requests -= 1
            self.held_bytes -= hold.held_bytes

    def hold(self, hold: Hold, more_bytes: int) -> None:
        """Count *more_bytes* for *hold*, or raise Busy."""
        alone = self.held_bytes == hold.held_bytes
        if not alone and self.held_bytes + more_bytes > self._limits.held_max_bytes:
            raise Busy(self._limits.retry_after_s)
        hold.held_bytes += more_bytes
        self.held_bytes += more_bytes

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
                answer = self._intake.accept(signal, decode())
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
