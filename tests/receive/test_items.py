"""A request of too many pieces is refused before anything is made of them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch_processor.errors import TooManyItems
from loopwatch_processor.receive.items import refuse_crowd, refuse_json_crowd


def _request(resources: int, scopes: int, spans: int) -> bytes:
    """So many resources, each of so many scopes, each of so many spans."""
    request = ExportTraceServiceRequest()
    for _ in range(resources):
        resource = request.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = "shop"
        for _ in range(scopes):
            scope = resource.scope_spans.add()
            scope.scope.name = "library"
            for number in range(spans):
                scope.spans.add(name="x" * 50, span_id=number.to_bytes(8, "big"))
    return request.SerializeToString()


def _length(size: int) -> bytes:
    return bytes([0x80 | size & 0x7F, 0x80 | size >> 7 & 0x7F, size >> 14])


def _in(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _length(len(content)) + content


def test_a_usual_batch_passes() -> None:
    """Thirty spans of two scopes of one resource are thirty-five parts: each message and what it has beside them."""
    body = _request(1, 2, 15)
    refuse_crowd(body, 36)
    with pytest.raises(TooManyItems, match="more than 30 items: send smaller batches"):
        refuse_crowd(body, 30)


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\0" * 5_000,
        _in(1, b"\x12\0" * 5_000),
        _in(1, _in(2, b"\x12\0" * 5_000)),
        _in(1, _in(2, b"\x0a\0" * 5_000)),
        b"\x10\0" * 5_000,
        b"\x0b\x0c" * 5_000,
        b"\x0d\0\0\0\0" * 5_000,
        _in(1, b"\x0a\0" * 5_000),
    ],
    ids=["resources", "scopes", "spans", "parts of a scope", "unknown", "groups", "fixed", "parts of a resource"],
)
def test_empty_parts_of_every_kind_are_counted(body: bytes) -> None:
    """Whatever they are, two bytes must not become an object each."""
    refuse_crowd(body, 10_005)
    with pytest.raises(TooManyItems):
        refuse_crowd(body, 1_000)


def test_what_spans_hold_is_not_counted() -> None:
    """A span of ten thousand attributes is one item."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    for number in range(10_000):
        span.attributes.add(key=str(number))
    refuse_crowd(request.SerializeToString(), 10)


@given(st.binary(max_size=400))
def test_any_bytes_are_looked_through_without_a_fault(body: bytes) -> None:
    """Nothing but the one refusal comes out, and never for a bound that the bytes cannot reach."""
    refuse_crowd(body, len(body))
    with suppress(TooManyItems):
        refuse_crowd(body, 3)


def test_json_is_counted_by_its_objects_and_arrays() -> None:
    """Twenty for each item that may be."""
    refuse_json_crowd(b'{"resourceSpans":[' + b"{}," * 18 + b"]}", 1)
    with pytest.raises(TooManyItems):
        refuse_json_crowd(b'{"resourceSpans":[' + b"{}," * 19 + b"]}", 1)
