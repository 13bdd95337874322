"""Spans written by hand, for tests that say which trace, which conversation and which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.receive.intake import Signal
from tests.receive.harness import Receivers

PROTOBUF = {"content-type": "application/x-protobuf"}


def request_of(spans: Iterable[Span], resource: Mapping[str, str] | None = None) -> bytes:
    """One request of *spans*, all of one resource."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for key, text in {"service.name": "shop", **(resource or {})}.items():
        group.resource.attributes.add(key=key).value.string_value = text
    group.scope_spans.add().spans.extend(spans)
    return request.SerializeToString()


def model_call(trace_id: bytes, number: int, input_tokens: int = 2_000, **attributes: str) -> Span:
    """The *number*-th span of a trace: a call of a model with a window of 128,000 tokens; `__` in keywords is a dot."""
    start_ns = number * 10**9
    times = {"start_time_unix_nano": start_ns, "end_time_unix_nano": start_ns + 10**8}
    span = Span(trace_id=trace_id, span_id=number.to_bytes(8, "big"), name="chat gpt-4o-mini", **times)
    for key, text in attributes.items():
        span.attributes.add(key=key.replace("__", ".")).value.string_value = text
    for key, text in (("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "gpt-4o-mini")):
        span.attributes.add(key=key).value.string_value = text
    span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = input_tokens
    return span


def send(url: str, body: bytes) -> httpx.Response:
    """Send one request of spans to the OTLP/HTTP receiver at *url*."""
    return httpx.post(f"{url}/v1/traces", content=body, headers=PROTOBUF, trust_env=False, timeout=60)


def spans_of(body: bytes) -> list[Span]:
    """The spans of one export request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [span for item in request.resource_spans for scope in item.scope_spans for span in scope.spans]


def spans_received(backend: Receivers) -> list[Span]:
    """All spans that *backend* has, in the order in which they came, repeats included."""
    return [span for kind, body in list(backend.intake.bodies) if kind is Signal.traces for span in spans_of(body)]
