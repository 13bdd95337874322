"""Settings of who is told of incidents, and how."""

from __future__ import annotations

from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from loopwatch_processor.config.client_tls import ClientTls
from loopwatch_processor.config.section import Section
from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Identity
from loopwatch_processor.routing_key import BadRoutingKey, KeySource, is_like_a_key

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"


def _checked_url(url: str) -> str:
    """Any http or https URL. Its text is left out of the complaint: it may be a secret."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or any(char.isspace() for char in url):
        raise ValueError("is no URL to send to: write it as https://host/path or http://host:port/path")
    return url


def _checked_secret_url(url: SecretStr) -> SecretStr:
    _checked_url(url.get_secret_value())
    return url


def _checked_apprise(url: SecretStr) -> SecretStr:
    if find_spec("apprise") is None:
        raise ValueError("needs Apprise: pip install 'loopwatch[apprise]'")
    from apprise import Apprise

    if not Apprise.instantiate(url.get_secret_value(), suppress_exceptions=True):
        raise ValueError("is no URL that Apprise knows: see https://github.com/caronc/apprise/wiki for how to write it")
    return url


Url = Annotated[str, AfterValidator(_checked_url)]
SecretUrl = Annotated[SecretStr, AfterValidator(_checked_secret_url)]
AppriseUrl = Annotated[SecretStr, AfterValidator(_checked_apprise)]


class RouteMatch(Section):
    """Which incidents a route is for: shell-style patterns, all of which must match; case counts."""

    service: str = "*"
    agent: str = "*"
    environment: str = "*"

    def matches(self, who: Identity) -> bool:
        """Whether the route is for incidents of *who*."""
        return (
            fnmatchcase(who.service, self.service)
            and fnmatchcase(who.agent, self.agent)
            and fnmatchcase(who.environment, self.environment)
        )


class Route(Section):
    """A PagerDuty service and the incidents that are its; the first route that matches is the only one."""

    match: RouteMatch = RouteMatch()
    routing_key_file: Path | None = None
    """The file that holds the integration's 32-character routing key and nothing else."""
    routing_key_env: str | None = None
    """Or the environment variable that holds it."""

    @model_validator(mode="after")
    def _has_a_key(self) -> Route:
        if bool(self.routing_key_file) == bool(self.routing_key_env):
            raise ValueError(
                "needs the place of one PagerDuty integration key: "
                "set either routing_key_file or routing_key_env, and not both"
            )
        if any(is_like_a_key(str(place)) for place in (self.routing_key_file, self.routing_key_env)):
            # Not to be repeated in a complaint that the file is absent.
            raise ValueError("holds what looks like the routing key itself: put the key into a file and name the file")
        return self

    @property
    def fault(self) -> str:
        """Why its routing key cannot be read; "" where it can."""
        try:
            self.key_source.read()
        except BadRoutingKey as error:
            return str(error)
        return ""

    @property
    def key_source(self) -> KeySource:
        """Where the routing key is read whenever something is sent."""
        return KeySource(self.routing_key_file, self.routing_key_env)


class Alertmanager(Section):
    """Incidents as alerts, pushed to every replica of Alertmanager."""

    urls: tuple[Url, ...] = ()
    """Such as http://alertmanager-0:9093; each replica by itself."""
    repeat_s: float = Field(default=60.0, gt=0)
    """How often an open incident is posted again; each post holds for five times as long."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Sent with every post; never shown."""
    tls: ClientTls = ClientTls()
    """For https addresses of Alertmanager."""

    def plain_headers(self) -> dict[str, str]:
        """The headers, to be sent and not to be shown."""
        return {name: value.get_secret_value() for name, value in self.headers.items()}


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
    pagerduty_url: Url = PAGERDUTY_URL
    """https://events.eu.pagerduty.com/v2/enqueue for accounts in the EU."""
    apprise: tuple[AppriseUrl, ...] = ()
    """Other channels, as Apprise URLs (slack://…, mailto://…, json://…); needs the extra loopwatch[apprise]."""
    alertmanager: Alertmanager = Alertmanager()
    timeout_s: float = Field(default=10.0, gt=0)
    """How long PagerDuty and each Alertmanager may take to answer before they are asked again."""
    heartbeat_url: SecretUrl | None = None
    """Fetched every minute while loopwatch works, so that a service that expects it notices when it stops."""
    tls: ClientTls = ClientTls()
    """For pagerduty_url and heartbeat_url; Apprise has its own ways (?verify=no)."""
    update_after_s: float = Field(default=60.0, ge=0)
    """A change that makes an incident no worse is sent so long after the last message about it at the earliest."""
    storm_incidents: int = Field(default=10, ge=1)
    """When so many incidents of one environment were sent within storm_window_s, further ones become one page."""
    storm_window_s: float = Field(default=300.0, gt=0)
    """How far back storm_incidents looks."""

    @model_validator(mode="after")
    def _one_way_to_pagerduty(self) -> Notify:
        if self.routes and self.alertmanager.urls:
            raise ValueError(
                "routes and alertmanager.urls are both set, so each incident would page twice: PagerDuty cannot know "
                "that the two are one. Take out routes and let Alertmanager page (pagerduty_configs), or take out "
                "alertmanager.urls"
            )
        return self

    def is_told(self, environment: str) -> bool:
        """Whether anybody is told of incidents in *environment*."""
        return not self.environments or any(fnmatchcase(environment, pattern) for pattern in self.environments)

    def severity(self) -> Severity:
        """`min_severity` as the pipeline knows it."""
        return Severity[self.min_severity.upper()]
