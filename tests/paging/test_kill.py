"""loopwatch killed between a finding and its page, twenty times: each incident exists once."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx

from tests.fakes.events_api import EventsApi, Fault, Incident, serving
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import SERVICE, ended, looping, send
from tests.stack.processes import until

KILLS = 20
_FOR_EVER = 1_000
_MIDST_S = 0.005


def test_killed_twenty_times_between_finding_and_page_each_incident_exists_once(tmp_path: Path) -> None:
    """None is lost and none doubled, whatever PagerDuty and the sender went through; each resolves once."""
    api = EventsApi()
    kills = (_while_refused, _while_accepted_unheard, _as_soon_as_answered, _in_the_midst_of_the_request)
    with serving(api) as events:
        service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url))
        with service.running():
            for number in range(KILLS):
                # Each in an environment of its own: ten at once in one would become a storm.
                environment = f"env-{number}"
                is_answered = kills[number % len(kills)](service, api, environment)
                service.start()
                if not is_answered:
                    _loop(service, environment)
                until(f"the page of {environment}", partial(_of, api, environment))
            until("the rest to be sent", lambda: not service.metric("loopwatch_notifications_waiting"))
            assert len(api.incidents) == KILLS
            for number in range(KILLS):
                send(service.url, [ended(f"session-env-{number}")], f"env-{number}")
            until("every resolve", lambda: len(api.of("resolved")) == KILLS)

    assert [page.dedup_key for page in api.incidents] == [
        f"loopwatch/env-{number}/{SERVICE}/researcher/loop" for number in range(KILLS)
    ]
    assert not api.ignored


def _while_refused(service: Service, api: EventsApi, environment: str) -> bool:
    """PagerDuty is down, and was tried already."""
    refused = api.answers[500]
    api.faults.append(Fault(500, count=_FOR_EVER))
    _loop(service, environment)
    until("an attempt", lambda: api.answers[500] > refused)
    service.end(signal.SIGKILL)
    api.faults.clear()
    return True


def _while_accepted_unheard(service: Service, api: EventsApi, environment: str) -> bool:
    """PagerDuty takes the page, but its answer finds nobody."""
    fault = Fault(delay_s=0.5)
    api.faults.append(fault)
    _loop(service, environment)
    until("the attempt", lambda: not fault.count)
    service.end(signal.SIGKILL)
    until("PagerDuty to take it", lambda: _of(api, environment))
    return True


def _as_soon_as_answered(service: Service, api: EventsApi, environment: str) -> bool:
    """The sender has its answer, so it will not come again."""
    api.faults.append(Fault(500, count=_FOR_EVER))
    _loop(service, environment)
    service.end(signal.SIGKILL)
    api.faults.clear()
    return True


def _in_the_midst_of_the_request(service: Service, api: EventsApi, environment: str) -> bool:
    """The sender has no answer, and has to send again."""
    api.faults.append(Fault(500, count=_FOR_EVER))
    kill = threading.Timer(_MIDST_S, service.end, [signal.SIGKILL])
    kill.start()
    with suppress(httpx.TransportError):
        _loop(service, environment)
    kill.join()
    api.faults.clear()
    return False


def _loop(service: Service, environment: str) -> None:
    send(service.url, looping(f"session-{environment}"), environment)


def _of(api: EventsApi, environment: str) -> list[Incident]:
    return [page for page in api.incidents if page.dedup_key.startswith(f"loopwatch/{environment}/")]
