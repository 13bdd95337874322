"""The table of open incidents, with the name that each one's alert has everywhere, and its runbook."""

from __future__ import annotations

from grafana_foundation_sdk.builders import table

from dashboards.panels import board_url
from dashboards.queries import incidents
from dashboards.tables import Column, listing

ALERTS = (
    (".*", "AgentFinding"),
    ("loop/.*", "AgentLoop"),
    ("progress/.*", "AgentNoProgress"),
    ("context/.*", "AgentContextNearlyFull"),
    ("context/info/.*", "AgentContextFilling"),
    ("budget/.*", "AgentBudgetHigh"),
    ("budget/critical/.*", "AgentLimitExceeded"),
    ("stream/.*", "AgentStreamStalled"),
    ("stream/[^/]*/ttft", "AgentFirstTokenSlow"),
    ("outliers/.*", "AgentStepsUnusual"),
    ("lifecycle/.*", "AgentWorkerLost"),
    ("jobs/.*", "AgentJobStuck"),
)
"""Alerts by detector/severity/pattern; the last one that matches holds. A test compares them with the service's own."""
SEVERITIES = {3: "critical", 2: "warning", 1: "info"}


def incident_table(title: str, *matchers: str, width: int = 24) -> table.Panel:
    """What is open now among the incidents that *matchers* keep."""
    description = (
        "Every open incident once, as it was paged or ticketed: one agent's problem, however many sessions share it. "
        "An alert leads to its runbook, an agent to its loops and its context. "
        "`loopwatch sessions --finding` lists the sessions inside."
    )
    agent = "var-agent=${__value.raw:percentencode}&var-datasource=${datasource}"
    links = {
        "alert": [("Runbook", "${runbooks}/${__value.raw}.md")],
        "agent": [
            ("Loops and progress of this agent", board_url("loopwatch-loops", agent)),
            ("Context and tokens of this agent", board_url("loopwatch-context", agent)),
        ],
    }
    return listing(
        (title, description),
        ("alert", "agent", "pattern", "service", "environment"),
        Column("Severity", _named(_ranked(*matchers)), values=SEVERITIES),
        links=links,
        hidden=("severity", "key", "detector"),
        sort_by="Severity",
        no_value="no open incident",
        width=width,
    )


def _ranked(*matchers: str) -> str:
    """Open incidents by the rank of their severity: no order of the words has the worst first."""
    ranks = ((rank, incidents(*matchers, f'severity="{name}"')) for rank, name in SEVERITIES.items())
    return " or ".join(f"{rank} * ({open_ones} == 1)" for rank, open_ones in ranks)


def _named(expression: str) -> str:
    named = f'label_join({expression}, "key", "/", "detector", "severity", "pattern")'
    for pattern, alert in ALERTS:
        named = f'label_replace({named}, "alert", "{alert}", "key", "{pattern}")'
    return named
