"""Spans with events and log records made by hand, of any attribute type: sent and decoded."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from loopwatch_processor.otlp import LogRecord, Span, decode_logs, decode_traces

START_NS = 1_780_272_000_000_000_000


def span(
    attributes: dict[str, Any],
    *,
    scope: str = "",
    name: str = "chat",
    duration_s: float = 1.0,
    status_code: int = 0,
    events: list[tuple[str, dict[str, Any]]] | None = None,
) -> Span:
    """One root span."""
    request = ExportTraceServiceRequest()
    scoped = request.resource_spans.add().scope_spans.add()
    scoped.scope.name = scope
    item = scoped.spans.add(trace_id=bytes(16), span_id=bytes(8), name=name, start_time_unix_nano=START_NS)
    item.end_time_unix_nano = START_NS + round(duration_s * 1e9)
    item.status.code = status_code
    item.attributes.extend(_pairs(attributes))
    for event_name, event_attributes in events or ():
        item.events.add(name=event_name, attributes=_pairs(event_attributes))
    (decoded,) = decode_traces(request.SerializeToString())
    assert isinstance(decoded, Span)
    return decoded


def log_record(event_name: str, body: Any = None, attributes: dict[str, Any] | None = None) -> LogRecord:
    """One log record."""
    request = ExportLogsServiceRequest()
    item = request.resource_logs.add().scope_logs.add().log_records.add(event_name=event_name)
    item.attributes.extend(_pairs(attributes or {}))
    if body is not None:
        item.body.CopyFrom(_any_value(body))
    (decoded,) = decode_logs(request.SerializeToString())
    assert isinstance(decoded, LogRecord)
    return decoded


def _any_value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=map(_any_value, value)))
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=_pairs(value)))
    return AnyValue() if value is None else AnyValue(string_value=value)


def _pairs(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_any_value(value)) for key, value in values.items()]
