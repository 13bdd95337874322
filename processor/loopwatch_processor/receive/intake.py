"""What the receivers hand over, to whom, and what they get back."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Signal(StrEnum):
    """The three kinds of telemetry that `OTEL_EXPORTER_OTLP_ENDPOINT` sends to one address."""

    traces = "traces"
    logs = "logs"
    metrics = "metrics"

    @property
    def http_path(self) -> str:
        """The OTLP/HTTP path, for example `/v1/traces`."""
        return f"/v1/{self}"

    @property
    def grpc_service(self) -> str:
        """The OTLP/gRPC service, whose only method is `Export`."""
        return _GRPC_SERVICES[self]


_GRPC_SERVICES = {
    Signal.traces: "opentelemetry.proto.collector.trace.v1.TraceService",
    Signal.logs: "opentelemetry.proto.collector.logs.v1.LogsService",
    Signal.metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one accepted request.

    *rejected* counts spans, log records or data points that were not taken; the sender must not retry them.
    *message* says why, or warns. Both empty means full success.
    """

    rejected: int = 0
    message: str = ""

    @property
    def partial(self) -> bool:
        """Whether the answer carries a partial_success."""
        return self.rejected > 0 or bool(self.message)


class Intake(Protocol):
    """Owns every request that it accepts."""

    def accept(self, signal: Signal, body: bytes) -> Receipt | Awaitable[Receipt]:
        """Take *body*, the protobuf encoding of an Export*ServiceRequest without compression.

        Synchronous work on the event loop's thread. An empty body is an empty request. An awaitable says that somebody
        else has to own the request first; others take their turn meanwhile, and the same may be raised later.

        Raises:
            Undecodable: the body is not what it claims to be; answered 400 / INVALID_ARGUMENT.
            RefusedDownstream: it will never be taken where it has to go; answered likewise.
            Busy: no room now; answered 503 / UNAVAILABLE with the time to wait.
            Exception: anything else is our own fault; answered 503 / UNAVAILABLE, so that no client drops data.
        """
        ...
