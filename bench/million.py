"""A million spans over each protocol, from the Python OTLP exporters into a real `loopwatch serve`: what arrived, and
what the service's memory did meanwhile. Run: python -m bench.million [--spans N]"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

_LISTENS = re.compile(r"listens on \S+:(\d+) \(OTLP/gRPC\) and \S+:(\d+)")
_SAMPLE_S = 5.0
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
        text = httpx.get(f"http://127.0.0.1:{self.http_port}/metrics", trust_env=False, timeout=60).text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if re.match(rf"{name}[ {{]", line))


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
    sender = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    memory: list[float] = []
    while True:
        memory.append(service.metric("process_resident_memory_bytes"))
        try:
            said, _ = sender.communicate(timeout=_SAMPLE_S)
            break
        except subprocess.TimeoutExpired:
            continue
    memory.append(service.metric("process_resident_memory_bytes"))
    sent = json.loads(said)
    received = int(service.metric("loopwatch_spans_received_total") - before)
    return Arrived(protocol, sent["sent"], sent["failed"], received, sent["sent"] / sent["took_s"], memory)


@contextmanager
def _running() -> Iterator[_Service]:
    settings = ("receive.grpc_port=0", "receive.http_port=0", "sinks.log.enabled=false")
    command = [sys.executable, "-m", "loopwatch", "serve", *(part for item in settings for part in ("--set", item))]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield _listening(process)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _listening(process: subprocess.Popen[str]) -> _Service:
    assert process.stderr is not None
    for line in process.stderr:
        if found := _LISTENS.search(line):
            return _Service(int(found[1]), int(found[2]))
    raise SystemExit("loopwatch serve ended before it listened")


if __name__ == "__main__":
    main()
