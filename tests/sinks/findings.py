"""A finding to give to sinks."""

from __future__ import annotations

from typing import Any

from loopwatch_processor.finding import Finding, RaisedFinding, Severity


def raised(severity: Severity = Severity.WARNING, **fields: Any) -> RaisedFinding:
    """A loop of the agent refunds; fields of `Finding` and `RaisedFinding` may be mixed."""
    names = Finding.__dataclass_fields__
    finding: dict[str, Any] = {
        "detector": "loop",
        "pattern": "exact",
        "score": 0.87654,
        "stop_reason": "loop_detected",
        "summary": "Called search 5 times with the same arguments.",
        "span_ids": ("cd" * 8,),
        "values": {"repeats": 5},
        **{name: fields.pop(name) for name in list(fields) if name in names},
    }
    where: dict[str, Any] = {
        "session_key": "conversation",
        "run_key": "run",
        "agent": "refunds",
        "service": "billing",
        "environment": "prod",
        "trace_id": "ab" * 16,
        "span_id": "cd" * 8,
        "step": 7,
        "at_ns": 1_780_272_000_123_456_789,
        **fields,
    }
    return RaisedFinding(Finding(severity=severity, **finding), **where)
