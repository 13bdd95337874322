"""Spans that are read by hand say what protobuf says of them, and what is odd is left to protobuf."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from loopwatch_processor import by_hand
from loopwatch_processor.attributes import Attributes
from loopwatch_processor.by_hand import fields_of
from loopwatch_processor.otlp import Source, Span

SOURCE = Source.of(Attributes({}), "", "")
TIMES = st.integers(1, 2**64 - 1)
VALUES: st.SearchStrategy[AnyValue] = st.recursive(
    st.just(AnyValue())
    | st.builds(AnyValue, string_value=st.text(max_size=300))
    | st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1))
    | st.builds(AnyValue, bool_value=st.booleans())
    | st.builds(AnyValue, double_value=st.floats())
    | st.builds(AnyValue, bytes_value=st.binary(max_size=20)),
    lambda inner: st.builds(AnyValue, array_value=st.builds(ArrayValue, values=st.lists(inner, max_size=3))),
    max_leaves=5,
)
ATTRIBUTES = st.lists(
    st.builds(KeyValue, key=st.sampled_from(["k", "kk"]) | st.text(max_size=140), value=VALUES), max_size=8
)
"""Any kind of value, and one name twice at times."""


@st.composite
def sent(draw: st.DrawFn) -> bytes:
    """A span as the SDKs write it, with everything that it may have."""
    message = SpanMessage(
        trace_id=draw(st.binary(max_size=20)),
        span_id=draw(st.binary(max_size=9)),
        parent_span_id=draw(st.binary(max_size=9) | st.just(bytes(8))),
        name=draw(st.text(max_size=200)),
        kind=draw(st.integers(0, 5)),
        start_time_unix_nano=draw(TIMES),
        end_time_unix_nano=draw(TIMES),
        trace_state=draw(st.sampled_from(["", "ot=th:8"])),
        flags=draw(st.sampled_from([0, 0x301])),
        dropped_events_count=draw(st.integers(0, 300)),
        status=draw(st.none() | st.builds(Status, code=st.integers(0, 2), message=st.sampled_from(["", "boom"]))),
    )
    message.attributes.extend(draw(ATTRIBUTES))
    for name in draw(st.lists(st.text(max_size=5), max_size=2)):
        message.events.add(time_unix_nano=1, name=name).attributes.add(key="k").value.int_value = 7
    for _ in range(draw(st.integers(0, 2))):
        message.links.add(trace_id=b"\1" * 16, span_id=b"\2" * 8)
    return message.SerializeToString()


def read(raw: bytes, *, is_by_hand: bool) -> object:
    """All that a span says, as plain data; None where it is none."""
    with patch.object(by_hand, "IS_FASTER", is_by_hand):
        try:
            span = Span(raw, SOURCE)
        except DecodeError:
            return None
        return (
            (span.trace_id, span.span_id, span.parent_id, span.has_ids, span.name, span.start_ns, span.end_ns),
            (span.kind, span.status_code, span.status_message, span.trace_state, span.dropped_events),
            (dict(span.encoded), span.names, span.has_events, span.links()),
            {name: repr(span.get(name)) for name in span.names},  # NaN is not equal to itself
            [(event.time_ns, event.name, event.attributes.get("k")) for event in span.events()],
        )


@given(sent())
def test_a_span_says_the_same_either_way(raw: bytes) -> None:
    """Whatever an SDK may put into one."""
    assert read(raw, is_by_hand=True) == read(raw, is_by_hand=False)


@given(sent(), st.data())
def test_a_span_that_was_spoiled_says_the_same_either_way(raw: bytes, data: st.DataObject) -> None:
    """Some bytes changed, taken out or put in: both read it alike, or neither does."""
    spoiled = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(spoiled)))
        spoiled[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))

    assert read(bytes(spoiled), is_by_hand=True) == read(bytes(spoiled), is_by_hand=False)


@given(sent(), sent())
def test_a_span_in_two_parts_says_the_same_either_way(first: bytes, second: bytes) -> None:
    """Of a field that comes twice the last one counts, but lists go on and a status is put together."""
    assert read(first + second, is_by_hand=True) == read(first + second, is_by_hand=False)


def plain(**more: object) -> bytes:
    """A span as nearly all are."""
    given = {"trace_id": b"\1" * 16, "span_id": b"\2" * 8, "name": "chat", "kind": 3, **more}
    return SpanMessage(start_time_unix_nano=5, end_time_unix_nano=9, **given).SerializeToString()  # type: ignore[arg-type]


def test_what_the_sdks_write_is_read_by_hand() -> None:
    """Else nothing would be gained, and no other test would tell."""
    attributes = [KeyValue(key=f"k{n}", value=AnyValue(string_value="x" * n * 50)) for n in range(9)]
    fields = fields_of(plain(attributes=attributes, status=Status(code=2)))

    assert fields is not None
    assert (fields.names, fields.status_code, fields.has_more) == ({f"k{n}" for n in range(9)}, 2, False)


@pytest.mark.parametrize(
    "odd",
    [
        b"\x4a\x05\x0a\x03\xff\xfe\xfd",
        b"\x4a\x06\x12\x01v\x0a\x01k",
        b"\x4a\x03\x0a\x01k",
        b"\x31" + bytes(8),
        b"\x22\x08",
        b"\x0a\xff\xff\xff\xff\x7f",
        b"\xfa\x3f\x03abc",
    ],
    ids=["name", "order", "no-value", "kind-as-time", "cut-off", "huge", "unknown-field"],
)
def test_what_is_odd_is_left_to_protobuf(odd: bytes) -> None:
    """It knows what such bytes say, if anything."""
    assert fields_of(plain() + odd) is None


def test_names_of_attributes_are_held_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names come from clients, who may send others with every span."""
    monkeypatch.setattr(by_hand, "_KNOWN_MAX", 4)
    for number in range(20):
        fields_of(plain(attributes=[KeyValue(key=f"name-{number}", value=AnyValue())]))
        assert len(by_hand._known) <= 4
    before = len(by_hand._known)
    fields_of(plain(attributes=[KeyValue(key=f"n{number}", value=AnyValue()) for number in range(129)]))
    assert len(by_hand._known) == before
