"""Bytes → spans: whatever comes, the good spans are read and the bad ones are told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from loopwatch_processor import attributes
from loopwatch_processor.attributes import value_of
from loopwatch_processor.errors import Undecodable
from loopwatch_processor.otlp import Broken, Span, decode_traces, newest_end_ns
from loopwatch_processor.wire import is_fast

scalars = st.one_of(
    st.text(max_size=200),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=50),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def any_value(value: object) -> AnyValue:
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
    if isinstance(value, dict):
        return AnyValue(
            kvlist_value=KeyValueList(values=[KeyValue(key=k, value=any_value(v)) for k, v in value.items()])
        )
    kinds = {bool: "bool_value", str: "string_value", int: "int_value", float: "double_value", bytes: "bytes_value"}
    return AnyValue(**{kinds[type(value)]: value})  # type: ignore[arg-type]


def request(*spans: bytes) -> bytes:
    """A request whose spans are these raw bytes, decodable or not."""
    body = b"".join(b"\x12" + _varint(len(raw)) + raw for raw in spans)
    scope = b"\x12" + _varint(len(body)) + body
    return b"\x0a" + _varint(len(scope)) + scope


def _varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def raw_span(**fields: object) -> bytes:
    return SpanMessage(trace_id=b"\1" * 16, span_id=b"\2" * 8, **fields).SerializeToString()  # type: ignore[arg-type]


def spans(body: bytes) -> list[Span]:
    return [item for item in decode_traces(body) if isinstance(item, Span)]


def test_protobuf_runs_on_its_c_backend() -> None:
    """The pure Python backend is forty times slower: a wheel without C would be noticed here."""
    assert is_fast()


@given(values)
def test_every_attribute_value_reads_as_the_official_decoder_does(value: object) -> None:
    """Our hand-read short strings and the generated classes agree."""
    assert value_of(any_value(value).SerializeToString()) == value


@given(st.dictionaries(st.text(min_size=1, max_size=20), values, max_size=6))
def test_attributes_are_found_by_key(attributes: dict[str, object]) -> None:
    """What was sent is what a look-up gives, and nothing else is there."""
    pairs = [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]
    (span,) = spans(request(raw_span(attributes=pairs)))

    assert {key: span.get(key) for key in span.names} == attributes
    assert span.get("loopwatch.absent") is None


def test_of_a_duplicate_key_the_last_wins() -> None:
    """As a map does, and as the SDKs would have overwritten it."""
    pairs = [KeyValue(key="k", value=AnyValue(int_value=number)) for number in (1, 2)]
    (span,) = spans(request(raw_span(attributes=pairs)))

    assert span.get("k") == 2


def test_a_span_that_cannot_be_decoded_spoils_only_itself() -> None:
    """The others are read, and the broken one keeps its bytes for forwarding."""
    bad = raw_span() + b"\x4a\x05\x0a\x03\xff\xfe\xfd"  # an attribute whose key is no UTF-8
    first, second, third = decode_traces(request(raw_span(name="a"), bad, raw_span(name="b")))

    assert isinstance(first, Span)
    assert isinstance(second, Broken)
    assert second.raw == bad
    assert isinstance(third, Span)


def test_a_value_that_cannot_be_decoded_is_absent() -> None:
    """Only that value: unknown, never guessed."""
    bad = (
        raw_span(attributes=[KeyValue(key="good", value=AnyValue(bool_value=True))]) + b"\x4a\x06\x0a\x01k\x12\x01\xff"
    )
    (span,) = spans(request(bad))

    assert span.get("k") is None
    assert span.get("good") is True


def test_deep_nesting_is_absent_not_a_crash() -> None:
    """A thousand lists in each other end as no value."""
    deep = b""
    for _ in range(1000):
        inner = b"\x0a" + _varint(len(deep)) + deep
        deep = b"\x2a" + _varint(len(inner)) + inner

    assert value_of(deep) is None


def test_unknown_fields_are_passed_over() -> None:
    """A newer sender is understood as far as we know its fields."""
    (span,) = spans(request(raw_span(name="n") + b"\xfa\x3f\x03abc"))

    assert span.name == "n"


def test_the_envelope_must_be_a_request() -> None:
    """Bytes that are no request are refused, with a word why."""
    with pytest.raises(Undecodable, match="ExportTraceServiceRequest"):
        list(decode_traces(b"\xff\xff\xff"))


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    """Bad input is data: refused as a whole, or read as far as it goes."""
    try:
        for item in decode_traces(body):
            if isinstance(item, Span):
                _touch(item)
    except Undecodable:
        return


@given(st.binary(max_size=200))
def test_no_span_bytes_raise(raw: bytes) -> None:
    """A span slice is decoded or broken; reading any part of it never raises."""
    for item in decode_traces(request(raw)):
        if isinstance(item, Span):
            _touch(item)
        else:
            assert item.raw == raw


def _touch(span: Span) -> None:
    assert len(span.trace_id) == 2 * len(bytes.fromhex(span.trace_id))
    _ = span.name, span.kind, span.start_ns, span.end_ns, span.status_code, span.status_message, span.dropped_events
    _ = [span.get(key) for key in span.names], span.events(), span.links()
    _ = span.source.service, span.source.environment


def test_the_official_encoder_is_read_whole() -> None:
    """Ids, times, status, events, links, scope and resource of a request as the SDK's own encoder writes it."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    resource.resource.attributes.add(key="deployment.environment.name").value.string_value = "prod"
    scope = resource.scope_spans.add()
    scope.scope.name, scope.scope.version = "lib", "1.0"
    sent = scope.spans.add(
        trace_id=b"\xab" * 16, span_id=b"\xcd" * 8, parent_span_id=b"\xef" * 8, name="chat", kind=3,
        start_time_unix_nano=10, end_time_unix_nano=30, dropped_events_count=4,
    )  # fmt: skip
    sent.status.code, sent.status.message = 2, "boom"
    sent.events.add(time_unix_nano=20, name="e").attributes.add(key="k").value.int_value = 7
    sent.links.add(trace_id=b"\1" * 16, span_id=b"\2" * 8)
    (span,) = spans(message.SerializeToString())

    assert (span.trace_id, span.span_id, span.parent_id) == ("ab" * 16, "cd" * 8, "ef" * 8)
    assert (span.name, span.kind, span.start_ns, span.end_ns, span.dropped_events) == ("chat", 3, 10, 30, 4)
    assert (span.status_code, span.status_message) == (2, "boom")
    assert [(event.time_ns, event.name, event.attributes.get("k")) for event in span.events()] == [(20, "e", 7)]
    assert span.links() == [("01" * 16, "02" * 8)]
    assert (span.source.service, span.source.environment, span.source.scope) == ("shop", "prod", "lib")
    assert newest_end_ns(message.SerializeToString()) == 30


def test_a_parent_of_zeros_is_none() -> None:
    """Some exporters send zeros where a root span has no parent."""
    roots = spans(request(raw_span(parent_span_id=b"\0" * 8), raw_span()))
    (child,) = spans(request(raw_span(parent_span_id=b"\0" * 7 + b"\1")))

    assert [span.parent_id for span in roots] == ["", ""]
    assert child.parent_id == "0000000000000001"


@pytest.mark.parametrize("ids", [{"trace_id": b""}, {"trace_id": b"\0" * 16}, {"span_id": b""}, {"span_id": b"\0" * 8}])
def test_spans_without_ids_are_told_apart(ids: dict[str, bytes]) -> None:
    """They would all be taken for one span of one trace."""
    (sane,) = spans(request(raw_span()))
    (odd,) = spans(request(SpanMessage(**{"trace_id": b"\1" * 16, "span_id": b"\2" * 8, **ids}).SerializeToString()))

    assert (sane.has_ids, odd.has_ids) == (True, False)


def test_a_span_never_ends_before_it_starts() -> None:
    """A span that was never ended, or whose clock was set back, took no time."""
    (unended,) = spans(request(raw_span(start_time_unix_nano=5)))

    assert (unended.start_ns, unended.end_ns) == (5, 5)


def test_names_are_held_once_and_not_for_good() -> None:
    """Python 3.12.0 to 3.12.6 never let go of an interned string, so our own table holds a bounded number."""
    first, again = (value_of(any_value("researcher").SerializeToString()) for _ in range(2))
    assert first is again
    for number in range(attributes._KNOWN_STRINGS + 1):
        value_of(any_value(f"session-{number}").SerializeToString())
    assert len(attributes._known) <= attributes._KNOWN_STRINGS


def test_the_resource_may_name_the_agent() -> None:
    """For a process of one agent whose spans name it only at the end."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="gen_ai.agent.name").value.string_value = "researcher"
    resource.scope_spans.add().spans.add(trace_id=b"\1" * 16, span_id=b"\2" * 8)
    (span,) = spans(message.SerializeToString())

    assert span.source.agent == "researcher"
