"""What spans are sent to: `loopwatch serve` as tee and in-line, and the Collector that passes or tail-samples them."""

from __future__ import annotations

import compileall
import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import grpc
import httpx

import loopwatch
import loopwatch_processor
from stack.process import Process

HOST = "127.0.0.1"
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_MAX_BYTES = 64 * 1024 * 1024
TEE, INLINE, COMPILED = "loopwatch, tee", "loopwatch, in-line", "loopwatch compiled, tee"
PASS, TAIL = "Collector, pass-through", "Collector, tail sampling"
LOOPWATCH = (TEE, INLINE, COMPILED)
KINDS = (TEE, INLINE, PASS, TAIL)
"""Without what has to be compiled first."""

_COLLECTOR_YAML = """\
extensions:
  health_check: {{endpoint: "{host}:{health}"}}
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "{host}:{grpc}", max_recv_msg_size_mib: 64}}
      http: {{endpoint: "{host}:{http}"}}
processors:
  batch: {{timeout: 200ms, send_batch_size: 512}}
  # What loopwatch is asked to do, with the means of attributes: keep what failed, what is slow, what talks a lot, and
  # a tenth of the rest.
  tail_sampling:
    decision_wait: 1s
    num_traces: 200000
    policies:
      - {{name: failed, type: status_code, status_code: {{status_codes: [ERROR]}}}}
      - {{name: sick, type: string_attribute, string_attribute: {{key: loopwatch.health, values: [warning, critical]}}}}
      - name: long
        type: numeric_attribute
        numeric_attribute: {{key: gen_ai.usage.input_tokens, min_value: 100000, max_value: 100000000}}
      - {{name: slow, type: latency, latency: {{threshold_ms: 60000}}}}
      - {{name: some, type: probabilistic, probabilistic: {{sampling_percentage: 10}}}}
exporters:
  otlp:
    endpoint: "{host}:{sink}"
    tls: {{insecure: true}}
    compression: none
    sending_queue: {{queue_size: 10000}}  # the default of 1,000 is full at times, as the backend here is in Python
service:
  extensions: [health_check]
  telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}
  pipelines:
    traces: {{receivers: [otlp], processors: [{processors}], exporters: [otlp]}}
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its children used so far."""

    cpu_s: float
    """User and system time, in steps of the kernel's clock tick (10 ms)."""
    peak_bytes: int
    """Of resident memory, at any time."""


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs."""

    kind: str
    grpc_port: int
    http_port: int
    process: Process
    probe: str
    """A URL that it answers cheaply."""

    def usage(self) -> Usage:
        """Of the process, with its children."""
        return usage_of(self.process.pid)


def usage_of(pid: int) -> Usage:
    """From /proc, of *pid* with its children, those that ended too."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    cpu_s = sum(map(int, fields[11:15])) * _TICK_S
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    peak_bytes = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text(encoding="utf-8").split():
            other = usage_of(int(child))
            cpu_s, peak_bytes = cpu_s + other.cpu_s, peak_bytes + other.peak_bytes
    return Usage(cpu_s, peak_bytes)


@contextmanager
def running(
    kind: str, folder: Path, sink_port: int, otelcol: Path | None, *settings: str, compiled: Path | None = None
) -> Iterator[Server]:
    """One of `KINDS`, or `COMPILED` from the folder *compiled*, for the block; *settings* are loopwatch's."""
    ports = free_ports(3)
    if kind in LOOPWATCH:
        packages = compiled if kind == COMPILED else None
        server = _loopwatch(kind, folder, sink_port, ports, settings=settings, packages=packages)
    else:
        server = _collector(kind, folder, sink_port, otelcol, ports)
    try:
        server.process.start()
        server.process.wait_until_ready()
        yield server
    finally:
        server.process.stop()


def _loopwatch(
    kind: str, folder: Path, sink_port: int, ports: list[int], *, settings: tuple[str, ...], packages: Path | None
) -> Server:
    _compile()
    grpc_port, http_port, _ = ports
    url = f"http://{HOST}:{http_port}"
    chosen = [f"receive.grpc_port={grpc_port}", f"receive.http_port={http_port}", "sinks.log.enabled=false"]
    chosen += [f"journal.url=sqlite:///{folder}/journal.db", *settings]
    if kind == INLINE:
        chosen += [f"forward.endpoint=http://{HOST}:{sink_port}", "forward.compress=false"]
    command = [sys.executable, "-m", "loopwatch", "serve", *(part for item in chosen for part in ("--set", item))]
    ready_at = f"{url}/readyz"
    environment = {"PYTHONPATH": str(packages)} if packages is not None else {}
    log = folder / "loopwatch.log"
    process = Process(kind, command, log, url, ready_at=ready_at, environment=environment)
    return Server(kind, grpc_port, http_port, process, ready_at)


@cache
def _compile() -> None:
    """As pip does when it installs: otherwise each start would do it, where Python may keep nothing (0.4 s)."""
    for package in (loopwatch, loopwatch_processor):
        for folder in package.__path__:
            compileall.compile_dir(folder, quiet=1)


def _collector(kind: str, folder: Path, sink_port: int, otelcol: Path | None, ports: list[int]) -> Server:
    assert otelcol is not None
    grpc_port, http_port, health_port = ports
    config, health = folder / "collector.yaml", f"http://{HOST}:{health_port}"
    processors = "tail_sampling, batch" if kind == TAIL else ""
    named = {"host": HOST, "grpc": grpc_port, "http": http_port, "health": health_port, "sink": sink_port}
    config.write_text(_COLLECTOR_YAML.format(**named, processors=processors), encoding="utf-8")
    command = [str(otelcol), "--config", str(config)]
    process = Process(kind, command, folder / "collector.log", health, ready_at=health)
    return Server(kind, grpc_port, http_port, process, health)


@contextmanager
def sink() -> Iterator[int]:
    """A backend over OTLP/gRPC that takes everything and keeps nothing; its port. It costs this process, not theirs."""
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", _MAX_BYTES)])
    server.add_generic_rpc_handlers([_TakesAll()])
    port = server.add_insecure_port(f"{HOST}:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


class _TakesAll(grpc.GenericRpcHandler):
    def service(self, _details: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(lambda _body, _context: b"")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


def metric(server: Server, name: str) -> float:
    """The sum over all series of a metric of loopwatch."""
    text = httpx.get(f"http://{HOST}:{server.http_port}/metrics", trust_env=False, timeout=60).text
    return sum(
        float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{"))
    )
