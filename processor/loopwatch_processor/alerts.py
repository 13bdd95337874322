"""The name that an incident's alert has everywhere: Prometheus rule, Alertmanager, page, runbook."""

from __future__ import annotations

from loopwatch_processor.finding import Severity

FALLBACK = "AgentFinding"
"""For a detector that has no alert of its own."""

_BY_DETECTOR = {
    "loop": "AgentLoop",
    "progress": "AgentNoProgress",
    "stream": "AgentStreamStalled",
    "lifecycle": "AgentWorkerLost",
    "outliers": "AgentStepsUnusual",
    "jobs": "AgentJobStuck",
}


def alert_name(detector: str, pattern: str, severity: Severity) -> str:
    """The alert of an incident that *detector* leads with a finding of *pattern* and *severity*."""
    if detector == "context":
        return "AgentContextFilling" if severity is Severity.INFO else "AgentContextNearlyFull"
    if detector == "budget":
        return "AgentLimitExceeded" if severity is Severity.CRITICAL else "AgentBudgetHigh"
    if detector == "stream" and pattern == "ttft":
        return "AgentFirstTokenSlow"
    return _BY_DETECTOR.get(detector, FALLBACK)
