"""A session as plain data."""

from __future__ import annotations

from typing import Any

from loopwatch_processor.finding import RaisedFinding, finding_as_dict
from loopwatch_processor.session import Session


def as_dict(session: Session) -> dict[str, Any]:
    """One session as the JSON object that `replay --format json` prints."""
    totals = session.totals
    return {
        "session": session.key,
        "agent": session.agent or None,
        "runs": len(session.runs),
        "steps": totals.steps,
        "tool_calls": totals.tool_calls,
        "input_tokens": totals.input_tokens,
        "output_tokens": totals.output_tokens,
        "cost_usd": cost_usd(session),
        "stop_reason": session.stop_reason,
        "errors": failed_calls(session),
        "findings": [finding_as_dict(raised) for raised in findings(session)],
    }


def cost_usd(session: Session) -> float | None:
    """Dollars to a millionth; None where no call of the session could be priced."""
    totals = session.totals
    if totals.unpriced_calls and not totals.cost_usd:
        return None
    return round(totals.cost_usd, 6)


def failed_calls(session: Session) -> dict[str, int]:
    """How many calls failed, by kind and class such as "tool_call/timeout", the most frequent first."""
    errors = session.totals.errors or {}
    return {what: errors[what] for what in sorted(errors, key=lambda what: (-errors[what], what))}


def findings(session: Session) -> list[RaisedFinding]:
    """The session's findings in the order of their steps, the worst first within one step."""
    return sorted(session.findings.values(), key=lambda raised: (raised.step, -raised.finding.severity))
