"""OTLP/JSON becomes the same protobuf bytes that a protobuf client would have sent."""

from __future__ import annotations

import base64
import math
from typing import Any

import orjson
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.errors import Undecodable
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf


def _span(**fields: Any) -> Span:
    body = orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]})
    request = ExportTraceServiceRequest.FromString(to_protobuf(Signal.traces, body))
    return request.resource_spans[0].scope_spans[0].spans[0]


def _value(value: dict[str, Any]) -> Any:
    return _span(attributes=[{"key": "k", "value": value}]).attributes[0].value


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_ids_are_hexadecimal_in_any_case(change: Any) -> None:
    """Trace, span, parent and link ids are hex, not base64."""
    trace_id, span_id = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
    ids = {"traceId": change(trace_id), "spanId": change(span_id)}
    span = _span(**ids, parentSpanId=change(span_id), links=[ids])

    assert span.trace_id.hex() == span.links[0].trace_id.hex() == trace_id
    assert span.span_id.hex() == span.parent_span_id.hex() == span.links[0].span_id.hex() == span_id


@pytest.mark.parametrize("time_ns", ["1544712660300000000", 1544712660300000000])
def test_64_bit_integers_are_strings_or_numbers(time_ns: Any) -> None:
    """Both spellings keep every nanosecond."""
    assert _span(startTimeUnixNano=time_ns).start_time_unix_nano == 1544712660300000000


def test_enums_are_integers_and_names_are_understood() -> None:
    """The specification asks for integers; a name is no reason to lose a span; an unknown number is kept."""
    assert _span(kind=3).kind == _span(kind="SPAN_KIND_CLIENT").kind == Span.SPAN_KIND_CLIENT
    assert _span(kind=99).kind == 99


def test_unknown_fields_and_nulls_are_ignored() -> None:
    """A newer sender's fields change nothing."""
    assert _span(name="a", newField={"deep": [1]}, status=None) == _span(name="a")


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ({"stringValue": "é\u0000"}, "string_value", "é\u0000"),
        ({"boolValue": False}, "bool_value", False),
        ({"intValue": "-5"}, "int_value", -5),
        ({"doubleValue": 0.5}, "double_value", 0.5),
        ({"doubleValue": "Infinity"}, "double_value", math.inf),
        ({"bytesValue": base64.b64encode(b"\xff\xfe").decode()}, "bytes_value", b"\xff\xfe"),
        ({"bytesValue": "__4"}, "bytes_value", b"\xff\xfe"),
    ],
)
def test_every_kind_of_value_is_read(value: dict[str, Any], field: str, expected: Any) -> None:
    """Each member of AnyValue, also when it holds its default."""
    read = _value(value)
    assert (read.WhichOneof("value"), getattr(read, field)) == (field, expected)


def test_empty_lists_and_maps_are_present() -> None:
    """An empty array is a value, not an absent one."""
    assert _value({"arrayValue": {}}).WhichOneof("value") == "array_value"
    assert _value({"kvlistValue": {"values": []}}).WhichOneof("value") == "kvlist_value"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"traceId": "xyz"},
            r"resourceSpans\[0\].scopeSpans\[0\].spans\[0\].traceId: 'xyz' is not hexadecimal",
        ),
        ({"startTimeUnixNano": "soon"}, "startTimeUnixNano: expected an integer, got 'soon'"),
        ({"startTimeUnixNano": -1}, "startTimeUnixNano: -1 does not fit"),
        ({"startTimeUnixNano": 1.5}, "expected an integer, got 1.5"),
        ({"name": 7}, "name: expected a string, got 7"),
        ({"attributes": {}}, "attributes: expected an array, got dict"),
        ({"status": []}, "status: expected an object, got list"),
        ({"attributes": [{"value": {"boolValue": "yes"}}]}, "boolValue: expected true or false"),
        ({"attributes": [{"value": {"doubleValue": True}}]}, "doubleValue: expected a number"),
        ({"attributes": [{"value": {"bytesValue": "*"}}]}, "is not base64"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_path(fields: dict[str, Any], message: str) -> None:
    """The sender learns where its mistake is."""
    with pytest.raises(Undecodable, match=message):
        _span(**fields)


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"7", b'"text"', b"\xff", b'{"a": "\\ud800"}', b"[" * 9000])
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    """Broken JSON, other kinds of JSON and invalid text are the sender's mistake."""
    with pytest.raises(Undecodable):
        to_protobuf(Signal.traces, body)


def test_what_nests_deeper_than_protobuf_reads_is_refused() -> None:
    """The limit of depth is an answer, not a crash."""
    nested: dict[str, Any] = {"stringValue": "x"}
    for _ in range(60):
        nested = {"arrayValue": {"values": [nested]}}
    with pytest.raises(Undecodable, match="nested deeper"):
        _value(nested)


@pytest.mark.parametrize("body", [b"", b" \n", b"{}"])
def test_an_empty_request_is_no_bytes(body: bytes) -> None:
    """Nothing sent is nothing wrong."""
    assert to_protobuf(Signal.logs, body) == b""


def test_logs_and_metrics_are_read_too() -> None:
    """The signal chooses the message."""
    record = {"traceId": "AB" * 16, "body": {"stringValue": "hi"}, "eventName": "loopwatch.heartbeat"}
    logs = to_protobuf(Signal.logs, orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}))
    point = {"asDouble": "NaN", "timeUnixNano": "1", "exemplars": [{"spanId": "CD" * 8}]}
    metric = {"name": "m", "gauge": {"dataPoints": [point]}}
    metrics = to_protobuf(
        Signal.metrics, orjson.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})
    )

    log = ExportLogsServiceRequest.FromString(logs).resource_logs[0].scope_logs[0].log_records[0]
    gauge = ExportMetricsServiceRequest.FromString(metrics).resource_metrics[0].scope_metrics[0].metrics[0].gauge
    assert (log.trace_id, log.event_name) == (b"\xab" * 16, "loopwatch.heartbeat")
    assert gauge.data_points[0].exemplars[0].span_id == b"\xcd" * 8
    assert math.isnan(gauge.data_points[0].as_double)


_VALUES = st.recursive(
    st.one_of(
        st.builds(lambda v: {"stringValue": v}, st.text(max_size=10)),
        st.builds(lambda v: {"intValue": str(v)}, st.integers(-(2**63), 2**63 - 1)),
        st.builds(lambda v: {"doubleValue": v}, st.floats(allow_nan=False, allow_infinity=False)),
        st.builds(lambda v: {"boolValue": v}, st.booleans()),
    ),
    lambda children: st.builds(lambda v: {"arrayValue": {"values": v}}, st.lists(children, max_size=3)),
    max_leaves=5,
)


@given(values=st.lists(_VALUES, max_size=4), name=st.text(max_size=10))
def test_where_no_ids_are_involved_protobufs_own_reader_agrees(values: list[dict[str, Any]], name: str) -> None:
    """The transcoder equals protobuf's JSON mapping but for the exceptions of OTLP."""
    span = {"name": name, "attributes": [{"key": "k", "value": value} for value in values]}
    data = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    expected = json_format.ParseDict(data, ExportTraceServiceRequest())

    assert ExportTraceServiceRequest.FromString(to_protobuf(Signal.traces, orjson.dumps(data))) == expected


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["resourceSpans", "scopeSpans", "spans", "traceId", "status", "kind"]), inner)
    ),
    max_leaves=10,
)


@given(data=_JSON)
def test_any_json_is_read_or_refused(data: Any) -> None:
    """No shape of JSON raises anything but Undecodable."""
    try:
        to_protobuf(Signal.traces, orjson.dumps(data))
    except Undecodable:
        pass
