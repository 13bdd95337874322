"""Takes what the receivers hand over: scores it, tells the sinks, and forwards it where loopwatch stands in-line."""

from __future__ import annotations

import logging
from collections.abc import Callable

from loopwatch_processor.errors import Busy, Undecodable
from loopwatch_processor.pipeline import Pipeline, Scored
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.sinks.base import Sinks
from loopwatch_processor.sinks.otlp import OtlpForwarder
from loopwatch_processor.telemetry import Telemetry
from loopwatch_processor.verdict import write

_log = logging.getLogger(__name__)


class Scorer:
    """The `Intake` of the service. Without a *forwarder* (tee) a request is owned once it is scored."""

    def __init__(
        self,
        pipeline: Pipeline,
        sinks: Sinks,
        telemetry: Telemetry,
        clock: Callable[[], float],
        forwarder: OtlpForwarder | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._sinks = sinks
        self._telemetry = telemetry
        self._clock = clock
        self._forwarder = forwarder

    def accept(self, signal: Signal, body: bytes) -> Receipt:
        """Score *body* and own it.

        Raises:
            Undecodable: it is not the request it claims to be.
            Busy: in-line, the forward queue is full; nothing was taken.
        """
        if self._forwarder is not None and not self._forwarder.has_room(len(body)):
            self._telemetry.requested(signal.value, "busy")
            raise Busy(self._forwarder.drain_s())
        try:
            scored = self._score(signal, body)
        except Undecodable:
            self._telemetry.requested(signal.value, "undecodable")
            raise
        if self._forwarder is not None:
            self._forwarder.offer(signal, write(body, scored.verdicts) if signal is Signal.traces else body)
        for raised in scored.raised:
            self._sinks.emit(raised)
        self._telemetry.requested(signal.value, "ok", len(body))
        return Receipt()

    def tick(self) -> None:
        """Let time pass."""
        self._pipeline.tick(self._clock())

    def _score(self, signal: Signal, body: bytes) -> Scored:
        try:
            if signal is Signal.traces:
                return self._pipeline.feed_traces(body, self._clock())
            if signal is Signal.logs:
                return self._pipeline.feed_logs(body, self._clock())
        except Undecodable:
            raise
        except Exception:  # the spans come first: a fault of ours in scoring must not lose them
            self._telemetry.failed("pipeline", signal.value)
            _log.exception("scoring a request of %d bytes failed; it is forwarded unscored", len(body))
        return Scored()
