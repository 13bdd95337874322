"""Who is told of which incidents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import urlsplit

from loopwatch_processor.config.notify import Notify
from loopwatch_processor.incident import Identity, Snapshot

PAGERDUTY = "pagerduty"
HEARTBEAT = "heartbeat"
APPRISE = "apprise"


@dataclass(frozen=True, slots=True)
class Receiver:
    """One PagerDuty service, or one Apprise URL, by a name that shows nothing secret."""

    channel: str
    target: str


DRY_RUN = Receiver(PAGERDUTY, "dry_run")
"""Stands for a PagerDuty service where a dry run has none yet."""


def apprise_target(url: str) -> str:
    """A name for *url*, which holds tokens: its scheme, and enough of a digest to tell two apart."""
    return f"{urlsplit(url).scheme or 'url'}:{hashlib.sha256(url.encode()).hexdigest()[:8]}"


class Routing:
    """The receivers of incidents, by configuration."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._chats = tuple(Receiver(APPRISE, apprise_target(url.get_secret_value())) for url in notify.apprise)
        self._dry = (DRY_RUN,) if notify.dry_run and not notify.routes and not self._chats else ()

    @property
    def receivers(self) -> tuple[Receiver, ...]:
        """All of them, each once."""
        routes = (Receiver(PAGERDUTY, route.key_source.name) for route in self._notify.routes)
        return tuple(dict.fromkeys((*routes, *self._chats, *self._dry)))

    def of(self, who: Identity) -> tuple[Receiver, ...]:
        """Who is to hear of incidents of *who*: the first route that matches, and every other channel."""
        matching = (route for route in self._notify.routes if route.match.matches(who))
        return (
            *(Receiver(PAGERDUTY, route.key_source.name) for route in list(matching)[:1]),
            *self._chats,
            *self._dry,
        )

    def wants(self, incident: Snapshot) -> bool:
        """Whether *incident* is severe enough, and of an environment that is told about."""
        return self._notify.is_told(incident.identity.environment) and incident.severity >= self._notify.severity()
