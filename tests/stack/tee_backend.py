"""The tee with another backend behind the same Collector, which keeps what arrives there, and when."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch_processor.receive.intake import Receipt, Signal
from stack import parts
from stack.ports import HOST, chosen
from stack.process import Process, together
from tests.receive.harness import Receivers, Recorder, receivers
from tests.stack.processes import PATIENCE_S, ROOT, until

REQUESTS = 400
"""One span each: many times what the queue of the tee holds."""
QUEUE_SIZE = 100
PAUSE_S = 0.005
_OTLP = {"content-type": "application/x-protobuf"}


@dataclass
class Tee:
    """A Collector with two exporters: loopwatch, and a backend that never fails."""

    loopwatch: Process
    collector: Process
    url: str
    """Where agents send to (OTLP/HTTP)."""
    metrics_url: str
    """Where the Collector tells of itself."""
    arrived_s: dict[bytes, float] = field(default_factory=dict)
    """When the backend had each span first."""
    _sent: int = 0

    def send(self, requests: int = REQUESTS) -> list[float]:
        """Send so many, one after another, and wait for all of them; the seconds that each took to the backend."""
        sent_s: dict[bytes, float] = {}
        with httpx.Client(headers=_OTLP, timeout=PATIENCE_S, trust_env=False) as client:
            for _ in range(requests):
                self._sent += 1
                span_id = self._sent.to_bytes(8, "big")
                sent_s[span_id] = time.monotonic()
                client.post(f"{self.url}/v1/traces", content=_request(span_id)).raise_for_status()
                time.sleep(PAUSE_S)
        until("everything at the backend", lambda: sent_s.keys() <= self.arrived_s.keys())
        return [self.arrived_s[span_id] - begun_s for span_id, begun_s in sent_s.items()]

    def dropped(self) -> float:
        """Spans that the Collector dropped because the queue towards loopwatch was full, as it counts them."""
        return _sum(f"{self.metrics_url}/metrics", "otelcol_exporter_enqueue_failed_spans", "loopwatch")

    def received(self) -> float:
        """Spans that loopwatch has received."""
        return _sum(self.loopwatch.url, "loopwatch_spans_received_total")


@contextmanager
def tee(otelcol: Path, folder: Path) -> Iterator[Tee]:
    """otel-collector.yaml with one more exporter, and a queue so short that seconds overflow it as minutes would."""
    ports = chosen({}, any_free=True)
    with ExitStack() as stack:
        recorder = Recorder()
        backend = stack.enter_context(receivers(recorder))
        overlay = folder / "backend.yaml"
        overlay.write_text(yaml.safe_dump(_overlay(backend)), "utf-8")
        loopwatch = parts.loopwatch(ports, folder, {"notify.alertmanager.urls": "[]"})
        collector = parts.collector(otelcol, ports, folder, ROOT / "otel-collector.yaml", overlay)
        found = Tee(
            loopwatch, collector, f"http://{HOST}:{ports.collector_http}", f"http://{HOST}:{ports.collector_metrics}"
        )
        recorder.answer = _keep_times(found)
        stack.enter_context(together((loopwatch, collector)))
        yield found


def ratio(others_s: list[float], usual_s: list[float]) -> float:
    """How many times the usual median the others' is."""
    return statistics.median(others_s) / statistics.median(usual_s)


def _keep_times(tee: Tee):  # type: ignore[no-untyped-def]
    def keep(signal: Signal, body: bytes) -> Receipt:
        now_s = time.monotonic()
        for span_id in _span_ids(body) if signal is Signal.traces else ():
            tee.arrived_s.setdefault(span_id, now_s)
        return Receipt()

    return keep


def _overlay(backend: Receivers) -> dict[str, object]:
    shipped = yaml.safe_load((ROOT / "otel-collector.yaml").read_text("utf-8"))
    (loopwatch,) = [name for name in shipped["exporters"] if name.endswith("/loopwatch")]
    small = {
        "timeout": "1s",
        "sending_queue": {"sizer": "requests", "queue_size": QUEUE_SIZE, "num_consumers": 2},
        "retry_on_failure": {"initial_interval": "500ms", "max_interval": "1s", "max_elapsed_time": "2s"},
    }
    plain = {"endpoint": backend.target, "tls": {"insecure": True}}
    traces = shipped["service"]["pipelines"]["traces"]["exporters"]
    return {
        "processors": {"batch": {"timeout": "10ms", "send_batch_size": 1, "send_batch_max_size": 1}},
        "exporters": {loopwatch: small, "otlp/backend": plain},
        "service": {
            "pipelines": {"traces": {"exporters": [*traces, "otlp/backend"]}},
        },
    }


def _sum(url: str, name: str, part: str = "") -> float:
    text = httpx.get(url, timeout=PATIENCE_S, trust_env=False).text
    lines = [line for line in text.splitlines() if line.startswith(name) and part in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _request(span_id: bytes) -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = span_id * 2, span_id, "chat gpt-4o-mini"
    span.start_time_unix_nano = span.end_time_unix_nano = time.time_ns()
    span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
    return request.SerializeToString()


def _span_ids(body: bytes) -> list[bytes]:
    request = ExportTraceServiceRequest.FromString(body)
    return [span.span_id for item in request.resource_spans for scope in item.scope_spans for span in scope.spans]
