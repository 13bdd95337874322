"""Whether each scripted failure was found, and the healthy agents left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loopwatch_processor.demo.agents import SCRIPTS, Script
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.session import Session


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one script."""

    script: Script
    found: str
    """The worst finding of the detector that counts, or of any for a healthy agent; "" where there is none."""
    is_right: bool


def outcomes(sessions: Mapping[str, Session]) -> list[Outcome]:
    """The outcome of every script so far."""
    return [_outcome(script, sessions.get(script.name)) for script in SCRIPTS]


def _outcome(script: Script, session: Session | None) -> Outcome:
    raised = [item.finding for item in session.findings.values()] if session is not None else []
    told = [item for item in raised if item.severity >= Severity.WARNING]
    if not script.detector:
        worst = max(told, key=lambda item: item.severity, default=None)
        return Outcome(script, _named(worst), session is not None and worst is None)
    match = max((item for item in told if _is_meant(item, script)), key=lambda item: item.severity, default=None)
    return Outcome(script, _named(match), match is not None)


def _is_meant(finding: Finding, script: Script) -> bool:
    return finding.detector == script.detector and (not script.patterns or finding.pattern in script.patterns)


def _named(finding: Finding | None) -> str:
    return f"{finding.severity.label} {finding.detector}/{finding.pattern}" if finding is not None else ""
