"""What a person is told of an incident, whichever way it reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopwatch_processor.config.incidents import Links
from loopwatch_processor.incident import Snapshot, Told
from loopwatch_processor.notify.links import dashboard_url, runbook_url, session_url, trace_url
from loopwatch_processor.notify.text import printable

NAME_CHARACTERS = 200
"""Of an agent, a service, a session: senders choose names, and choose long ones."""
TEXT_CHARACTERS = 1024
"""Of any other text."""


def headline(incident: Snapshot) -> str:
    """The line that wakes somebody: where, who, what, and the sentence of the finding."""
    who = incident.identity
    agent = _name(who.agent or incident.known_as) or "an unnamed agent"
    service = f" ({_name(who.service)})" if who.service else ""
    return f"[{_name(who.environment) or '-'}] {agent}{service}: {what_was_found(incident)}"


def what_was_found(incident: Snapshot) -> str:
    """The same for a place that says where and who by itself, as the labels of an alert do."""
    lead = incident.lead
    sessions = f" in {incident.sessions_total} sessions" if incident.sessions_total > 1 else ""
    return f"{lead.detector}/{lead.pattern}{sessions} — {printable(lead.summary, TEXT_CHARACTERS)}"


def details(incident: Snapshot, links: Links) -> dict[str, Any]:
    """Reason, evidence, the sessions inside and how to stop it; the most important first, empty entries left out."""
    lead = incident.lead
    found = {
        "reason": lead.stop_reason,
        "severity": incident.severity.label,
        "how_to_stop": how_to_stop(runbook_url(links, incident)),
        "evidence": _evidence(lead),
        "sessions_total": incident.sessions_total,
        "sessions_open": incident.sessions_open,
        "sessions": [_name(session) for session in incident.sessions],
        "wasted_usd": None if incident.wasted_usd is None else round(incident.wasted_usd, 4),
        "wasted_tokens": incident.wasted_tokens,
        "session": _name(lead.session_key),
        "run": _name(lead.run_key),
        "trace_id": lead.trace_id,
        "span_id": lead.span_id,
        "also_found": [_also(told) for told in incident.attached],
        "opened_again": incident.reopened or None,
        "incident_id": incident.id,
    }
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def how_to_stop(runbook: str | None) -> str:
    """The first thing to do, for somebody who has never seen this agent."""
    where = f"Mitigation in {runbook}" if runbook else "Mitigation in the alert's runbook"
    return f"Cancel the run or stop its worker; not your agent: revoke its API key or scale it to zero. {where}."


def labelled_links(incident: Snapshot, links: Links) -> list[tuple[str, str]]:
    """What each link is, and where it leads; those that are configured and have something to lead to."""
    found = (
        ("Runbook", runbook_url(links, incident)),
        ("Trace", trace_url(links, incident)),
        ("Session", session_url(links, incident)),
        ("Dashboard", dashboard_url(links, incident)),
    )
    return [(name, url) for name, url in found if url]


def _evidence(lead: Told) -> dict[str, Any]:
    found: dict[str, Any] = {
        **_values(lead.values),
        "threshold": lead.threshold,
        "score": round(lead.score, 3),
        "step": lead.step,
        "first_found_at_step": lead.since,
        "span_ids": list(lead.span_ids),
    }
    return {name: value for name, value in found.items() if value is not None and value != []}


def _values(values: Mapping[str, float | int | str]) -> dict[str, Any]:
    return {
        printable(name, NAME_CHARACTERS): printable(value, TEXT_CHARACTERS)
        if isinstance(value, str)
        else round(value, 6)
        if isinstance(value, float)
        else value
        for name, value in values.items()
    }


def _also(told: Told) -> str:
    text = f"{told.severity.label} {told.detector}/{told.pattern} in {_name(told.session_key)}: "
    return text + printable(told.summary, TEXT_CHARACTERS)


def _name(text: str) -> str:
    return printable(text, NAME_CHARACTERS)
