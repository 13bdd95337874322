"""loopwatch behind Prometheus and Alertmanager, with the shipped rules and routes: the same pages as by itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.events_api import KEY, EventsApi, serving
from tests.paging.services import DEMO, Service, play_demo
from tests.paging.spans import ended, looping, send, working
from tests.stack.alerting import Alertmanager, Page, Prometheus
from tests.stack.processes import until

SEEN = ("incidents.hold_s=5", "incidents.settle_s=0")
"""Held for some scrapes and evaluations of one second each."""
PAGED = {"researcher", "verifier"}


class Chain:
    """A loopwatch, Prometheus that scrapes it, Alertmanager, and PagerDuty at the end; also a journal of tickets."""

    def __init__(self, folder: Path, prometheus: Path, alertmanager: Path, events_url: str, tickets: Page) -> None:
        self._folder = folder
        self.alertmanager = Alertmanager(alertmanager, folder, events_url, KEY, f"http://{tickets.address}")
        self._prometheus = prometheus

    @contextmanager
    def watching(self, *settings: str) -> Iterator[tuple[Service, Prometheus]]:
        """Everything, with a loopwatch of *settings*."""
        service = Service(self._folder, *SEEN, *DEMO, *settings)
        target = service.url.removeprefix("http://")
        prometheus = Prometheus(self._prometheus, self._folder, target, self.alertmanager.url, {})
        with self.alertmanager.running(), service.running(), prometheus.running():
            yield service, prometheus


@pytest.fixture(name="api")
def _api() -> EventsApi:
    return EventsApi()


@pytest.fixture(name="chain")
def _chain(tmp_path: Path, prometheus: Path, alertmanager: Path, api: EventsApi) -> Iterator[Chain]:
    tickets = Page()
    with serving(api) as events, tickets.serving():
        yield Chain(tmp_path, prometheus, alertmanager, events.url, tickets)


@pytest.mark.parametrize("pushes", [False, True], ids=["rules", "rules and pushes"])
def test_the_demo_pages_each_loop_once_and_resolves(chain: Chain, api: EventsApi, pushes: bool) -> None:
    """However loopwatch's incidents reach Alertmanager, or both ways at once; healthy sessions reach nobody."""
    push = (f'notify.alertmanager.urls=["{chain.alertmanager.url}"]', "notify.alertmanager.repeat_s=2")
    with chain.watching(*(push if pushes else ())) as (service, prometheus):
        play_demo(service.url)
        send(service.url, (span for number in range(100) for span in working(f"healthy-{number}")))
        until("both pages", lambda: len(api.incidents) == len(PAGED))
        if pushes:
            until("a push", lambda: pushed(service))
        else:
            assert not pushed(service)
        # The first of them may be over when the last one fires.
        tickets = 'last_over_time(ALERTS{severity="warning"}[10m])'
        until("the tickets", lambda: len(prometheus.query(tickets)) >= 3)
        until("every resolve", lambda: len(api.of("resolved")) == len(PAGED))
        until("no alert any more", lambda: not chain.alertmanager.alerts())

    assert {incident.payload["component"] for incident in api.incidents} == PAGED
    assert len(api.incidents) == len(PAGED)
    assert set(api.answers) == {202}
    for incident in api.incidents:
        assert incident.severity == "critical"
        assert "AgentLoop" in incident.summary
        assert any(link["href"].endswith("/runbooks/AgentLoop.md") for link in incident.links)
        # Whichever came first: the rule's words, or those of the finding.
        assert "progress" in incident.summary
        what = incident.payload["custom_details"]["what"]
        assert "calls the same tools" in what or "Stop reason loop_detected" in what


def pushed(service: Service) -> float:
    """How many posts Alertmanager has taken."""
    return service.metric("loopwatch_notifications_total", channel="alertmanager", outcome="delivered")


def test_a_kill_and_a_restart_neither_resolve_nor_fire_again(chain: Chain, api: EventsApi) -> None:
    """The loop goes on while nobody watches; what was open stays one page, and resolves when it is over."""
    with chain.watching() as (service, prometheus):
        send(service.url, looping("session"))
        until("the page", lambda: api.incidents)
        service.end(signal.SIGKILL)
        until("Prometheus to miss it", lambda: prometheus.query('up{job="loopwatch"} == 0'))
        service.start()
        until("Prometheus to see it again", lambda: prometheus.query('up{job="loopwatch"} == 1'))
        assert service.metric("loopwatch_open_incidents", severity="critical") == 1
        assert not api.of("resolved")
        send(service.url, [ended("session")])
        until("the resolve", lambda: api.of("resolved"))

    assert [incident.triggers for incident in api.incidents] == [1]
    assert [event["event_action"] for event in api.events] == ["trigger", "resolve"]
