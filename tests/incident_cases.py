"""Findings for tests of incidents, and what a pager makes of the changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loopwatch_processor.finding import Finding, RaisedFinding, Severity
from loopwatch_processor.incident import Change, ChangeKind
from loopwatch_processor.incidents import Incidents

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
_PLACE = frozenset(
    {"agent", "service", "environment", "run_key", "at_ns", "span_id", "trace_id", "pace_s", "across_runs", "step"}
)


def raised(session: str, detector: str = "loop", severity: Severity = CRITICAL, **more: Any) -> RaisedFinding:
    """A finding of *session*; fields of `Finding` and `RaisedFinding` may be mixed."""
    place = {name: more.pop(name) for name in list(more) if name in _PLACE}
    said = {"pattern": "exact", "score": 1.0, "stop_reason": "loop_detected", "summary": f"{detector} {severity.label}"}
    where = {"run_key": "run", "agent": "researcher", "service": "svc", "environment": "production"}
    span = {"trace_id": "trace", "span_id": f"{session}-span", "step": 1, "at_ns": 1}
    finding = Finding(detector=detector, severity=severity, **{**said, **more})
    return RaisedFinding(finding=finding, session_key=session, **{**where, **span, **place})


def pages(changes: Iterable[Change]) -> int:
    """Incidents that PagerDuty makes of *changes* where only critical ones are sent.

    A trigger with the key of an open incident is that incident; a resolve closes it.
    """
    triggered, count = set(), 0
    for change in changes:
        key = change.incident.identity.dedup_key
        if change.kind is ChangeKind.RESOLVED:
            triggered.discard(key)
        elif change.incident.severity is CRITICAL and key not in triggered:
            triggered.add(key)
            count += 1
    return count


def kinds(changes: Iterable[Change | None]) -> list[str]:
    """What happened, in order."""
    return [change.kind.value for change in changes if change is not None]


def found(incidents: Incidents, *findings: RaisedFinding, now: float = 0.0) -> list[Change]:
    """The changes that *findings* make, a second apart."""
    changes = [incidents.find(item, now + second) for second, item in enumerate(findings)]
    return [change for change in changes if change is not None]
