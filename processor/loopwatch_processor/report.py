"""A session as plain data and as a row of a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.session import Session

_STYLES = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_KEY_CHARS = 24


def as_dict(session: Session) -> dict[str, Any]:
    """One session as the JSON object that `replay --format json` prints."""
    totals = session.totals
    return {
        "session": session.key,
        "agent": session.agent or None,
        "runs": len(session.runs) + session.forgotten_runs,
        "steps": totals.steps,
        "tool_calls": totals.tool_calls,
        "input_tokens": totals.usage.input_tokens,
        "output_tokens": totals.usage.output_tokens,
        "cost_usd": cost_usd(session),
        "stop_reason": session.stop_reason,
        "findings": [_finding(raised) for raised in findings(session)],
    }


def cost_usd(session: Session) -> float | None:
    """Dollars to a millionth; None where no call of the session could be priced."""
    totals = session.totals
    if totals.unpriced_calls and not totals.cost_usd:
        return None
    return round(totals.cost_usd, 6)


def findings(session: Session) -> list[RaisedFinding]:
    """The session's findings in the order of their steps, the worst first within one step."""
    return sorted(session.findings.values(), key=lambda raised: (raised.step, -raised.finding.severity))


def _finding(raised: RaisedFinding) -> dict[str, Any]:
    finding = raised.finding
    return {
        "detector": finding.detector,
        "pattern": finding.pattern,
        "severity": finding.severity.label,
        "score": round(finding.score, 3),
        "stop_reason": finding.stop_reason,
        "step": raised.step,
        "summary": finding.summary,
        "span_ids": list(finding.span_ids),
    }


def table(sessions: Iterable[Session]) -> Table:
    """The sessions, a row each, with what was found and at which step."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("session", "agent"):
        grid.add_column(name, overflow="ellipsis", no_wrap=True, max_width=_KEY_CHARS)
    for name in ("runs", "steps", "tools", "tokens", "cost"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("ended", no_wrap=True)
    grid.add_column("found", ratio=1)
    for session in sessions:
        grid.add_row(*_row(session))
    return grid


def _row(session: Session) -> list[str | Text]:
    totals, cost = session.totals, cost_usd(session)
    return [
        Text(session.key),
        Text(session.agent or session.service),
        str(len(session.runs) + session.forgotten_runs),
        str(totals.steps),
        str(totals.tool_calls),
        f"{totals.usage.total_tokens:,}",
        "?" if cost is None else f"${cost:,.4f}" + ("+" if totals.unpriced_calls else ""),
        session.stop_reason or "open",
        _found(session),
    ]


def _found(session: Session) -> Text:
    text = Text()
    for number, raised in enumerate(findings(session)):
        finding = raised.finding
        label = f"{finding.severity.label} {finding.detector}/{finding.pattern} at step {raised.step}: "
        # Agents choose the names that a summary repeats; Text, unlike markup, shows them as they are.
        text.append("\n" if number else "").append(label, _STYLES[finding.severity]).append(finding.summary)
    return text if text else Text("nothing", style="green")
