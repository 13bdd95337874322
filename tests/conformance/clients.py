"""Foreign OTLP clients: the Collector, and rotel, which is written in Rust and installed with pip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from stack import collector
from tests.stack.processes import Running, free_ports, until

ROTEL = "rotel==0.0.1a15"
INSTALL_LIMIT_S = 300
_EXPORTERS = {
    "grpc": "{endpoint: 'http://127.0.0.1:%(grpc)d', compression: gzip, tls: {insecure: true}, %(direct)s}",
    "http": "{endpoint: 'http://127.0.0.1:%(http)d', compression: zstd, encoding: proto, %(direct)s}",
    "json": "{endpoint: 'http://127.0.0.1:%(http)d', compression: gzip, encoding: json, %(direct)s}",
}
"""What the Collector sends by, each from a receiver of its own; without a queue the sender hears what it was told."""
_DIRECT = (
    "sending_queue: {enabled: false}, "
    "retry_on_failure: {initial_interval: 100ms, max_interval: 1s, randomization_factor: 0}"
)


def otelcol() -> Path:
    """The Collector's binary; a machine without one skips, unless it was told to have it."""
    binary = collector.find()
    if binary is None and os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
        pytest.fail(f"there is no Collector: {collector.HOW}")
    if binary is None:
        pytest.skip(f"there is no Collector: {collector.HOW}")
    return binary


def rotel() -> Path:
    """The agent of the rotel package, installed once; skips where it cannot be: it is an alpha, with few wheels."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "loopwatch" / "conformance" / ROTEL
    found = list(folder.glob("rotel/rotel-agent"))
    if not found:
        command = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), ROTEL)
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
        found = list(folder.glob("rotel/rotel-agent"))
        if not found:
            pytest.skip(f"{ROTEL} cannot be installed here: {(done.stderr.strip().splitlines() or ['no agent'])[-1]}")
    return found[0]


class Collector(Running):
    """A Collector that passes on what it is given, by three exporters."""

    def __init__(self, folder: Path, grpc_port: int, http_port: int) -> None:
        self.ports = dict(zip(_EXPORTERS, free_ports(len(_EXPORTERS)), strict=True))
        target = {"grpc": grpc_port, "http": http_port, "direct": _DIRECT}
        kinds = {"grpc": "otlp/grpc", "http": "otlphttp/http", "json": "otlphttp/json"}
        lines = ["receivers:"]
        lines += [
            f"  otlp/{name}: {{protocols: {{http: {{endpoint: '127.0.0.1:{port}'}}}}}}"
            for name, port in self.ports.items()
        ]
        lines += ["exporters:", *(f"  {kinds[name]}: {text % target}" for name, text in _EXPORTERS.items())]
        lines += ["service:", "  telemetry: {metrics: {level: none}}", "  pipelines:"]
        lines += [
            f"    {signal}/{name}: {{receivers: [otlp/{name}], exporters: [{kinds[name]}]}}"
            for name in _EXPORTERS
            for signal in ("traces", "logs", "metrics")
        ]
        config = folder / "collector.yaml"
        config.write_text("\n".join(lines) + "\n")
        super().__init__([str(otelcol()), "--config", str(config)], folder / "collector.log")

    def start(self) -> None:
        """Start it, and wait until its pipelines run."""
        super().start()
        until("the Collector to be ready", lambda: "Everything is ready" in self.output)


class Rotel(Running):
    """A rotel that passes on what it is given by *protocol*, grpc or http."""

    def __init__(self, folder: Path, protocol: str, port: int) -> None:
        grpc_port, self.port = free_ports(2)
        settings = {
            "EXPORTER": "otlp",
            "OTLP_GRPC_ENDPOINT": f"127.0.0.1:{grpc_port}",
            "OTLP_HTTP_ENDPOINT": f"127.0.0.1:{self.port}",
            "OTLP_EXPORTER_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTLP_EXPORTER_PROTOCOL": protocol,
            "OTLP_EXPORTER_RETRY_INITIAL_BACKOFF": "100ms",
            "PID_FILE": str(folder / "rotel.pid"),
        }
        environment = {f"ROTEL_{name}": value for name, value in settings.items()}
        super().__init__([str(rotel()), "start"], folder / "rotel.log", environment)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        super().start()
        until("rotel to listen", lambda: _listens(self.port))


def _listens(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code > 0
    except httpx.TransportError:
        return False
