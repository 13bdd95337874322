"""How long a person waits: from the end of the span that makes a loop critical to the page at PagerDuty (a fake one),
through real processes. Run: python -m bench.paging"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.fakes.events_api import KEY, EventsApi, serving
from tests.paging.services import Service, paging
from tests.paging.spans import looping, send
from tests.stack.alerting import Alertmanager, Page, Prometheus
from tests.stack.processes import until

DECIDING_CALL = 8
"""Of identical calls, counted from 0: the fourth warns, and five more make it critical."""
Running = AbstractContextManager[tuple[Service, EventsApi]]
_EVERY_S = 0.8
"""Slower than the pace at which pages are let through: how that waits is not the question here."""


def measure(service: Service, api: EventsApi, loops: int) -> Iterator[float]:
    """Let *loops* agents loop, one after another, and give the seconds to the page of each."""
    for number in range(loops):
        # Ten at once in one environment would become one page.
        session = environment = f"bench-{number}"
        send(service.url, looping(session, calls=DECIDING_CALL), environment)
        decided_s = time.time()
        send(service.url, looping(session, calls=1, first=DECIDING_CALL), environment)
        until("the page", partial(_is_paged, api, number))
        yield api.incidents[number].opened_s - decided_s
        time.sleep(_EVERY_S)


@contextmanager
def embedded(folder: Path) -> Iterator[tuple[Service, EventsApi]]:
    """loopwatch that pages by itself."""
    api = EventsApi()
    with serving(api) as events:
        service = Service(folder, *paging(folder, events.url))
        with service.running():
            yield service, api


@contextmanager
def behind_alertmanager(folder: Path) -> Iterator[tuple[Service, EventsApi]]:
    """Prometheus that scrapes and evaluates every second, and Alertmanager that waits for one."""
    api, tickets = EventsApi(), Page()
    programs = [shutil.which(name) for name in ("prometheus", "prometheus-alertmanager")]
    prometheus_program, alertmanager_program = (Path(found) for found in programs if found)
    with ExitStack() as stack:
        events = stack.enter_context(serving(api))
        stack.enter_context(tickets.serving())
        alertmanager = Alertmanager(alertmanager_program, folder, events.url, KEY, f"http://{tickets.address}")
        service = Service(folder)
        target = service.url.removeprefix("http://")
        prometheus = Prometheus(prometheus_program, folder, target, alertmanager.url, {})
        for each in (alertmanager, service, prometheus):
            stack.enter_context(each.running())
        until("the first scrape", lambda: prometheus.query('up{job="loopwatch"} == 1'))
        yield service, api


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(prog="python -m bench.paging", description=__doc__)
    options.add_argument("--loops", type=int, default=20, help="pages to measure, each way")
    loops = options.parse_args().loops
    _print("loopwatch pages by itself", embedded, loops)
    if shutil.which("prometheus") is None or shutil.which("prometheus-alertmanager") is None:
        print("through Prometheus and Alertmanager: not installed")
        return
    _print("through Prometheus and Alertmanager, 1 s each", behind_alertmanager, loops)
    print("  instead of these three seconds yours: scrape_interval, evaluation_interval, group_wait (30 s as shipped)")


def _print(what: str, running: Callable[[Path], Running], loops: int) -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as (service, api):
        delays = list(measure(service, api, loops))
    print(f"{what}: p50 {statistics.median(delays):.3f} s, max {max(delays):.3f} s ({loops} pages)", flush=True)


def _is_paged(api: EventsApi, number: int) -> bool:
    return len(api.incidents) > number


if __name__ == "__main__":
    main()
