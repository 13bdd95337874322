"""`Finding`: what a detector says about a session, with the evidence for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum
from typing import Any

from loopwatch_processor.values import value


class Severity(IntEnum):
    """Critical wakes a person, warning is a ticket, info is context."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def label(self) -> str:
        """The lower-case word for labels and JSON."""
        return self.name.lower()


@value
class Finding:
    """One failure that one detector sees in one session."""

    detector: str
    pattern: str
    """The named sub-pattern, such as "rephrased" or "max_gap"."""
    severity: Severity
    score: float
    """How sure, in [0, 1]."""
    stop_reason: str
    """The stop reason to suggest, of `loopwatch.attributes.StopReason`."""
    summary: str
    """One sentence that an SRE understands; names tools, counts and similarity, never content."""
    span_ids: tuple[str, ...] = ()
    values: Mapping[str, float | int | str] = field(default_factory=dict)
    """What was measured, by name with its unit at the end."""
    threshold: float | None = None
    wasted_tokens: int | None = None
    wasted_usd: float | None = None
    stands: bool = False
    """It holds until its run ends, and is not given out again."""
    lasts: bool = False
    """It holds until somebody says that it is over (`Incidents.cleared`), and is not given out again."""


@value
class RaisedFinding:
    """A finding at the moment it was raised, with where and when."""

    finding: Finding
    session_key: str
    run_key: str
    agent: str
    service: str
    environment: str
    trace_id: str
    span_id: str
    step: int
    """Ordinal of the step in its session, from 1."""
    at_ns: int
    """End of the step that raised it, by the span's clock."""
    since: int = 0
    """Ordinal of the step that raised it first, where it has become more severe since; else that of `step`."""
    pace_s: float = 0.0
    """Median time between the newest calls that it tells of, by the spans' clock."""
    across_runs: bool = False
    """What it tells of began before its run did."""


def hold_of(raised: RaisedFinding) -> tuple[str, str, str, str]:
    """What tells a finding that lasts from every other, wherever it belongs."""
    return raised.trace_id, raised.span_id, raised.finding.detector, raised.finding.pattern


def finding_as_dict(raised: RaisedFinding) -> dict[str, Any]:
    """*raised* as plain data: what every place that prints findings as JSON shows of one."""
    finding = raised.finding
    return {
        "detector": finding.detector,
        "pattern": finding.pattern,
        "severity": finding.severity.label,
        "score": round(finding.score, 3),
        "stop_reason": finding.stop_reason,
        "step": raised.step,
        "since_step": raised.since or raised.step,
        "summary": finding.summary,
        "span_ids": list(finding.span_ids),
        "values": dict(finding.values),
        "threshold": finding.threshold,
        "wasted_tokens": finding.wasted_tokens,
        "wasted_usd": finding.wasted_usd,
    }
