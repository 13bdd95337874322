"""Reading what the helpers recorded."""

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def span_named(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    """Return the one span of this name."""
    (found,) = (span for span in exporter.get_finished_spans() if span.name == name)
    return found


def attributes_of(exporter: InMemorySpanExporter, name: str) -> dict[str, Any]:
    """Return the attributes of the one span of this name."""
    return dict(span_named(exporter, name).attributes or {})
