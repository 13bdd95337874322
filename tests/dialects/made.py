"""Spans made by hand, for what no recording holds."""

from __future__ import annotations

import json
from typing import Any

from loopwatch_processor.dialects import read
from loopwatch_processor.otlp import Span, decode_traces
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from loopwatch_processor.step import Step

START_NS = 1_780_272_000_000_000_000


def span(
    attributes: dict[str, Any],
    name: str = "span",
    scope: str = "scope",
    duration_ms: float = 100,
    events_ms: dict[str, list[float]] | None = None,
    **more: Any,
) -> Span:
    """A span with *attributes*; *events_ms*: by event name, when after the start; *more* is OTLP/JSON."""
    made = {
        "traceId": "01" * 16,
        "spanId": "02" * 8,
        "parentSpanId": "03" * 8,
        "name": name,
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + round(duration_ms * 1e6)),
        "attributes": [{"key": key, "value": _wire(value)} for key, value in attributes.items()],
        "events": [
            {"name": event, "timeUnixNano": str(START_NS + round(at_ms * 1e6))}
            for event, times in (events_ms or {}).items()
            for at_ms in times
        ],
        **more,
    }
    request = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": scope}, "spans": [made]}]}]}
    (found,) = decode_traces(to_protobuf(Signal.traces, json.dumps(request).encode()))
    assert isinstance(found, Span)
    return found


def step(attributes: dict[str, Any], **more: Any) -> Step:
    """What the registry reads of such a span; see `span`."""
    found = read(span(attributes, **more))
    assert found is not None
    return found


def _wire(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_wire(item) for item in value]}}
    return {"stringValue": value if isinstance(value, str) else json.dumps(value)}
