"""In-line: otel-collector.inline.yaml as shipped, a real Collector on both sides of a real `loopwatch serve`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.receive.intake import Signal
from tests.receive.harness import Receivers, receivers
from tests.stack.processes import ROOT, Collector, Loopwatch, free_ports
from tests.stack.sending import spans_received

USUAL_BYTES = 4 * 1024 * 1024
"""What a gRPC server takes where nobody said otherwise, as many backends."""
CONFIG = ROOT / "otel-collector.inline.yaml"


class Inline:
    """Collector, loopwatch, the same Collector again, and a backend that keeps what arrives."""

    def __init__(self, otelcol: Path, folder: Path, backend: Receivers, config: Path, **environment: str) -> None:
        grpc_port, self.http_port, scored_port = free_ports(3)
        self.backend = backend
        self.queue = folder / "queue"
        self.loopwatch = Loopwatch(folder, f"forward.endpoint=http://127.0.0.1:{scored_port}")
        own = {
            "COLLECTOR_GRPC": f"127.0.0.1:{grpc_port}",
            "COLLECTOR_HTTP": f"127.0.0.1:{self.http_port}",
            "SCORED_GRPC": f"127.0.0.1:{scored_port}",
            "LOOPWATCH_GRPC": f"127.0.0.1:{self.loopwatch.grpc_port}",
            "BACKEND_GRPC": backend.target,
            "QUEUE_DIR": str(self.queue),
            "KEEP_PERCENT": "100",
            "DECISION_WAIT": "1s",
        }
        self.collector = Collector(otelcol, config, folder / "collector.log", **{**own, **environment})

    @property
    def url(self) -> str:
        """Where agents send to."""
        return f"http://127.0.0.1:{self.http_port}"

    def spans(self) -> dict[bytes, Span]:
        """What the backend has, by span id; the same span twice must be the same."""
        found: dict[bytes, Span] = {}
        for span in spans_received(self.backend):
            assert found.setdefault(span.span_id, span) == span
        return found

    def records(self) -> list[LogRecord]:
        """The log records that the backend has."""
        bodies = [body for kind, body in list(self.backend.intake.bodies) if kind is Signal.logs]
        requests = [ExportLogsServiceRequest.FromString(body) for body in bodies]
        scopes = [scope for request in requests for item in request.resource_logs for scope in item.scope_logs]
        return [record for scope in scopes for record in scope.log_records]


@contextmanager
def inline_running(otelcol: Path, folder: Path, config: Path = CONFIG, **environment: str) -> Iterator[Inline]:
    """The whole way for the length of the block; *environment* sets what the Collector's file asks for."""
    with receivers(body_max_bytes=USUAL_BYTES) as backend:
        inline = Inline(otelcol, folder, backend, config, **environment)
        with inline.loopwatch.running(), inline.collector.running():
            yield inline
