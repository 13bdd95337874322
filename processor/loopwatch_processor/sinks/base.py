"""What every sink is, and how findings reach all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Protocol

from loopwatch_processor.finding import RaisedFinding, finding_as_dict
from loopwatch_processor.telemetry import Telemetry, table
from loopwatch_processor.telemetry.lines import iso

_log = logging.getLogger(__name__)


class Sink(Protocol):
    """A place where findings go."""

    @property
    def name(self) -> str:
        """The name in configuration and metrics."""

    def emit(self, raised: RaisedFinding) -> None:
        """Take one finding; it must not block. Whatever this raises is counted by `Sinks`."""


class Sinks:
    """All sinks: one that fails neither stops the others nor the scoring."""

    def __init__(self, sinks: Iterable[Sink], telemetry: Telemetry) -> None:
        self._sinks = tuple(sinks)
        self._telemetry = telemetry
        self._failing: set[str] = set()
        telemetry.begin(table.SCORING_FAILURES, (("sink", sink.name) for sink in self._sinks))

    def emit(self, raised: RaisedFinding) -> None:
        """Hand *raised* to every sink; failures are counted, and logged when they begin."""
        for sink in self._sinks:
            try:
                sink.emit(raised)
            except Exception:  # noqa: BLE001 - see the class
                self._telemetry.failed("sink", sink.name)
                if sink.name not in self._failing:
                    _log.exception("the sink %s fails; further failures are counted only, until it works", sink.name)
                self._failing.add(sink.name)
            else:
                self._failing.discard(sink.name)


def event_as_dict(raised: RaisedFinding, now_ns: int) -> dict[str, Any]:
    """*raised* as one self-contained event that is told at *now_ns* (Unix time): when and where, then what.

    `time` is when it is told; `at` is the end of the step that raised it, by the clock of the span.
    """
    return {
        "time": iso(now_ns),
        "at": iso(raised.at_ns),
        "environment": raised.environment,
        "service": raised.service,
        "agent": raised.agent,
        "session": raised.session_key,
        "run": raised.run_key,
        "trace_id": raised.trace_id,
        "span_id": raised.span_id,
        **finding_as_dict(raised),
    }
