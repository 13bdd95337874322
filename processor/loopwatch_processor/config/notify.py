"""Settings of who is told of incidents, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from loopwatch_processor.config.section import Section
from loopwatch_processor.finding import Severity

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"


class RouteMatch(Section):
    """Which incidents a route is for: shell-style patterns, all of which must match; case counts."""

    service: str = "*"
    agent: str = "*"
    environment: str = "*"


class Route(Section):
    """A PagerDuty service and the incidents that are its; the first route that matches is the only one."""

    match: RouteMatch = RouteMatch()
    routing_key_file: Path | None = None
    """The file that holds the integration's 32-character routing key and nothing else."""
    routing_key_env: str | None = None
    """Or the environment variable that holds it."""


class Alertmanager(Section):
    """Incidents as alerts, pushed to every replica of Alertmanager."""

    urls: tuple[str, ...] = ()
    """Such as http://alertmanager-0:9093; each replica by itself."""
    repeat_s: float = Field(default=60.0, gt=0)
    """How often an open incident is posted again; each post holds for five times as long."""


class Notify(Section):
    """Who is told of incidents. Findings reach /metrics and the log in any case."""

    min_severity: Literal["info", "warning", "critical"] = "critical"
    """Less severe incidents are not sent."""
    environments: tuple[str, ...] = ()
    """Only incidents of these environments (shell-style patterns) are sent; empty: of all."""
    dry_run: bool = False
    """Log what would have been sent, and send nothing: the way to start."""
    routes: tuple[Route, ...] = ()
    """PagerDuty, by agent."""
    pagerduty_url: str = PAGERDUTY_URL
    """https://events.eu.pagerduty.com/v2/enqueue for accounts in the EU."""
    apprise: tuple[SecretStr, ...] = ()
    """Other channels, as Apprise URLs (slack://…, mailto://…, json://…); needs the extra loopwatch[apprise]."""
    alertmanager: Alertmanager = Alertmanager()
    heartbeat_url: SecretStr | None = None
    """Fetched every minute while loopwatch works, so that a service that expects it notices when it stops."""
    update_after_s: float = Field(default=60.0, ge=0)
    """A change that makes an incident no worse is sent so long after the last message about it at the earliest."""
    storm_incidents: int = Field(default=10, ge=1)
    """When so many incidents of one environment were sent within storm_window_s, further ones become one page."""
    storm_window_s: float = Field(default=300.0, gt=0)
    """How far back storm_incidents looks."""

    def severity(self) -> Severity:
        """`min_severity` as the pipeline knows it."""
        return Severity[self.min_severity.upper()]
