"""A session as plain data and as lines of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from loopwatch_processor.finding import RaisedFinding, Severity, finding_as_dict
from loopwatch_processor.session import Session

_STYLES = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_CELL_CHARS = 14
"""Of a session key or agent name; JSON has the whole."""


def as_dict(session: Session) -> dict[str, Any]:
    """One session as the JSON object that `replay --format json` prints."""
    totals = session.totals
    return {
        "session": session.key,
        "agent": session.agent or None,
        "runs": len(session.runs),
        "steps": totals.steps,
        "tool_calls": totals.tool_calls,
        "input_tokens": totals.usage.input_tokens,
        "output_tokens": totals.usage.output_tokens,
        "cost_usd": cost_usd(session),
        "stop_reason": session.stop_reason,
        "findings": [finding_as_dict(raised) for raised in findings(session)],
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


def lines(sessions: Iterable[Session]) -> Iterator[RenderableType]:
    """The sessions, a line each, with what was found and at which step below it."""
    yield Text(_line(*_TITLES), "bold", no_wrap=True, overflow="ignore")
    for session in sessions:
        yield Text(_line(*_cells(session)), no_wrap=True, overflow="ignore")
        for raised in findings(session):
            yield _found(raised)


_TITLES = ("session", "agent", "runs", "steps", "tools", "tokens", "cost", "ended")


def _line(session: str, agent: str, *rest: str) -> str:
    runs, steps, tools, tokens, cost, ended = rest
    return (
        f"{_cut(session):14} {_cut(agent):14} {runs:>4} {steps:>5} {tools:>5} {tokens:>9} {cost:>8}  {ended}".rstrip()
    )


def _cut(text: str) -> str:
    """One line that fits its column; agents choose the text, so it is shown without what a terminal would obey."""
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= _CELL_CHARS else shown[: _CELL_CHARS - 1] + "…"


def _cells(session: Session) -> list[str]:
    totals, cost = session.totals, cost_usd(session)
    return [
        session.key,
        session.agent or session.service,
        str(len(session.runs)),
        str(totals.steps),
        str(totals.tool_calls),
        f"{totals.usage.total_tokens:,}",
        "?" if cost is None else f"${cost:,.4f}" + ("+" if totals.unpriced_calls else ""),
        session.stop_reason or "open",
    ]


def _found(raised: RaisedFinding) -> RenderableType:
    finding = raised.finding
    shown = "".join(char if char.isprintable() else "?" for char in finding.summary)
    label = f"{finding.severity.label} {finding.detector}/{finding.pattern} at step {raised.step}: "
    return Padding(Text.assemble((label, _STYLES[finding.severity]), shown), (0, 0, 0, 2))
