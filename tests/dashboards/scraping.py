"""A real Prometheus that scrapes a real loopwatch while the demo's agents run."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.events_api import KEY, serving
from tests.stack.processes import PATIENCE_S, ROOT, Running, free_ports, until

SCRAPE_S = 1
_CONFIG = """
global: {{scrape_interval: {interval}s, scrape_timeout: {interval}s}}
scrape_configs:
  - job_name: loopwatch
    static_configs: [{{targets: ["{target}"]}}]
  # Another program with process_* metrics, which no panel may take for ours.
  - job_name: other
    static_configs: [{{targets: ["{own}"]}}]
"""
_UP = 'up{job="loopwatch"}'
_LOOPWATCH = (sys.executable, "-m", "loopwatch")
_DEMO = ROOT / "processor/loopwatch_processor/demo/demo.yaml"
_SUBSTITUTES = {
    "$__rate_interval": "1m",
    "$__range": "5m",
    "$__interval": "15s",
    "$environment": ".*",
    "$service": ".*",
    "$agent": ".*",
    "$job": "loopwatch",
    "$instance": ".*",
}
"""What Grafana fills in for a view of the last five minutes with All chosen everywhere."""
_WINDOW_S = 300


class Loopwatch(Running):
    """`loopwatch serve` with the demo's configuration and a journal of its own, which pages *events_url*."""

    def __init__(self, folder: Path, events_url: str) -> None:
        grpc_port, self._port = free_ports(2)
        self._journal = f"journal.url=sqlite:///{folder / 'journal.db'}"
        receive = (f"receive.grpc_port={grpc_port}", f"receive.http_port={self._port}")
        routes = 'notify.routes=[{"routing_key_env": "ROUTING_KEY"}]'
        settings = (routes, f"notify.pagerduty_url={events_url}", self._journal, *receive)
        set_all = [part for item in settings for part in ("--set", item)]
        command = [*_LOOPWATCH, "serve", "--config", str(_DEMO), *set_all]
        super().__init__(command, folder / "loopwatch.log", {"ROUTING_KEY": KEY})

    def mute(self, agent: str) -> None:
        """Mute *agent*, as a person would."""
        what = ("mute", "--agent", agent, "--for", "1h", "--set", self._journal)
        subprocess.run([*_LOOPWATCH, *what], check=True, timeout=PATIENCE_S, cwd=ROOT, stdout=subprocess.DEVNULL)

    @property
    def address(self) -> str:
        """Host and port of OTLP/HTTP and the metrics."""
        return f"127.0.0.1:{self._port}"


class Prometheus(Running):
    """Prometheus on loopback, scraping one target."""

    def __init__(self, binary: str, folder: Path, target: str) -> None:
        (self._port,) = free_ports(1)
        config = folder / "prometheus.yml"
        config.write_text(_CONFIG.format(interval=SCRAPE_S, target=target, own=f"127.0.0.1:{self._port}"))
        command = [
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--enable-feature=exemplar-storage",
        ]
        super().__init__(command, folder / "prometheus.log")

    def start(self) -> None:
        """Start it, and wait until it has scraped its target."""
        super().start()
        until("Prometheus to scrape loopwatch", self._has_scraped)

    def instant(self, expression: str) -> list[dict[str, Any]]:
        """The series of *expression* now."""
        return self._series("query", {"query": expression})

    def range(self, expression: str) -> list[dict[str, Any]]:
        """The series of *expression* over the last minutes."""
        now = time.time()
        window = {"start": str(now - _WINDOW_S), "end": str(now), "step": "5"}
        return self._series("query_range", {"query": expression, **window})

    def scalar(self, expression: str) -> float:
        """The one number of *expression* now."""
        ((_, value),) = (item["value"] for item in self.instant(expression))
        return float(value)

    def exemplars(self, expression: str) -> list[dict[str, Any]]:
        """The exemplars of the series in *expression*."""
        now = time.time()
        found: list[dict[str, Any]] = self._ask(
            "query_exemplars", {"query": expression, "start": str(now - _WINDOW_S), "end": str(now)}
        )
        return found

    def label_values(self, series: str, label: str) -> list[str]:
        """What Grafana's label_values(series, label) offers."""
        values: list[str] = self._ask(f"label/{label}/values", {"match[]": series})
        return values

    def scrapes(self, count: int) -> None:
        """Wait until loopwatch was scraped *count* more times."""
        taken = f"count_over_time({_UP}[{_WINDOW_S}s])"
        before = float(self.instant(taken)[0]["value"][1])
        until(f"{count} scrapes", lambda: float(self.instant(taken)[0]["value"][1]) >= before + count)

    def _has_scraped(self) -> bool:
        try:
            return [item["value"][1] for item in self.instant(_UP)] == ["1"]
        except (httpx.TransportError, httpx.HTTPStatusError):
            return False

    def _series(self, path: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask(path, parameters)["result"]
        return found

    def _ask(self, path: str, parameters: Mapping[str, str]) -> Any:
        url = f"http://127.0.0.1:{self._port}/api/v1/{path}"
        answer = httpx.get(url, params=dict(parameters), timeout=PATIENCE_S, trust_env=False)
        if answer.status_code in (400, 422):
            raise AssertionError(answer.json()["error"])
        answer.raise_for_status()
        return answer.json()["data"]


@contextmanager
def scraped_demo(binary: str, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that saw the demo's fleet twice, so that what a counter gained is there beside what it had."""
    with serving() as events_api:
        loopwatch = Loopwatch(folder, events_api.url)
        prometheus = Prometheus(binary, folder, loopwatch.address)
        with loopwatch.running(), prometheus.running():
            loopwatch.mute("analyst")
            for _ in range(2):
                _play_fleet(f"http://{loopwatch.address}")
                prometheus.scrapes(3)
            yield prometheus


def filled_in(expression: str) -> str:
    """*expression* as Grafana sends it."""
    for name, value in _SUBSTITUTES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


def numbers(series: list[dict[str, Any]]) -> list[float]:
    """All that there is to show in *series*: what is not a number shows nothing."""
    values = (float(value) for item in series for _, value in item.get("values") or [item["value"]])
    return [value for value in values if math.isfinite(value)]


def _play_fleet(url: str) -> None:
    """As `loopwatch demo` does: a process of its own that ends when its standard input does."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environment = {**inherited, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    command = [sys.executable, "-m", "loopwatch_processor.demo.fleet", url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, cwd=ROOT) as fleet:
        assert fleet.wait(PATIENCE_S) == 0
