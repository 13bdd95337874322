"""What languages and libraries make of OTLP: read as it is meant, or refused by name; never guessed, never a crash."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.receive.intake import Signal
from tests.conformance.conftest import Inline
from tests.conformance.payloads import AT_NS, SPAN_ID, TRACE_ID, Json, of_span, official, protobuf, text
from tests.conformance.sending import Way, send
from tests.stack.processes import Loopwatch


def sent_as_json(inline: Inline, body: bytes) -> Span:
    """The span that arrives downstream of one sent as JSON."""
    answer = send(inline.serve, Way.HTTP_JSON, body)
    assert answer.code == "OK", answer.status.message
    request = ExportTraceServiceRequest.FromString(inline.recorder.bodies[0][1])
    return request.resource_spans[0].scope_spans[0].spans[0]


def value(content: Json) -> Json:
    """A request whose span has one attribute of the value *content*."""
    return of_span(attributes=[{"key": "k", "value": content}])


MEANT_THE_SAME: dict[str, Json] = {
    "ids in lower case": {"traceId": TRACE_ID.lower(), "spanId": SPAN_ID.lower()},
    "ids in mixed case": {"traceId": TRACE_ID[:16].lower() + TRACE_ID[16:]},
    "times as strings": {"startTimeUnixNano": str(AT_NS), "endTimeUnixNano": str(AT_NS + 1_000_000_000)},
    "an enum by name": {"kind": "SPAN_KIND_SERVER"},
    "unknown fields": {"newField": {"deep": [1, {"x": None}]}, "another": "text"},
    "null fields": {"status": None, "events": None, "links": None, "traceState": None, "flags": None},
    "empty arrays": {"events": [], "links": []},
}


@pytest.mark.parametrize("name", MEANT_THE_SAME)
def test_other_spellings_of_the_same_span_arrive_as_that_span(inline: Inline, name: str) -> None:
    """Each as the protobuf that its sender would have sent."""
    arrived = sent_as_json(inline, orjson.dumps(of_span(**MEANT_THE_SAME[name])))
    assert arrived == official(Signal.traces, of_span()).resource_spans[0].scope_spans[0].spans[0]  # type: ignore[attr-defined]


def test_snake_case_is_understood(inline: Inline) -> None:
    """As protobuf's own mapping asks of a reader; senders should write lowerCamelCase."""
    span = {"trace_id": TRACE_ID, "span_id": SPAN_ID, "name": "x", "start_time_unix_nano": str(AT_NS)}
    body = orjson.dumps({"resource_spans": [{"scope_spans": [{"spans": [span]}]}]})
    arrived = sent_as_json(inline, body)
    assert (arrived.trace_id.hex(), arrived.start_time_unix_nano) == (TRACE_ID.lower(), AT_NS)


@pytest.mark.parametrize(
    ("content", "field", "expected"),
    [
        ({"intValue": 9_007_199_254_740_993}, "int_value", 9_007_199_254_740_993),
        ({"intValue": "-9223372036854775808"}, "int_value", -(2**63)),
        ({"doubleValue": 1}, "double_value", 1.0),
        ({"doubleValue": "-Infinity"}, "double_value", -math.inf),
        ({"bytesValue": "//4="}, "bytes_value", b"\xff\xfe"),
        ({"bytesValue": "__4"}, "bytes_value", b"\xff\xfe"),
        ({"stringValue": "é\u0000\U0001f600"}, "string_value", "é\u0000\U0001f600"),
        ({"boolValue": False}, "bool_value", False),
    ],
)
def test_values_keep_every_bit(inline: Inline, content: Json, field: str, expected: Any) -> None:
    """Integers beyond a double's, infinities, both alphabets of base64, text beyond the first plane."""
    arrived = sent_as_json(inline, orjson.dumps(value(content))).attributes[0].value
    assert (arrived.WhichOneof("value"), getattr(arrived, field)) == (field, expected)


def test_not_a_number_is_a_double(inline: Inline) -> None:
    """JSON has no word for it, so it is a string, as in protobuf's mapping."""
    arrived = sent_as_json(inline, orjson.dumps(value({"doubleValue": "NaN"})))
    assert math.isnan(arrived.attributes[0].value.double_value)


@pytest.mark.parametrize("content", [{}, {"arrayValue": {}}, {"kvlistValue": {"values": []}}, {"stringValue": ""}])
def test_empty_values_are_no_mistakes(inline: Inline, content: Json) -> None:
    """An attribute may have no value, an empty array, map or text."""
    assert sent_as_json(inline, orjson.dumps(value(content))).attributes[0].key == "k"


def test_of_a_key_that_is_there_twice_both_go_on(inline: Inline) -> None:
    """Forwarded as it came, though the specification forbids it."""
    arrived = sent_as_json(inline, orjson.dumps(of_span(attributes=[text("k", "first"), text("k", "second")])))
    assert [item.value.string_value for item in arrived.attributes] == ["first", "second"]


def test_of_a_json_key_that_is_there_twice_the_last_one_counts(inline: Inline) -> None:
    """As in every reader of JSON that does not refuse it."""
    body = orjson.dumps(of_span()).replace(b'"name":"I', b'"name":"first","name":"I')
    assert sent_as_json(inline, body).name == "I'm a server span"


WRONG: dict[str, tuple[Json, str]] = {
    "an id that is no hex": (of_span(traceId="xyz"), "traceId: 'xyz' is not hexadecimal"),
    "an id of odd length": (of_span(spanId="abc"), "spanId: 'abc' is not hexadecimal"),
    "a time before 1970": (of_span(startTimeUnixNano=-1), "startTimeUnixNano: -1 does not fit"),
    "a time of a fraction": (of_span(startTimeUnixNano=1.5), "startTimeUnixNano: expected an integer, got 1.5"),
    "an integer too large": (value({"intValue": str(2**63)}), "intValue: "),
    "an unknown enum": (of_span(kind="SPAN_KIND_SIDEWAYS"), "kind: expected an integer"),
    "a name that is a number": (of_span(name=7), "name: expected a string, got 7"),
    "attributes as a map": (of_span(attributes={"a": 1}), "attributes: expected an array"),
    "bytes that are no base64": (value({"bytesValue": "*"}), "bytesValue: '*' is not base64"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_meant_is_refused_with_its_place(serve: Loopwatch, name: str) -> None:
    """400, and the message leads to the field."""
    content, message = WRONG[name]
    answer = send(serve, Way.HTTP_JSON, orjson.dumps(content))
    assert (answer.http_status, answer.code) == (400, "INVALID_ARGUMENT")
    assert "resourceSpans[0].scopeSpans[0].spans[0]." in answer.status.message
    assert message in answer.status.message


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"7", b'"text"', b"\xff", b'{"a": "\\ud800"}', b"NaN"])
def test_what_is_no_json_object_is_refused(serve: Loopwatch, body: bytes) -> None:
    """Broken JSON, other kinds of JSON, and text that is no UTF-8."""
    assert send(serve, Way.HTTP_JSON, body).http_status == 400


def unscored(serve: Loopwatch, reason: str) -> float:
    """How many spans were not scored for *reason*."""
    return serve.metric("loopwatch_spans_unscored_total", signal="traces", reason=reason)


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize(
    "ids",
    [
        {"traceId": ""},
        {"spanId": ""},
        {"traceId": "0" * 32},
        {"spanId": "0" * 16},
        {"traceId": "ab" * 8},
        {"spanId": "cd" * 12},
    ],
    ids=["no trace id", "no span id", "zero trace id", "zero span id", "short trace id", "long span id"],
)
def test_a_span_without_an_identity_is_taken_and_counted(serve: Loopwatch, way: Way, ids: Json) -> None:
    """It is forwarded in-line, never scored, and no reason to lose the rest of its batch."""
    before = unscored(serve, "invalid_id")
    content = of_span(**ids)
    body = orjson.dumps(content) if way is Way.HTTP_JSON else protobuf(Signal.traces, content)
    assert send(serve, way, body).code == "OK"
    assert unscored(serve, "invalid_id") == before + 1


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize(
    "odd",
    [
        of_span(parentSpanId="0" * 16),
        of_span(startTimeUnixNano=AT_NS, endTimeUnixNano=AT_NS - 1),
        of_span(startTimeUnixNano=0, endTimeUnixNano=2**64 - 1),
        of_span(kind=99, status={"code": 77}),
        {"resourceSpans": [{"scopeSpans": [{"spans": [of_span()["resourceSpans"][0]["scopeSpans"][0]["spans"][0]]}]}]},
        {"resourceSpans": [{}, {"scopeSpans": [{}]}]},
    ],
    ids=[
        "zero parent",
        "end before start",
        "far times",
        "unknown enums",
        "no resource",
        "nothing",
    ],
)
def test_odd_spans_are_taken(serve: Loopwatch, way: Way, odd: Json) -> None:
    """OTLP says nothing against them that a receiver could act on; none makes a part of loopwatch fail."""
    before = serve.metric("loopwatch_scoring_failures_total")
    body = orjson.dumps(odd) if way is Way.HTTP_JSON else protobuf(Signal.traces, odd)
    assert send(serve, way, body).code == "OK"
    assert serve.metric("loopwatch_scoring_failures_total") == before


def _string(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2, len(content)]) + content


@pytest.mark.parametrize("way", [Way.GRPC, Way.HTTP])
def test_text_that_is_no_utf_8_is_no_reason_to_lose_a_span(serve: Loopwatch, way: Way) -> None:
    """Some senders cut texts in the middle of a character: names and values are read as far as they can be."""
    ids = _string(1, b"t" * 16) + _string(2, b"s" * 8)
    attribute = _string(9, _string(1, b"gen_ai.agent.name") + _string(2, _string(1, b"caf\xc3")))
    body = _string(1, _string(2, _string(2, ids + _string(5, b"na\xc3") + attribute)))
    before = unscored(serve, "undecodable")
    assert send(serve, way, body).code == "OK"
    assert unscored(serve, "undecodable") == before


@pytest.mark.parametrize("way", [Way.GRPC, Way.HTTP])
def test_a_broken_span_spoils_only_itself(serve: Loopwatch, way: Way) -> None:
    """The request is taken, the broken one counted, and its neighbour scored."""
    healthy = _string(2, _string(1, b"t" * 16) + _string(2, b"u" * 8))
    before = unscored(serve, "undecodable")
    received = serve.metric("loopwatch_spans_received_total", signal="traces")
    body = _string(1, _string(2, _string(2, b"\x0a\x7fcut") + healthy))
    assert send(serve, way, body).code == "OK"
    assert unscored(serve, "undecodable") == before + 1
    assert serve.metric("loopwatch_spans_received_total", signal="traces") == received + 1
