"""One request to a real service, by each way that OTLP knows, and its answer in the words of google.rpc."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import grpc
import httpx
import orjson
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from grpc_status import rpc_status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from loopwatch_processor.receive.intake import Signal
from tests.conformance.payloads import Json, protobuf
from tests.stack.processes import Loopwatch

PROTOBUF, JSON = "application/x-protobuf", "application/json"
RESPONSES: dict[Signal, tuple[type[Message], str]] = {
    Signal.traces: (ExportTraceServiceResponse, "rejected_spans"),
    Signal.logs: (ExportLogsServiceResponse, "rejected_log_records"),
    Signal.metrics: (ExportMetricsServiceResponse, "rejected_data_points"),
}


class Way(Enum):
    """Protocol and encoding."""

    GRPC = "gRPC"
    HTTP = "HTTP with protobuf"
    HTTP_JSON = "HTTP with JSON"


@dataclass(frozen=True)
class Answer:
    """What one request was answered; *status* is OK with code 0."""

    status: status_pb2.Status
    response: Message | None = None
    http_status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def code(self) -> str:
        """The name of the google.rpc code."""
        return next(item.name for item in grpc.StatusCode if item.value[0] == self.status.code)

    @property
    def retry_after_s(self) -> float | None:
        """The delay of its RetryInfo, if it has one."""
        retry = error_details_pb2.RetryInfo()
        found = any(detail.Unpack(retry) for detail in self.status.details)
        return retry.retry_delay.ToMilliseconds() / 1000 if found else None

    @property
    def violations(self) -> list[str]:
        """What its BadRequest says is wrong."""
        bad = error_details_pb2.BadRequest()
        found = any(detail.Unpack(bad) for detail in self.status.details)
        return [item.description for item in bad.field_violations] if found else []


def encoded(way: Way, signal: Signal, content: Json) -> bytes:
    """*content* as it is sent on this *way*."""
    return orjson.dumps(content) if way is Way.HTTP_JSON else protobuf(signal, content)


def send(server: Loopwatch, way: Way, body: bytes, signal: Signal = Signal.traces, **headers: str) -> Answer:
    """Send *body*, encoded already; *headers* are more of them, for HTTP."""
    if way is Way.GRPC:
        return _over_grpc(server, signal, body)
    media_type = JSON if way is Way.HTTP_JSON else PROTOBUF
    return over_http(server, body, signal, **{"content-type": media_type, **headers})


def over_http(server: Loopwatch, body: Any, signal: Signal = Signal.traces, **headers: str) -> Answer:
    """POST *body* with just these *headers*."""
    url = f"{server.url}{signal.http_path}"
    return answer_of(signal, httpx.post(url, content=body, headers=headers, trust_env=False, timeout=60))


def answer_of(signal: Signal, answer: httpx.Response) -> Answer:
    """Read an HTTP answer; the media type must be one of OTLP's two."""
    kind = RESPONSES[signal][0] if answer.is_success else status_pb2.Status
    media_type = answer.headers["content-type"]
    assert media_type in (PROTOBUF, JSON)
    message = json_format.Parse(answer.content, kind()) if media_type == JSON else kind.FromString(answer.content)
    headers = dict(answer.headers)
    if answer.is_success:
        return Answer(status_pb2.Status(), message, answer.status_code, headers, answer.content)
    return Answer(message, None, answer.status_code, headers, answer.content)


def _over_grpc(server: Loopwatch, signal: Signal, body: bytes) -> Answer:
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}", options) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{signal.grpc_service}/Export")
        try:
            answer = call(body, timeout=60)
        except grpc.RpcError as error:
            return Answer(rpc_status.from_call(error) or _plain(error))
    return Answer(status_pb2.Status(), RESPONSES[signal][0].FromString(answer), body=answer)


def _plain(error: Any) -> status_pb2.Status:
    return status_pb2.Status(code=error.code().value[0], message=error.details())
