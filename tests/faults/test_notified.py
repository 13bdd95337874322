"""Whoever is told is down, slow, or says no for a while: no page is lost, none comes twice, and scoring goes on."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.fakes.events_api import KEY, EventsApi, Fault, Incident, Server, serving
from tests.faults.counting import Counts
from tests.faults.load import Load, grown
from tests.paging.services import Service, paging
from tests.paging.spans import CRITICAL_CALLS, ended, looping, send
from tests.stack.alerting import Alertmanager, Page, Prometheus
from tests.stack.processes import free_ports, until

FOR_EVER = 1_000
_SENT = "loopwatch_notifications_total"
_SLOW_S = 2.5
SETTINGS = ("incidents.hold_s=3", "incidents.settle_s=0", "notify.timeout_s=1", "sinks.log.enabled=false")
FAULTS = {
    "answers 500": Fault(500, count=FOR_EVER),
    "answers 429": Fault(429, count=FOR_EVER, retry_after_s=2),
    "is reset": Fault(reset=True, count=FOR_EVER),
    "answers late": Fault(delay_s=_SLOW_S, count=1),
}


@contextmanager
def at(port: int, api: EventsApi) -> Iterator[None]:
    """The fake Events API at *port*."""
    with Server(api, port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_the_events_api_down_slow_and_refusing(tmp_path: Path, counts: Counts) -> None:
    """Each page comes once whatever PagerDuty does meanwhile, is resolved once, and nobody waits for it."""
    (port,) = free_ports(1)
    api, service = EventsApi(), Service(tmp_path, *SETTINGS, *paging(tmp_path, f"http://127.0.0.1:{port}/v2/enqueue"))
    with service.running():
        load = Load(service.url, senders=1, pause_s=0.1)
        with load.running():
            loop_until_it_fails(service, "is gone")
            waited_s = service.metric("loopwatch_notifications_oldest_seconds", channel="pagerduty")
            with at(port, api):
                until("the page", partial(of, api, "is gone"))
                for name, fault in FAULTS.items():
                    api.faults.append(fault)
                    loop_until_it_fails(service, name)
                    api.faults.clear()
                    until(f"the page of who {name}", partial(of, api, name))
                until("nothing to wait", lambda: not service.metric("loopwatch_notifications_waiting"))
                failed = service.metric(_SENT, outcome="failed")
                for name in ("is gone", *FAULTS):
                    send(service.url, [ended(name)], name)
                until("every resolve", lambda: len(api.of("resolved")) == len(FAULTS) + 1)
        scored = service.metric("loopwatch_steps_total", agent="worker")
        refused = service.metric(_SENT, outcome="refused")

    counts.add(
        sent=load.sent + CRITICAL_CALLS * len(api.incidents),
        answered_at_once=load.answers["200"] == len(load.tried),
        scored=int(scored) + CRITICAL_CALLS * len(api.incidents),
        outages=len(FAULTS) + 1,
        attempts_that_failed=int(failed),
        pages=len(api.incidents),
        resolved=len(api.of("resolved")),
    )
    assert waited_s > 0
    assert scored == load.sent
    assert load.answers.keys() == {"200"}
    assert [page.payload["source"].partition("/")[0] for page in api.incidents] == ["is gone", *FAULTS]
    assert not refused
    assert not api.ignored


def loop_until_it_fails(service: Service, environment: str) -> None:
    """Let a session of *environment* loop, and wait until an attempt to tell of it has failed."""
    has_failed = grown(lambda: service.metric(_SENT, outcome="failed"), 1)
    send(service.url, looping(environment), environment)
    until(f"an attempt while it {environment}", has_failed)


def of(api: EventsApi, environment: str) -> list[Incident]:
    """The pages of *environment*."""
    return [page for page in api.incidents if page.dedup_key.startswith(f"loopwatch/{environment}/")]


class Before(ThreadingHTTPServer):
    """Stands before an Alertmanager, and answers in its place where a fault waits."""

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = url
        self.faults: deque[Fault] = deque()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Before

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        fault = self.server.faults[0] if self.server.faults else None
        if fault is not None:
            threading.Event().wait(fault.delay_s)
            if fault.status:
                return self._answer(fault.status)
        headers = {"content-type": "application/json"}
        try:
            url = f"{self.server.behind}{self.path}"
            return self._answer(httpx.post(url, content=body, headers=headers, trust_env=False).status_code)
        except httpx.TransportError:
            return self._answer(502)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The counters say more."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


def test_prometheus_and_alertmanager_down_slow_and_refusing(
    prometheus: Path, alertmanager: Path, tmp_path: Path, counts: Counts
) -> None:
    """One page, from before the first outage until its loop is over; it is told that Alertmanager takes nothing."""
    api, tickets = EventsApi(), Page()
    with serving(api) as events, tickets.serving():
        manager = Alertmanager(alertmanager, tmp_path, events.url, KEY, f"http://{tickets.address}")
        front = Before(manager.url)
        push = (f'notify.alertmanager.urls=["{front.url}"]', "notify.alertmanager.repeat_s=2")
        service = Service(tmp_path, *SETTINGS, *push)
        watcher = Prometheus(prometheus, tmp_path, service.url.removeprefix("http://"), manager.url, {})
        threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        with service.running(), watcher.running():
            load = Load(service.url, senders=1, pause_s=0.1)
            with load.running():
                send(service.url, looping("loops"))
                until_failed(service)
                oldest_s = service.metric("loopwatch_notifications_oldest_seconds", channel="alertmanager")
                with manager.running():
                    until("the page", lambda: api.incidents)
                    for fault in (Fault(500), Fault(429), Fault(delay_s=_SLOW_S)):
                        front.faults.append(fault)
                        until_failed(service)
                        front.faults.clear()
                        until_delivered(service)
                    watcher.end(signal.SIGKILL)
                    manager.end(signal.SIGKILL)
                    until_failed(service)
                    manager.start()
                    until_delivered(service)
                    watcher.start()
                    until("Prometheus to see it again", lambda: watcher.query('up{job="loopwatch"} == 1'))
                    oldest = "loopwatch_notifications_oldest_seconds"  # one may be on its way just now
                    until("nothing to wait", lambda: not service.metric(oldest, channel="alertmanager"))
                    assert not api.of("resolved")
                    send(service.url, [ended("loops")])
                    until("the resolve", lambda: api.of("resolved"))
            scored = service.metric("loopwatch_steps_total", agent="worker")
            failed = service.metric(_SENT, channel="alertmanager", outcome="failed")
        front.shutdown()
        front.server_close()

    counts.add(
        sent=load.sent + CRITICAL_CALLS,
        scored=int(scored) + CRITICAL_CALLS,
        posts_that_failed=int(failed),
        pages=len(api.incidents),
        resolved=len(api.of("resolved")),
    )
    assert oldest_s > 0
    assert scored == load.sent
    assert load.answers.keys() == {"200"}
    assert len(api.incidents) == 1


def until_failed(service: Service) -> None:
    """Wait until a post to Alertmanager was not taken."""
    has = grown(lambda: service.metric(_SENT, channel="alertmanager", outcome="failed"), 1)
    until("a post that fails", has)


def until_delivered(service: Service) -> None:
    """Wait until a post to Alertmanager was taken."""
    has = grown(lambda: service.metric(_SENT, channel="alertmanager", outcome="delivered"), 1)
    until("a post that is taken", has)
