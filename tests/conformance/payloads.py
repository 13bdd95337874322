"""One request of each signal with what opentelemetry-proto's own examples hold, written anew from the specification.

As there, ids are upper-case hex and 64-bit integers are JSON numbers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import orjson
from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch_processor.receive.intake import Signal

Json = dict[str, Any]

TRACE_ID, SPAN_ID, PARENT_ID = "5B8EFFF798038103D269B633813FC60C", "EEE19B7EC3C1B174", "EEE19B7EC3C1B173"
AT_NS = 1_544_712_660_300_000_000
REQUESTS: dict[Signal, Callable[[], Message]] = {
    Signal.traces: ExportTraceServiceRequest,
    Signal.logs: ExportLogsServiceRequest,
    Signal.metrics: ExportMetricsServiceRequest,
}


def text(key: str, value: str = "some value") -> Json:
    """An attribute that is a string."""
    return {"key": key, "value": {"stringValue": value}}


SPAN: Json = {
    "traceId": TRACE_ID,
    "spanId": SPAN_ID,
    "parentSpanId": PARENT_ID,
    "name": "I'm a server span",
    "startTimeUnixNano": AT_NS,
    "endTimeUnixNano": AT_NS + 1_000_000_000,
    "kind": 2,
    "attributes": [text("my.span.attr")],
}
RECORD: Json = {
    "timeUnixNano": AT_NS,
    "observedTimeUnixNano": AT_NS,
    "severityNumber": 10,
    "severityText": "Information",
    "traceId": TRACE_ID,
    "spanId": SPAN_ID,
    "body": {"stringValue": "Example log record"},
    "attributes": [
        text("string.attribute", "some string"),
        {"key": "boolean.attribute", "value": {"boolValue": True}},
        {"key": "int.attribute", "value": {"intValue": 10}},
        {"key": "double.attribute", "value": {"doubleValue": 637.704}},
        {"key": "array.attribute", "value": {"arrayValue": {"values": [{"stringValue": "many"}]}}},
        {"key": "map.attribute", "value": {"kvlistValue": {"values": [text("some.map.key")]}}},
    ],
}
_POINT: Json = {"startTimeUnixNano": AT_NS, "timeUnixNano": AT_NS, "attributes": [text("my.point.attr")]}
_HISTOGRAM: Json = {"count": 2, "sum": 2, "bucketCounts": [1, 1], "explicitBounds": [1], "min": 1, "max": 1}
_METRICS: list[Json] = [
    {
        "name": "my.counter",
        "unit": "1",
        "description": "I am a Counter",
        "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [{"asDouble": 5, **_POINT}]},
    },
    {"name": "my.gauge", "unit": "1", "gauge": {"dataPoints": [{"asInt": "10", **_POINT}]}},
    {"name": "my.histogram", "histogram": {"aggregationTemporality": 1, "dataPoints": [{**_HISTOGRAM, **_POINT}]}},
    {
        "name": "my.exponential.histogram",
        "exponentialHistogram": {
            "aggregationTemporality": 1,
            "dataPoints": [
                {"count": 3, "scale": 0, "zeroCount": 1, "positive": {"offset": 1, "bucketCounts": [0, 2]}, **_POINT}
            ],
        },
    },
]
_RESOURCE: Json = {"attributes": [text("service.name", "my.service")]}
_SCOPE: Json = {"name": "my.library", "version": "1.0.0", "attributes": [text("my.scope.attribute")]}

EXAMPLES: dict[Signal, Json] = {
    Signal.traces: {
        "resourceSpans": [{"resource": _RESOURCE, "scopeSpans": [{"scope": _SCOPE, "spans": [SPAN]}]}],
    },
    Signal.logs: {
        "resourceLogs": [{"resource": _RESOURCE, "scopeLogs": [{"scope": _SCOPE, "logRecords": [RECORD]}]}],
    },
    Signal.metrics: {
        "resourceMetrics": [{"resource": _RESOURCE, "scopeMetrics": [{"scope": _SCOPE, "metrics": _METRICS}]}],
    },
}
"""By signal, an Export*ServiceRequest in OTLP/JSON."""


def of_span(**fields: Any) -> Json:
    """A request of the example's span with *fields* instead."""
    return {"resourceSpans": [{"resource": _RESOURCE, "scopeSpans": [{"scope": _SCOPE, "spans": [SPAN | fields]}]}]}


def official(signal: Signal, content: Json) -> Message:
    """*content* as protobuf's own reader of JSON sees it, after ids are what it expects: base64."""
    message: Message = json_format.Parse(orjson.dumps(_with_ids(content, _base64_of_hex)), REQUESTS[signal]())
    return message


def protobuf(signal: Signal, content: Json) -> bytes:
    """*content* in the other encoding."""
    return official(signal, content).SerializeToString()


def _base64_of_hex(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode()


def _with_ids(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_with_ids(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {key: change(item) if key in ids else _with_ids(item, change) for key, item in value.items()}
