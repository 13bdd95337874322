"""Where pages and alerts lead: runbook, dashboard, trace, session."""

from __future__ import annotations

from urllib.parse import quote

from loopwatch_processor.alerts import alert_name
from loopwatch_processor.config.incidents import Links
from loopwatch_processor.incident import Snapshot

_DASHBOARDS = {
    "loop": "loopwatch-loops",
    "progress": "loopwatch-loops",
    "context": "loopwatch-context",
    "stream": "loopwatch-streams",
    "budget": "loopwatch-money",
    "outliers": "loopwatch-loops",
    "lifecycle": "loopwatch-jobs",
    "jobs": "loopwatch-jobs",
}
_DASHBOARD = "loopwatch-fleet"


def dashboard_uid(detector: str) -> str:
    """The dashboard that shows what *detector* finds."""
    return _DASHBOARDS.get(detector, _DASHBOARD)


def runbook_url(links: Links, incident: Snapshot) -> str | None:
    """The runbook of the incident's alert."""
    lead = incident.lead
    return _filled(links.runbook_url, alert=alert_name(lead.detector, lead.pattern, incident.severity))


def storm_runbook_url(links: Links) -> str | None:
    """What to do where many agents fail at once."""
    index = _filled(links.runbook_url, alert="README")
    return f"{index}#a-storm" if index else None


def dashboard_url(links: Links, incident: Snapshot) -> str | None:
    """The dashboard of the incident's agent."""
    who = incident.identity
    return _filled(
        links.dashboard_url,
        uid=dashboard_uid(incident.lead.detector),
        agent=who.agent,
        environment=who.environment,
        service=who.service,
    )


def trace_url(links: Links, incident: Snapshot) -> str | None:
    """The trace of the finding that names the incident; None where it has none."""
    lead = incident.lead
    # A step that was read from messages has the id of their span and a number behind it.
    span_id = lead.span_id.partition("/")[0]
    return _filled(links.trace_url, trace_id=lead.trace_id, span_id=span_id) if lead.trace_id else None


def session_url(links: Links, incident: Snapshot) -> str | None:
    """The story of the session that the incident began with."""
    return _filled(links.session_url, session=incident.lead.session_key)


_VALUE_CHARACTERS = 500
"""Senders choose names, and choose long ones; a URL has to stay one."""


def _filled(template: str | None, **values: str) -> str | None:
    """*template* with each {name} replaced; what agents chose can neither leave its place in the URL nor be code."""
    if template is None:
        return None
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", quote(value[:_VALUE_CHARACTERS].encode("utf-8", "replace"), safe=""))
    return template
