"""Sessions as lines of a table, each with what was found in it and at which step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from loopwatch_processor.cli.columns import Column, rows, width_of, wrapped
from loopwatch_processor.cli.counted import counted
from loopwatch_processor.cli.harmless import harmless
from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.report import cost_usd, failed_calls, findings
from loopwatch_processor.session import Session

_STYLES = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def lines(console: Console, sessions: Sequence[Session]) -> Iterator[Text]:
    """The sessions, a line each, with their findings below."""
    titles, *told = rows(_columns(sessions), width_of(console))
    yield titles
    for line, session in zip(told, sessions, strict=True):
        yield line
        if failed_calls(session):
            yield from wrapped(console, _failed(session), "  ")
        for raised in findings(session):
            yield from wrapped(console, _found(raised, session), "  ")


def _columns(sessions: Sequence[Session]) -> list[Column]:
    totals = [session.totals for session in sessions]
    return [
        Column("session", [session.key for session in sessions], gives_way=True, keeps_end=True),
        Column("agent", [session.agent or session.service for session in sessions], gives_way=True, dispensable=1),
        Column("runs", [str(len(session.runs)) for session in sessions], is_number=True, dispensable=6),
        Column("steps", [str(total.steps) for total in totals], is_number=True, dispensable=3),
        Column("tools", [str(total.tool_calls) for total in totals], is_number=True, dispensable=5),
        Column("tokens", [f"{total.total_tokens:,}" for total in totals], is_number=True, dispensable=4),
        Column("cost", [_cost(session) for session in sessions], is_number=True, dispensable=2),
        Column("ended", [session.stop_reason or "open" for session in sessions]),
    ]


def _cost(session: Session) -> str:
    cost = cost_usd(session)
    return "?" if cost is None else f"${cost:,.4f}" + ("+" if session.totals.unpriced_calls else "")


def _failed(session: Session) -> Text:
    told = []
    for what, count in failed_calls(session).items():
        kind, _, error_class = what.partition("/")
        told.append(f"{counted(count, kind.replace('_', ' '))} ({error_class})")
    return Text(harmless(f"failed: {', '.join(told)}"), "dim")


def _found(raised: RaisedFinding, session: Session) -> Text:
    finding = raised.finding
    agent = f" of {harmless(raised.agent)}" if raised.agent not in ("", session.agent) else ""
    since = f" (first raised at step {raised.since})" if 0 < raised.since < raised.step else ""
    label = f"{finding.severity.label} {finding.detector}/{finding.pattern}{agent} at step {raised.step}{since}: "
    return Text.assemble((label, _STYLES[finding.severity]), harmless(finding.summary))
