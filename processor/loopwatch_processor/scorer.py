"""Takes what the receivers hand over: scores it, tells the sinks, and forwards it where loopwatch stands in-line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

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
_END = object()


@dataclass(slots=True)
class _Work:
    """One request, and what has come of it so far."""

    signal: Signal
    body: bytes
    current: Callable[[Session], Session]
    """A session as it is now: it may have been packed, and unpacked as another object, since it was told of."""
    scored: Scored = field(default_factory=Scored)
    telling: list[asyncio.Future[None]] = field(default_factory=list)

    def untell(self) -> None:
        """What did not arrive has not been said: the sender's next try, or any later span, says it again."""
        for session in self.scored.told:
            untell(self.current(session))


class Scorer:
    """The `Intake` of the service.

    Without a *forwarder* (tee) a request is owned once it is scored; with one (in-line), once the downstream took it.
    *retry_after_s* is when a sender should come back where the downstream does not say. What becomes of incidents goes
    to *on_changes* before the request that changed them is answered, with whether more may come of that request.
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
        on_changes: Callable[[list[Change], bool], asyncio.Future[None]] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._sinks = sinks
        self._telemetry = telemetry
        self._clock = clock
        self._forwarder = forwarder
        self._retry_after_s = retry_after_s
        self._on_changes = on_changes
        self._large = asyncio.Lock()

    def accept(self, signal: Signal, body: bytes) -> Receipt | Awaitable[Receipt]:
        """Score *body*; in-line, the receipt comes when the downstream has answered.

        Raises:
            Undecodable: it is not the request it claims to be.
            Busy: in-line, too much is on its way, or the downstream cannot take it now.
            RefusedDownstream: in-line, the downstream will never take it.
        """
        self._make_sure_of_room(len(body))
        work = _Work(signal, body, self._pipeline.sessions.current)
        feeding = self._feeding(work)
        if self._goes_on(feeding, work):
            return self._in_turns(feeding, work)
        return self._owned(work)

    def tick(self) -> Ticked:
        """Let time pass; returns what came of that."""
        ticked = self._pipeline.tick(self._clock())
        for raised in ticked.raised:
            self._sinks.emit(raised)
        return ticked

    def cool(self) -> bool:
        """Pack a portion of what is silent; whether more waits."""
        return self._pipeline.cool(self._clock())

    def _make_sure_of_room(self, body_bytes: int) -> None:
        if self._forwarder is not None and not self._forwarder.has_room(body_bytes):
            raise Busy(self._retry_after_s)

    def _feeding(self, work: _Work) -> Iterator[None]:
        """Score it, giving way now and then."""
        try:
            if work.signal is Signal.traces:
                yield from self._pipeline.feeding_traces(work.body, self._clock, work.scored)
            elif work.signal is Signal.logs:
                yield from self._pipeline.feeding_logs(work.body, self._clock, work.scored)
        except Undecodable:
            raise
        except Exception:  # noqa: BLE001 - the spans come first: a fault of ours in scoring must not lose them
            self._telemetry.failed("pipeline", work.signal.value)
            _log.exception("scoring a request of %d bytes failed; it is taken unscored", len(work.body))

    def _goes_on(self, feeding: Iterator[None], work: _Work) -> bool:
        """Score one slice of *work* and tell what came of it: time may pass, and change the same, before the next."""
        goes_on = next(feeding, _END) is not _END
        scored = work.scored
        for raised in scored.raised:
            self._sinks.emit(raised)
        if self._on_changes is not None and (scored.changes or (work.telling and not goes_on)):
            work.telling.append(self._on_changes(scored.changes, goes_on))
        scored.raised, scored.changes = [], []
        return goes_on

    async def _in_turns(self, feeding: Iterator[None], work: _Work) -> Receipt:
        """Score the rest with the others between: probes, and smaller requests. Of large ones one goes on at a time."""
        try:
            async with self._large:
                while self._goes_on(feeding, work):
                    await asyncio.sleep(0)
            self._make_sure_of_room(len(work.body))
        except BaseException:  # its sender went away, or has to come again
            work.untell()
            raise
        owned = self._owned(work)
        return owned if isinstance(owned, Receipt) else await owned

    def _owned(self, work: _Work) -> Receipt | Awaitable[Receipt]:
        forwarding = self._forward(self._forwarder, work) if self._forwarder is not None else None
        if forwarding is None:
            self._telemetry.taken(work.signal.value, len(work.body))
        if work.telling:
            return _after(work.telling, forwarding)
        return forwarding if forwarding is not None else Receipt()

    def _forward(self, forwarder: OtlpForwarder, work: _Work) -> Awaitable[Receipt]:
        is_stamped = work.signal is Signal.traces
        sending = forwarder.send(work.signal, write(work.body, work.scored.verdicts) if is_stamped else work.body)
        sending.add_done_callback(partial(_take_back, work))
        return self._answer(work.signal, len(work.body), sending)

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


async def _after(telling: Sequence[asyncio.Future[None]], receipt: Awaitable[Receipt] | None = None) -> Receipt:
    """The receipt, once what the request changed is told, which goes on when the client goes away."""
    try:
        return await receipt if receipt is not None else Receipt()
    finally:
        await asyncio.shield(asyncio.gather(*telling))


def _take_back(work: _Work, sending: asyncio.Task[Answer]) -> None:
    if sending.cancelled() or not isinstance(sending.result(), Delivered):
        work.untell()
