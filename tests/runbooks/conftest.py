"""What a person on call has at hand: a loopwatch with a looping session in it, and a Prometheus that scrapes it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.fakes.events_api import KEY, EventsApi, serving
from tests.runbooks import traffic
from tests.stack.processes import PATIENCE_S, Loopwatch, Running, free_ports, until

KEY_VARIABLE = "PAGERDUTY_KEY"


@dataclass(frozen=True, slots=True)
class Station:
    """A running loopwatch and the shell to ask it from."""

    loopwatch: Loopwatch
    pagerduty: EventsApi
    """Whom it pages."""
    shell: dict[str, str]
    """The environment: where it listens, its journal, whom it pages, and what a page named."""


@pytest.fixture(scope="session", name="station")
def _station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """It has found one critical loop."""
    folder = tmp_path_factory.mktemp("station")
    with serving() as pagerduty, pytest.MonkeyPatch.context() as patch:
        for name, value in {"XDG_STATE_HOME": str(folder / "state"), KEY_VARIABLE: KEY}.items():
            patch.setenv(name, value)
        routes = json.dumps([{"routing_key_env": KEY_VARIABLE}])
        notify = {"notify.pagerduty_url": pagerduty.url, "notify.routes": routes}
        yield from _running(folder, pagerduty.api, notify)


def _running(folder: Path, pagerduty: EventsApi, notify: dict[str, str]) -> Iterator[Station]:
    loopwatch = Loopwatch(folder, *(f"{name}={value}" for name, value in notify.items()))
    with loopwatch.running():
        answer = httpx.post(f"{loopwatch.url}/v1/traces", json=traffic.looping(), timeout=PATIENCE_S, trust_env=False)
        assert answer.status_code == 200, answer.text
        found = "loopwatch_findings_raised_total"
        until("the loop to be found", lambda: loopwatch.metric(found, detector="loop", severity="critical"))
        settings = {f"LOOPWATCH_{name.upper().replace('.', '__')}": value for name, value in notify.items()}
        yield Station(loopwatch, pagerduty, _shell(folder, loopwatch) | settings)


def _shell(folder: Path, loopwatch: Loopwatch) -> dict[str, str]:
    spans = folder / "spans.jsonl"
    spans.write_text(json.dumps(traffic.looping()))
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("LOOPWATCH_", "OTEL_"))}
    return {
        **inherited,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NO_PROXY": "localhost,127.0.0.1",
        "XDG_STATE_HOME": str(folder / "state"),
        "LOOPWATCH_RECEIVE__HTTP_PORT": str(loopwatch.http_port),
        "LOOPWATCH_RECEIVE__GRPC_PORT": str(loopwatch.grpc_port),
        "SERVICE": traffic.SERVICE,
        "AGENT": traffic.AGENT,
        "SESSION": traffic.SESSION,
        "SPANS": str(spans),
    }


@pytest.fixture(scope="session", name="prometheus")
def _prometheus(station: Station, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that has scraped the station."""
    binary = shutil.which("prometheus")
    if binary is None:
        how = "there is no prometheus on the PATH"
        (pytest.fail if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1" else pytest.skip)(how)
    folder = tmp_path_factory.mktemp("prometheus")
    (port,) = free_ports(1)
    target = f"127.0.0.1:{station.loopwatch.http_port}"
    scrape = {"job_name": "loopwatch", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"scrape_configs": [scrape]}))
    listen = f"127.0.0.1:{port}"
    options = (f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={listen}")
    with Running([binary, *options], folder / "log").running():
        url = f"http://{listen}"
        until("Prometheus to have scraped loopwatch", lambda: _is_up(url))
        yield url


def _is_up(url: str) -> bool:
    try:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": 'up{job="loopwatch"} == 1'}, trust_env=False)
        return answer.is_success and answer.json()["data"]["result"] != []
    except httpx.TransportError:
        return False
