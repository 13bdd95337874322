"""Real processes for tests: the service and a Collector, on free ports, with their output in files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx

from stack.ports import free
from tests.stack import agent

T = TypeVar("T")

ROOT = Path(__file__).parent.parent.parent
PATIENCE_S = 60.0
"""How long anything may take on a busy machine; nothing waits for it when things go well."""
RUN_S = 5 * PATIENCE_S
"""How long a whole run of many processes, one after another, may take there."""
_READY = "Everything is ready"


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on now, and none that a connection of anybody's may take."""
    return free(count)


def until(what: str, found: Callable[[], T]) -> T:
    """Ask *found* again and again until it says something true, and return that.

    Raises:
        AssertionError: it did not in `PATIENCE_S`.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := found()):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:g} s in vain for {what}"
        time.sleep(0.05)
    return answer


class Running:
    """One process, started anew as often as a test wants."""

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._command, self._log = command, log
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("LOOPWATCH_", "OTEL_"))}
        self._environment = {**inherited, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """All that it has written so far."""
        return self._log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment, cwd=ROOT)

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Signal it, wait until it is gone, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(with_signal)
        return self._process.wait(PATIENCE_S)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it for the length of the block, and never leave it behind."""
        self.start()
        try:
            yield
        finally:
            if self._process is not None and self._process.poll() is None:
                self._process.kill()
                self._process.wait()


class Loopwatch(Running):
    """`loopwatch serve`."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.grpc_port, self.http_port = free_ports(2)
        self.findings = folder / "findings.jsonl"
        chosen = (
            f"receive.grpc_port={self.grpc_port}",
            f"receive.http_port={self.http_port}",
            f"sinks.json_lines.path={self.findings}",
            *settings,
        )
        command = [sys.executable, "-m", "loopwatch", "serve", *(part for item in chosen for part in ("--set", item))]
        super().__init__(command, folder / "loopwatch.log")

    @property
    def url(self) -> str:
        """The base URL of OTLP/HTTP and the pages."""
        return f"http://127.0.0.1:{self.http_port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        super().start()
        until("loopwatch to be ready", lambda: _answers(f"{self.url}/readyz"))

    def metric(self, name: str, **labels: str) -> float:
        """The sum over the series of *name* that carry *labels*; 0 where there is none."""
        return scraped(self.url, name, labels)


class Collector(Running):
    """An OpenTelemetry Collector with a configuration file."""

    def __init__(self, binary: Path, config: Path, log: Path, **environment: str) -> None:
        self._metrics_port, self._health_port = free_ports(2)
        own = {
            "COLLECTOR_METRICS_PORT": str(self._metrics_port),
            "COLLECTOR_HEALTH": f"127.0.0.1:{self._health_port}",
        }
        super().__init__([str(binary), "--config", str(config)], log, {**own, **environment})

    def start(self) -> None:
        """Start it, and wait until its pipelines run."""
        ready = self.output.count(_READY) if self._log.exists() else 0
        super().start()
        until("the Collector to be ready", lambda: self.output.count(_READY) > ready)

    def metric(self, name: str, **labels: str) -> float:
        """As of `Loopwatch.metric`, of its own metrics."""
        return scraped(f"http://127.0.0.1:{self._metrics_port}", name, labels)

    @property
    def healthy(self) -> bool:
        """Whether its health check says so."""
        return _answers(f"http://127.0.0.1:{self._health_port}")

    @property
    def spans_shown(self) -> int:
        """How many spans its debug exporter has seen; its log leaves out some."""
        return int(self.metric("otelcol_exporter_sent_spans", exporter="debug"))


def scraped(url: str, name: str, labels: Mapping[str, str]) -> float:
    """The sum over the series of *name* at *url* that carry *labels*; 0 where there is none."""
    text = httpx.get(f"{url}/metrics", timeout=PATIENCE_S, trust_env=False).text
    lines = (line for line in text.splitlines() if re.match(rf"{name}[ {{]", line))
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(item in line for item in wanted))


def play(endpoint: str, conversation: str, input_tokens: int = agent.OVERFULL) -> None:
    """Run one agent that sends to *endpoint* (OTLP/HTTP)."""
    command = [sys.executable, agent.__file__, endpoint, conversation, str(input_tokens)]
    subprocess.run(command, check=True, timeout=PATIENCE_S, cwd=ROOT)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False
