"""Workers that died and agents that wait for nothing. See docs/detectors/lifecycle.md."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from loopwatch.attributes import StopReason
from loopwatch_processor.detectors.base import OpenPlace
from loopwatch_processor.detectors.lifecycle_settings import LifecycleSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.open_span import OpenSpan
from loopwatch_processor.step import Step, StepKind

NAME: Final = "lifecycle"
WORKER_LOST, IDLE = "worker_lost", "idle"
_NAMED = 3


class LifecycleDetector:
    """Judges silence, so it says nothing while nobody listened; see `OpenSpans`."""

    name = NAME

    def __init__(self, settings: LifecycleSettings) -> None:
        self._settings = settings

    def watch(self, span: OpenSpan, place: OpenPlace) -> Iterator[Finding]:
        """Look at *span* if it is an agent's run."""
        limit_s = self._settings.idle_s
        if span.said.kind is StepKind.AGENT_TURN and limit_s is not None and place.idle_s >= limit_s:
            yield self._idle(span, place.idle_s, limit_s)

    def budget_s(self, spans: Sequence[OpenSpan]) -> float:
        """The silence from which a process with *spans* is lost."""
        return self._settings.missed_beats * max(span.said.interval_s or self._settings.heartbeat_s for span in spans)

    def patience_s(self, spans: Sequence[OpenSpan], silence_s: float) -> float:
        """The next longer silence than *silence_s* from which there is something to say of *spans*."""
        limits = (self.budget_s(spans), self._settings.worker_sla_s or math.inf)
        return min((limit for limit in limits if limit > silence_s), default=math.inf)

    def lost(self, spans: Sequence[OpenSpan], silence_s: float) -> Finding | None:
        """What is to be said of *spans* of one agent in one session, whose process was silent for *silence_s*."""
        budget_s, sla_s = self.budget_s(spans), self._settings.worker_sla_s
        is_critical = sla_s is not None and silence_s >= sla_s
        if not is_critical and silence_s < budget_s:
            return None
        limit_s = sla_s if is_critical and sla_s is not None else budget_s
        process = spans[0].said.process_name or spans[0].said.process or "unknown"
        return Finding(
            detector=self.name,
            pattern=WORKER_LOST,
            severity=Severity.CRITICAL if is_critical else Severity.WARNING,
            score=min(1.0, silence_s / (2 * limit_s)),
            stop_reason=StopReason.WORKER_LOST.value,
            summary=f"Worker {process} is silent for {silence_s:.0f} s with {_open(spans)} (limit {limit_s:g} s).",
            span_ids=tuple(span.said.span_id for span in spans[:_NAMED]),
            values={"process": process, "silent_s": silence_s, "open_spans": len(spans)},
            threshold=limit_s,
            lasts=True,
        )

    def over(self, finding: Finding, span: OpenSpan, step: Step | None) -> str:
        """How it ended."""
        if finding.pattern == IDLE:
            what = f"{_agent(span)} was idle for {finding.values.get('idle_s', 0.0):.0f} s"
            return f"{what}; {'its run has ended' if step is not None or span.is_over else 'it goes on'}."
        worker = finding.values.get("process") or "unknown"
        what = f"Worker {worker} was silent for at least {finding.values.get('silent_s', 0.0):.0f} s"
        return (
            f"{what}; its span has ended since." if step is not None or span.is_over else f"{what}; it is heard again."
        )

    def _idle(self, span: OpenSpan, idle_s: float, limit_s: float) -> Finding:
        return Finding(
            detector=self.name,
            pattern=IDLE,
            severity=Severity[self._settings.idle_severity.upper()],
            score=min(1.0, idle_s / (2 * limit_s)),
            stop_reason=StopReason.UNKNOWN.value,
            summary=f"{_agent(span)} is open and did nothing for {idle_s:.0f} s, though its process lives "
            f"(limit {limit_s:g} s).",
            span_ids=(span.said.span_id,),
            values={"idle_s": idle_s, "open_s": span.age_s},
            threshold=limit_s,
            lasts=True,
        )


def _agent(span: OpenSpan) -> str:
    return f"The run of agent {span.said.agent}" if span.said.agent else "An agent's run"


def _open(spans: Sequence[OpenSpan]) -> str:
    """How many are open, and a few of them by name."""
    names = dict.fromkeys(span.said.model or span.said.tool or span.said.agent for span in spans)
    shown = ", ".join(name for name in list(names)[:_NAMED] if name)
    return f"{len(spans)} open span{'s' if len(spans) != 1 else ''}" + (f": {shown}" if shown else "")
