"""A Collector's logs door on a free port: keeps every event that arrives over OTLP/HTTP."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tests.semconv.wire import decoded


@dataclass(frozen=True)
class Told:
    """One event as it came over the wire."""

    name: str
    trace_id: str
    span_id: str
    severity: str
    attributes: dict[str, Any]
    resource: dict[str, Any]


@dataclass
class Collector:
    """What arrived so far."""

    port: int = 0
    told: list[Told] = field(default_factory=list)
    requests: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def endpoint(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def take(self, body: bytes) -> None:
        """Keep the events of one request."""
        with self.changed:
            self.told += _events(ExportLogsServiceRequest.FromString(body))
            self.requests += 1
            self.changed.notify_all()

    def wait_for(self, is_enough: Callable[[list[Told]], object], within_s: float = 60.0) -> list[Told]:
        """Wait until what arrived is enough; the test fails where that takes too long."""
        with self.changed:
            assert self.changed.wait_for(lambda: is_enough(self.told), within_s), self.told
            return list(self.told)


@contextmanager
def collector() -> Iterator[Collector]:
    """Take logs for the length of the block."""
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path.endswith("/v1/logs"):
                kept.take(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _events(request: ExportLogsServiceRequest) -> Iterator[Told]:
    for resource_logs in request.resource_logs:
        resource = decoded(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            for record in scope_logs.log_records:
                yield Told(
                    record.event_name,
                    record.trace_id.hex(),
                    record.span_id.hex(),
                    record.severity_text,
                    decoded(record.attributes),
                    resource,
                )
