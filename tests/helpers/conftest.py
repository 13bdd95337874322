"""A tracer provider of its own for every test, and warnings that are said anew."""

import sys
from collections.abc import Iterator

import pytest
from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from loopwatch._safely import forget_warnings
from loopwatch.content import CAPTURE_VARIABLE
from loopwatch.sketch import SKETCH_KEY_VARIABLE


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(CAPTURE_VARIABLE, raising=False)
    monkeypatch.delenv(SKETCH_KEY_VARIABLE, raising=False)
    forget_warnings()
    yield
    forget_warnings()


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Collects the spans that end while it is in use."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "tests"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


@pytest.fixture
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program that never set OpenTelemetry up."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)


@pytest.fixture
def no_logger_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a program that never set logs up; what the test sets up is shut down."""
    internal = sys.modules[_logs.get_logger_provider.__module__]
    monkeypatch.setattr(internal, "_LOGGER_PROVIDER", None)
    monkeypatch.setattr(internal, "_LOGGER_PROVIDER_SET_ONCE", type(internal._LOGGER_PROVIDER_SET_ONCE)())
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", type(trace._TRACER_PROVIDER_SET_ONCE)())
    yield
    provider = _logs.get_logger_provider()
    if isinstance(provider, LoggerProvider):
        provider.shutdown()
