"""Recorded OTLP/JSON spans as the SDK's own objects, so that an exporter can be tried on any emitter's spans."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags


def recorded_spans(path: Path) -> Iterator[ReadableSpan]:
    """Yield the spans of one file of OTLP/JSON lines."""
    for spans in recorded_requests(path):
        yield from spans


def recorded_requests(path: Path) -> Iterator[list[ReadableSpan]]:
    """Yield the spans of each request in one file of OTLP/JSON lines."""
    for line in path.read_text().splitlines():
        yield [
            _span(span, Resource(_attributes(resource_spans.get("resource", {}))), _scope(scope_spans))
            for resource_spans in json.loads(line).get("resourceSpans", [])
            for scope_spans in resource_spans.get("scopeSpans", [])
            for span in scope_spans["spans"]
        ]


def _scope(scope_spans: dict[str, Any]) -> InstrumentationScope:
    scope = scope_spans.get("scope", {})
    return InstrumentationScope(scope.get("name", ""), scope.get("version"), scope_spans.get("schemaUrl"))


def _span(span: dict[str, Any], resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    parent = span.get("parentSpanId")
    status = span.get("status", {})
    return ReadableSpan(
        name=span["name"],
        context=_context(span["traceId"], span["spanId"]),
        parent=_context(span["traceId"], parent) if parent else None,
        resource=resource,
        attributes=_attributes(span),
        events=[
            Event(event["name"], _attributes(event), int(event["timeUnixNano"])) for event in span.get("events", [])
        ],
        kind=SpanKind(max(int(span.get("kind", 1)) - 1, 0)),
        status=Status(StatusCode(status.get("code", 0)), status.get("message") if status.get("code") == 2 else None),
        links=[Link(_context(link["traceId"], link["spanId"]), _attributes(link)) for link in span.get("links", [])],
        instrumentation_scope=scope,
        start_time=int(span["startTimeUnixNano"]),
        end_time=int(span["endTimeUnixNano"]),
    )


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(1))


def _attributes(holder: dict[str, Any]) -> dict[str, Any]:
    return {item["key"]: _value(item["value"]) for item in holder.get("attributes", [])}


def _value(value: dict[str, Any]) -> Any:
    kind: str
    raw: Any
    kind, raw = next(iter(value.items()), ("stringValue", ""))
    if kind == "arrayValue":
        return tuple(_value(item) for item in raw.get("values", []))
    if kind == "kvlistValue":
        return json.dumps({item["key"]: _value(item["value"]) for item in raw.get("values", [])})
    return int(raw) if kind == "intValue" else raw
