"""A thousand sessions that begin to loop at once: a handful of pages, and nobody forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.fakes.events_api import PER_MINUTE, EventsApi, Incident, serving
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import ended, looping, send
from tests.stack.processes import until

SESSIONS = 1_000
TOGETHER = 50
"""Sessions of one request."""
BY_THEMSELVES = 10
"""Incidents of one environment that page by themselves, before one page stands for the others."""
UPDATES = ("notify.update_after_s=2",)
"""Figures that make nothing worse are told so much later, by default a minute."""


@dataclass
class Fleet:
    """A thousand sessions of one environment, and their pages."""

    environment: str
    agent: Callable[[int], str]
    api: EventsApi

    def loop(self, service: Service) -> None:
        """Let all of them loop."""
        for first in range(0, SESSIONS, TOGETHER):
            numbers = range(first, first + TOGETHER)
            spans = (span for number in numbers for span in looping(self._session(number), self.agent(number)))
            send(service.url, spans, self.environment)

    def end(self, service: Service) -> None:
        """Let all of them end."""
        spans = (ended(self._session(number), self.agent(number)) for number in range(SESSIONS))
        send(service.url, spans, self.environment)

    @property
    def pages(self) -> list[Incident]:
        """What PagerDuty made of them."""
        return [page for page in self.api.incidents if page.payload["source"].startswith(self.environment)]

    def counts(self, sessions: int) -> bool:
        """Whether so many are inside the pages."""
        found: int = sum(_details(page)["sessions_total"] for page in self.pages)
        return found == sessions

    def _session(self, number: int) -> str:
        return f"{self.environment}-{number}"


@pytest.fixture(scope="module", name="fleets")
def _fleets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fleet, Fleet]:
    """One agent with a thousand sessions, and a thousand agents with one each, when all is over."""
    folder, api = tmp_path_factory.mktemp("storm"), EventsApi()
    fleets = Fleet("one-agent", lambda _number: "researcher", api), Fleet("many-agents", "agent-{:04}".format, api)
    with serving(api) as events:
        service = Service(folder, *QUICK, *UPDATES, *paging(folder, events.url), "sinks.log.enabled=false")
        with service.running():
            for fleet in fleets:
                fleet.loop(service)
            for fleet in fleets:
                until("every session to be counted", partial(fleet.counts, SESSIONS))
                fleet.end(service)
            until("every resolve", lambda: len(api.of("resolved")) == len(api.incidents))
            until("nothing to wait", lambda: not service.metric("loopwatch_notifications_waiting"))
            critical = service.metric("loopwatch_incident_changes_total", kind="escalated", severity="critical")
            assert critical >= SESSIONS + 1
    return fleets


def test_a_thousand_sessions_of_one_agent_are_one_page(fleets: tuple[Fleet, Fleet]) -> None:
    """It counts them all, lists a hundred, and resolves with the last of them."""
    (page,) = fleets[0].pages

    assert _details(page)["sessions_total"] == SESSIONS
    assert len(_details(page)["sessions"]) == 100
    assert page.urgency == "high"
    assert page.status == "resolved"


def test_a_thousand_agents_are_a_handful_of_pages(fleets: tuple[Fleet, Fleet]) -> None:
    """The first ten have a page each, one page stands for all others, and each of them resolves."""
    *single, storm = fleets[1].pages

    assert len(single) == BY_THEMSELVES
    assert storm.payload["class"] == "storm"
    assert _details(storm)["incidents_total"] == SESSIONS - BY_THEMSELVES
    assert {page.status for page in fleets[1].pages} == {"resolved"}


def test_a_storm_keeps_below_the_rate_limit(fleets: tuple[Fleet, Fleet]) -> None:
    """Nothing is refused, and fewer than 120 events come in any minute."""
    api = fleets[0].api
    at_s = sorted(event["at_s"] for event in api.events)

    assert set(api.answers) == {202}
    assert max(sum(first <= each < first + 60.0 for each in at_s) for first in at_s) < PER_MINUTE


def _details(page: Incident) -> dict[str, Any]:
    found: dict[str, Any] = page.payload["custom_details"]
    return found
