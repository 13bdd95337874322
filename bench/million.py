"""A million spans over each protocol, from the Python OTLP exporters into a real `loopwatch serve`: what arrived, and
what the service's memory did meanwhile. Run: python -m bench.million [--spans N]"""

from __future__ import annotations

import argparse
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx

_SAMPLE_S = 5.0
_SPAN_IDS = 100_000
"""A tenth of the default, so that every bounded table is full after the first half, and what still grows is a leak."""
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Arrived:
    """What one protocol's sender sent and what the service counted."""

    protocol: str
    sent: int
    failed: int
    received: int
    spans_per_s: float
    memory_bytes: list[float] = field(default_factory=list)
    """Resident memory of the service, about every 5 seconds."""


@dataclass(frozen=True, slots=True)
class _Service:
    grpc_port: int
    http_port: int

    def metric(self, name: str) -> float:
        """The sum over all series of *name*."""
        text = self._get("/metrics").text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if re.match(rf"{name}[ {{]", line))

    def is_ready(self) -> bool:
        """Whether it takes spans."""
        try:
            return self._get("/readyz").is_success
        except httpx.TransportError:
            return False

    def _get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.http_port}{path}", trust_env=False, timeout=60)


def measure(spans: int) -> Iterator[Arrived]:
    """Send *spans* spans over each protocol, one after the other, into one service."""
    with _running() as service:
        yield _send(service, "grpc", service.grpc_port, spans, first=0)
        yield _send(service, "http", service.http_port, spans, first=spans)


def main() -> None:
    """Print the figures; exit code 1 where a span was lost."""
    options = argparse.ArgumentParser(prog="python -m bench.million", description=__doc__)
    options.add_argument("--spans", type=int, default=1_000_000, help="over each protocol")
    spans = options.parse_args().spans
    results = []
    for result in measure(spans):
        results.append(result)
        memory = " ".join(f"{value / _MB:.0f}" for value in result.memory_bytes)
        print(
            f"{result.protocol}: sent {result.sent:,}, failed {result.failed:,}, received {result.received:,}, "
            f"{result.spans_per_s:,.0f} spans/s (one sender, one core each)\n  resident memory, MB: {memory}"
        )
    warm, end = results[0].memory_bytes[-1], results[-1].memory_bytes[-1]
    print(f"memory after the first protocol {warm / _MB:.0f} MB, at the end {end / _MB:.0f} MB ({end / warm - 1:+.1%})")
    sys.exit(any(result.received != spans for result in results))


def _send(service: _Service, protocol: str, port: int, spans: int, first: int) -> Arrived:
    before = service.metric("loopwatch_spans_received_total")
    command = [sys.executable, "-m", "bench.sender", protocol, str(port), str(spans), f"--first={first}"]
    memory: list[float] = []
    with _ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as sender:
        while sender.poll() is None:
            memory.append(service.metric("process_resident_memory_bytes"))
            with suppress(subprocess.TimeoutExpired):
                sender.wait(_SAMPLE_S)
        assert sender.stdout is not None
        sent = json.loads(sender.stdout.read())
    memory.append(service.metric("process_resident_memory_bytes"))
    received = int(service.metric("loopwatch_spans_received_total") - before)
    return Arrived(protocol, sent["sent"], sent["failed"], received, sent["sent"] / sent["took_s"], memory)


@contextmanager
def _running() -> Iterator[_Service]:
    service = _Service(_free_port(), _free_port())
    settings = (
        f"receive.grpc_port={service.grpc_port}",
        f"receive.http_port={service.http_port}",
        "sinks.log.enabled=false",
        f"sessions.max_span_ids={_SPAN_IDS}",
    )
    command = [sys.executable, "-m", "loopwatch", "serve", *(part for item in settings for part in ("--set", item))]
    with _ended(subprocess.Popen(command, text=True)) as process:
        while not service.is_ready():
            assert process.poll() is None, "loopwatch serve ended before it was ready"
            time.sleep(0.1)
        yield service


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Leave no process behind, whatever happens."""
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


if __name__ == "__main__":
    main()
