"""Incidents as title and text, for chat, mail and whatever else Apprise knows."""

from __future__ import annotations

from typing import Any

from loopwatch_processor.config.incidents import Links
from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Snapshot
from loopwatch_processor.notify.links import runbook_url
from loopwatch_processor.notify.message import Action
from loopwatch_processor.notify.page import details, headline, how_to_stop, labelled_links
from loopwatch_processor.notify.storm_page import StormPage, storm_details, storm_headline, storm_key
from loopwatch_processor.notify.text import for_chat, printable

_TITLE_CHARACTERS = 250
_KINDS = {Severity.CRITICAL: "failure", Severity.WARNING: "warning", Severity.INFO: "info"}
"""Apprise's words for what gives a message its colour."""
_LISTED = 10


class ChatWriter:
    """Writes messages about incidents and storms."""

    says_every_update = False
    """Every message is one more line in somebody's channel."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def trigger(self, incident: Snapshot) -> dict[str, Any]:
        """The message that an incident opened or got worse."""
        found = details(incident, self._links)
        lines = [
            f"Reason: {found['reason']}" if "reason" in found else "",
            f"Sessions: {_listed(found)}",
            f"Wasted: {found['wasted_usd']} USD" if "wasted_usd" in found else "",
        ]
        links = [f"{name}: {url}" for name, url in labelled_links(incident, self._links)]
        body = [*(for_chat(line) for line in lines if line), how_to_stop(runbook_url(self._links, incident)), *links]
        return _message(incident.identity.dedup_key, headline(incident), "\n".join(body), _KINDS[incident.severity])

    def storm(self, storm: StormPage) -> dict[str, Any]:
        """The message that stands for all incidents of *storm*."""
        found = storm_details(storm)
        lines = [for_chat(f"Sessions: {_listed(found)}"), *(for_chat(agent) for agent in found["agents"][:_LISTED])]
        return _message(storm_key(storm.environment), storm_headline(storm), "\n".join(lines), _KINDS[storm.severity])

    def close(self, action: Action, dedup_key: str, headline: str) -> dict[str, Any] | None:
        """The message that it is over; there is nothing to acknowledge in a chat."""
        if action is Action.ACKNOWLEDGE:
            return None
        return _message(dedup_key, f"resolved: {headline}", "It is over.", "success")


def _listed(found: dict[str, Any]) -> str:
    sessions, total = found.get("sessions", [])[:_LISTED], found["sessions_total"]
    more = total - len(sessions)
    return ", ".join(sessions) + (f" and {more} more" if more > 0 else "")


def _message(dedup_key: str, title: str, body: str, kind: str) -> dict[str, Any]:
    return {
        "dedup_key": dedup_key,
        "title": printable(for_chat(title).replace("[", "(").replace("]", ")"), _TITLE_CHARACTERS),
        "body": body,
        "type": kind,
    }
