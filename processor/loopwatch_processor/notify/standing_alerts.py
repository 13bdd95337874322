"""Open incidents as alerts of Alertmanager, and those that ended for as long as a replica may not know it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from loopwatch_processor.alerts import alert_name
from loopwatch_processor.config.incidents import Links
from loopwatch_processor.incident import Snapshot
from loopwatch_processor.notify.links import dashboard_url, runbook_url, session_url, trace_url
from loopwatch_processor.notify.page import what_was_found
from loopwatch_processor.notify.text import printable
from loopwatch_processor.telemetry.labels import as_served

LASTS = 5
"""An alert holds for so many repetitions: neither a restart of loopwatch nor a lost post ends it."""
SETTLES = 2
"""Its end is told so many repetitions later: Prometheus, which hears of it by a scrape and an evaluation, would else
take up again what was just resolved, and page for it anew. Two are two minutes, if nobody changed that."""
SESSIONS_SHOWN = 20
DESCRIPTION_CHARACTERS = 4_000

Labels = tuple[tuple[str, str], ...]
"""What makes two alerts one, for Alertmanager; in the order of their names."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as Alertmanager knows it; times are Unix time."""

    labels: Labels
    annotations: Labels
    starts_s: float
    ends_s: float

    def as_json(self) -> dict[str, Any]:
        """A postable alert of its API v2."""
        return {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "startsAt": _iso(self.starts_s),
            "endsAt": _iso(self.ends_s),
        }


class StandingAlerts:
    """What is to be told of the incidents that *open* gives, each time it is read."""

    def __init__(self, open: Callable[[], Iterable[Snapshot]], links: Links, repeat_s: float) -> None:  # noqa: A002
        self._open = open
        self._links = links
        self._repeat_s = repeat_s
        self._firing: dict[Labels, Alert] = {}
        self._ended: dict[Labels, Alert] = {}

    def read(self, now: float) -> tuple[list[Alert], list[Alert]]:
        """The alerts that fire *now*, and those whose end is to be told."""
        lasts_s = LASTS * self._repeat_s
        firing = {
            labels: Alert(labels, _annotations(incident, self._links), min(incident.opened_s, now), now + lasts_s)
            for incident in self._open()
            if not incident.muted
            for labels in [_labels(incident)]
        }
        for labels, alert in self._firing.items():
            if labels not in firing:
                ends_s = now + SETTLES * self._repeat_s
                self._ended[labels] = Alert(labels, alert.annotations, alert.starts_s, ends_s)
        self._firing = firing
        self._ended = {
            labels: alert
            for labels, alert in self._ended.items()
            if labels not in firing and now < alert.ends_s + lasts_s
        }
        return list(firing.values()), [alert for alert in self._ended.values() if alert.ends_s <= now]


def _labels(incident: Snapshot) -> Labels:
    """Those of the Prometheus rule, made from the gauge's; an empty one is none."""
    who, lead = incident.identity, incident.lead
    found = {
        "agent": as_served(who.agent),
        "alertname": alert_name(lead.detector, lead.pattern, incident.severity),
        "detector": as_served(who.detector),
        "environment": as_served(who.environment),
        "service": as_served(who.service),
        "severity": incident.severity.label,
    }
    return tuple((name, value) for name, value in found.items() if value)


def _annotations(incident: Snapshot, links: Links) -> Labels:
    found = (
        ("summary", what_was_found(incident)),
        ("description", _description(incident)),
        ("runbook_url", runbook_url(links, incident)),
        ("dashboard_url", dashboard_url(links, incident)),
        ("trace_url", trace_url(links, incident)),
        ("session_url", session_url(links, incident)),
    )
    return tuple((name, value) for name, value in found if value)


def _description(incident: Snapshot) -> str:
    lead, sessions = incident.lead, incident.sessions[:SESSIONS_SHOWN]
    more = incident.sessions_total - len(sessions)
    inside = ", ".join(sessions) + (f" and {more} more" if more > 0 else "")
    also = ", ".join(dict.fromkeys(f"{told.detector}/{told.pattern}" for told in incident.attached))
    said = [lead.summary, f"Stop reason {lead.stop_reason}, first found at step {lead.since}.", f"Sessions: {inside}."]
    if also:
        said.append(f"Also found: {also}.")
    if incident.wasted_usd and incident.wasted_usd >= 0.01:
        said.append(f"Wasted: {incident.wasted_usd:.2f} USD.")
    return printable(" ".join(said), DESCRIPTION_CHARACTERS)


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
