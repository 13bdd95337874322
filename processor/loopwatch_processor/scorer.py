"""Takes what the receivers hand over: scores it, tells the sinks, and forwards it where loopwatch stands in-line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from loopwatch_processor.errors import Busy, RefusedDownstream, Undecodable
from loopwatch_processor.incident import Change
from loopwatch_processor.pipeline import Pipeline, Scored, Ticked
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.session import Session
from loopwatch_processor.sinks.base import Sinks
from loopwatch_processor.sinks.otlp import OtlpForwarder
from loopwatch_processor.sinks.otlp_answer import Answer, Delivered, Refused, TryAgain
from loopwatch_processor.telemetry import Telemetry
from loopwatch_processor.verdict import untell, write

_log = logging.getLogger(__name__)


class Scorer:
    """The `Intake` of the service.

    Without a *forwarder* (tee) a request is owned once it is scored; with one (in-line), once the downstream took it.
    *retry_after_s* is when a sender should come back where the downstream does not say. What becomes of incidents goes
    to *on_changes* before the request that changed them is answered.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        sinks: Sinks,
        telemetry: Telemetry,
        clock: Callable[[], float],
        *,
        forwarder: OtlpForwarder | None = None,
        retry_after_s: float = 1.0,
        on_changes: Callable[[list[Change]], asyncio.Future[None]] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._sinks = sinks
        self._telemetry = telemetry
        self._clock = clock
        self._forwarder = forwarder
        self._retry_after_s = retry_after_s
        self._on_changes = on_changes

    def accept(self, signal: Signal, body: bytes) -> Receipt | Awaitable[Receipt]:
        """Score *body*; in-line, the receipt comes when the downstream has answered.

        Raises:
            Undecodable: it is not the request it claims to be.
            Busy: in-line, too much is on its way, or the downstream cannot take it now.
            RefusedDownstream: in-line, the downstream will never take it.
        """
        if self._forwarder is not None and not self._forwarder.has_room(len(body)):
            raise Busy(self._retry_after_s)
        scored = self._scored(signal, body)
        for raised in scored.raised:
            self._sinks.emit(raised)
        telling = self._on_changes(scored.changes) if scored.changes and self._on_changes is not None else None
        if self._forwarder is not None:
            forwarding = self._forward(self._forwarder, signal, body, scored)
            return forwarding if telling is None else _after(telling, forwarding)
        self._telemetry.taken(signal.value, len(body))
        return Receipt() if telling is None else _after(telling)

    def tick(self) -> Ticked:
        """Let time pass; returns what came of that."""
        ticked = self._pipeline.tick(self._clock())
        for raised in ticked.raised:
            self._sinks.emit(raised)
        return ticked

    def _scored(self, signal: Signal, body: bytes) -> Scored:
        try:
            if signal is Signal.traces:
                return self._pipeline.feed_traces(body, self._clock())
            if signal is Signal.logs:
                return self._pipeline.feed_logs(body, self._clock())
        except Undecodable:
            raise
        except Exception:  # noqa: BLE001 - the spans come first: a fault of ours in scoring must not lose them
            self._telemetry.failed("pipeline", signal.value)
            _log.exception("scoring a request of %d bytes failed; it is taken unscored", len(body))
        return Scored()

    def _forward(self, forwarder: OtlpForwarder, signal: Signal, body: bytes, scored: Scored) -> Awaitable[Receipt]:
        marked = write(body, scored.verdicts) if signal is Signal.traces else body
        sending = forwarder.send(signal, marked)
        sending.add_done_callback(lambda done: _take_back(done, scored.told))
        return self._answer(signal, len(body), sending)

    async def _answer(self, signal: Signal, body_bytes: int, sending: asyncio.Task[Answer]) -> Receipt:
        # Shielded: a client that goes away does not stop what has been scored and is on its way.
        match await asyncio.shield(sending):
            case Delivered(rejected=rejected, message=message):
                self._telemetry.taken(signal.value, body_bytes)
                return Receipt(rejected, message)
            case TryAgain(after_s=after_s):
                raise Busy(after_s or self._retry_after_s)
            case Refused(why=why):
                raise RefusedDownstream(why)


async def _after(telling: asyncio.Future[None], receipt: Awaitable[Receipt] | None = None) -> Receipt:
    """The receipt, once what the request changed is told, which goes on when the client goes away."""
    try:
        return await receipt if receipt is not None else Receipt()
    finally:
        await asyncio.shield(telling)


def _take_back(sending: asyncio.Task[Answer], told: Iterable[Session]) -> None:
    """What did not arrive has not been said: the sender's next try, or any later span, says it again."""
    if sending.cancelled() or not isinstance(sending.result(), Delivered):
        for session in told:
            untell(session)
