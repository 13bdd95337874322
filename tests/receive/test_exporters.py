"""The Python OTLP exporters, as users run them, against both receivers."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from loopwatch_processor.receive.intake import Signal
from tests.receive.harness import Receivers, receivers


@pytest.fixture(scope="module", name="servers")
def _servers() -> Iterator[Receivers]:
    with receivers() as servers:
        yield servers


def _spans(names: list[str]) -> list[ReadableSpan]:
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    for name in names:
        provider.get_tracer("test").start_span(name).end()
    return list(memory.get_finished_spans())


def _exporters(servers: Receivers) -> dict[str, SpanExporter]:
    url = f"{servers.url}/v1/traces"
    return {
        "grpc": GrpcSpanExporter(servers.target, insecure=True),
        "grpc gzip": GrpcSpanExporter(servers.target, insecure=True, compression=grpc.Compression.Gzip),
        "http": HttpSpanExporter(url),
        "http gzip": HttpSpanExporter(url, compression=Compression.Gzip),
    }


@pytest.mark.parametrize("kind", ["grpc", "grpc gzip", "http", "http gzip"])
def test_every_exporter_delivers_its_spans(servers: Receivers, kind: str) -> None:
    """Each protocol, with and without compression, hands over the spans as uncompressed protobuf."""
    servers.intake.bodies.clear()
    exporter = _exporters(servers)[kind]

    result = exporter.export(_spans(["one", "two"]))
    exporter.shutdown()

    (signal, body), *rest = servers.intake.bodies
    spans = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans
    assert result is SpanExportResult.SUCCESS
    assert (signal, rest) == (Signal.traces, [])
    assert [span.name for span in spans] == ["one", "two"]
