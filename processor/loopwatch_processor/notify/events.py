"""Events of PagerDuty's Events API v2, within its limits; the routing key is put in when one is sent."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loopwatch_processor.config.incidents import Links
from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Snapshot
from loopwatch_processor.notify.links import storm_runbook_url
from loopwatch_processor.notify.message import Action
from loopwatch_processor.notify.page import NAME_CHARACTERS, details, headline, labelled_links
from loopwatch_processor.notify.storm_page import StormPage, storm_details, storm_headline, storm_key
from loopwatch_processor.notify.text import printable
from loopwatch_processor.telemetry.lines import iso

SUMMARY_CHARACTERS = 1024
EVENT_MAX_BYTES = 500_000
"""The API takes 512 KB; the rest is for the routing key and for who counts a KB as 1,000."""
CLIENT = "loopwatch"
_LISTED = 10
_SHED: tuple[Callable[[dict[str, Any]], object], ...] = (
    lambda found: found.pop("also_found", None),
    lambda found: found.update({name: found[name][:_LISTED] for name in ("sessions", "agents") if name in found}),
    lambda found: found.pop("evidence", None),
    lambda found: (found.pop("sessions", None), found.pop("agents", None)),
    lambda found: found.clear(),
)
"""What goes first when an event is too large; a page without evidence is better than none."""


class EventWriter:
    """Writes events about incidents and storms."""

    says_every_update = True
    """An event with the same dedup key changes the page and calls nobody."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def trigger(self, incident: Snapshot) -> dict[str, Any]:
        """The event that opens the page of *incident*, or says more about it."""
        who, lead = incident.identity, incident.lead
        payload = {
            "summary": headline(incident),
            "source": "/".join(part for part in (who.environment, who.service) if part),
            "severity": incident.severity,
            "timestamp": iso(lead.at_ns),
            "component": who.agent or incident.known_as,
            "group": who.service,
            "class": f"{lead.detector}/{lead.pattern}",
            "custom_details": details(incident, self._links),
        }
        return _event(who.dedup_key, payload, labelled_links(incident, self._links))

    def storm(self, storm: StormPage) -> dict[str, Any]:
        """The event that stands for all incidents of *storm*."""
        payload = {
            "summary": storm_headline(storm),
            "source": storm.environment,
            "severity": storm.severity,
            "class": "storm",
            "custom_details": storm_details(storm),
        }
        runbook = storm_runbook_url(self._links)
        return _event(storm_key(storm.environment), payload, [("Runbook", runbook)] if runbook else [])

    def close(self, action: Action, dedup_key: str, headline: str) -> dict[str, Any]:  # noqa: ARG002 - PagerDuty knows
        """The event that acknowledges or resolves a page."""
        return {"event_action": action.value, "dedup_key": dedup_key}


def encoded(body: Mapping[str, Any]) -> bytes:
    """*body* as it is sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _event(dedup_key: str, payload: Mapping[str, Any], links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "event_action": Action.TRIGGER.value,
        "dedup_key": dedup_key,
        "client": CLIENT,
        "payload": {name: _fit(name, value) for name, value in payload.items() if value},
    }
    body["payload"].setdefault("source", CLIENT)
    if links:
        body["links"] = [{"href": url, "text": name} for name, url in links]
        body["client_url"] = dict(links).get("Session", links[0][1])
    return _within_limit(body)


def _fit(name: str, value: Any) -> Any:
    if isinstance(value, Severity):
        return value.label
    if isinstance(value, str):
        return printable(value, SUMMARY_CHARACTERS if name == "summary" else NAME_CHARACTERS)
    return _finite(value)


def _within_limit(body: dict[str, Any]) -> dict[str, Any]:
    found = body["payload"]["custom_details"]
    for shed in _SHED:
        if len(encoded(body)) <= EVENT_MAX_BYTES:
            break
        shed(found)
        found["left_out"] = "details that did not fit into the message"
    return body


def _finite(value: Any) -> Any:
    """*value* with numbers that JSON has no words for as text."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
