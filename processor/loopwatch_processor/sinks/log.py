"""Findings as structured log lines, where the same finding of one agent is not told again and again."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TextIO

import structlog

from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.sinks.base import event_as_dict
from loopwatch_processor.telemetry.lines import in_order

_REMEMBERED = 1_000
_LEVELS = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}
_Key = tuple[str, ...]


class LogSink:
    """One JSON line a finding on *file*, of findings at least as severe as *min_severity*.

    Further findings of the same detector, pattern and severity for the same agent are left out for *repeat_after_s*
    seconds; the next line says in `suppressed` how many. *clock* gives seconds that only grow, *now_ns* Unix time.
    """

    name = "log"

    def __init__(
        self,
        min_severity: Severity = Severity.INFO,
        repeat_after_s: float = 60.0,
        file: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._min_severity = min_severity
        self._repeat_after_s = repeat_after_s
        self._clock = clock
        self._now_ns = now_ns
        self._told: OrderedDict[_Key, tuple[float, int]] = OrderedDict()
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(file or sys.stderr),
            processors=[structlog.processors.add_log_level, in_order, structlog.processors.JSONRenderer()],
            wrapper_class=structlog.BoundLogger,
        )

    def emit(self, raised: RaisedFinding) -> None:
        """Log *raised*, unless the like was logged just now."""
        if raised.finding.severity < self._min_severity:
            return
        suppressed = self._admit(raised)
        if suppressed is None:
            return
        event = event_as_dict(raised, self._now_ns())
        if suppressed:
            event["suppressed"] = suppressed
        getattr(self._logger, _LEVELS[raised.finding.severity])(event.pop("summary"), **event)

    def _admit(self, raised: RaisedFinding) -> int | None:
        """How many were left out before this one; None where this one is left out as well."""
        finding = raised.finding
        key = (
            raised.environment,
            raised.service,
            raised.agent,
            finding.detector,
            finding.pattern,
            finding.severity.label,
        )
        told_s, suppressed = self._told.get(key, (float("-inf"), 0))
        now_s = self._clock()
        if now_s - told_s < self._repeat_after_s:
            self._told[key] = (told_s, suppressed + 1)
            return None
        self._told[key] = (now_s, 0)
        self._told.move_to_end(key)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return suppressed
