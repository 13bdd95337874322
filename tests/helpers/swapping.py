"""One span, and what is left of its attributes once it is exported without content."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import SpanContext, Status, TraceFlags

from loopwatch.exporter import sketched

ARGUMENTS_HASH = "loopwatch.tool.arguments.hash"
ERROR_CLASS = "loopwatch.tool.error.class"


def span_of(attributes: dict[str, Any], *, events: Sequence[Event] = (), status: Status | None = None) -> ReadableSpan:
    """A child span with *attributes*."""
    return ReadableSpan(
        name="span",
        context=SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(1)),
        parent=SpanContext(7, 9, is_remote=False, trace_flags=TraceFlags(1)),
        resource=Resource({"service.name": "s"}),
        attributes=attributes,
        events=events,
        status=status or Status(),
        start_time=1,
        end_time=2,
    )


def swap(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What is left of *attributes* once they leave the process."""
    return dict(sketched(span_of(attributes, **more)).attributes or {})
