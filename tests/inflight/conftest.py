"""Providers of their own for every test, patched clients put back, warnings and counts that begin anew."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from loopwatch import http_clock
from loopwatch._counts import forget_counts
from loopwatch._safely import forget_warnings
from tests.inflight.collector import Collector, collector
from tests.inflight.hanging import Hanging, hanging


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("ENDPOINT", "PROTOCOL", "LOGS_ENDPOINT", "LOGS_PROTOCOL"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)
    monkeypatch.delenv("OTEL_LOGS_EXPORTER", raising=False)
    forget_warnings()
    forget_counts()
    yield
    http_clock.uninstall()
    forget_warnings()
    forget_counts()


@pytest.fixture
def logs() -> Iterator[Collector]:
    """A Collector that takes logs."""
    with collector() as kept:
        yield kept


@pytest.fixture
def server() -> Iterator[Hanging]:
    """A model server that falls silent after 40 tokens."""
    with hanging() as kept:
        yield kept


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """The spans that ended."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, spans: InMemorySpanExporter) -> Iterator[TracerProvider]:
    """The tracer provider of the program."""
    provider = TracerProvider(resource=Resource({"service.name": "agents"}))
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield provider
    provider.shutdown()
