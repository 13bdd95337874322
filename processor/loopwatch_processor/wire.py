"""Our own descriptors of OTLP's messages, compatible on the wire with the official ones.

The wire format of `repeated KeyValue attributes` equals that of `map<string, bytes> attributes`, and that of
`repeated Span spans` equals `repeated bytes spans`. Declaring them that way keeps every span as the slice of bytes it
came in, so a faulty span spoils only itself, and makes an attribute a single look-up in C. These messages are read,
never serialised again: a map loses order and duplicate keys (for a duplicate the last wins).
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import api_implementation

_FIELD = descriptor_pb2.FieldDescriptorProto
_ATTRIBUTES = "map<string,bytes>"
_TYPES = {
    "bytes": _FIELD.TYPE_BYTES,
    "fixed64": _FIELD.TYPE_FIXED64,
    "int32": _FIELD.TYPE_INT32,
    "uint32": _FIELD.TYPE_UINT32,
}
_MESSAGES: dict[str, list[tuple[str, int, str, bool]]] = {
    "TracesRequest": [("resources", 1, "ResourceSpans", True)],
    "ResourceSpans": [("resource", 1, "bytes", True), ("scopes", 2, "ScopeItems", True)],
    "ScopeItems": [("scope", 1, "bytes", True), ("items", 2, "bytes", True)],
    "Resource": [("attributes", 1, _ATTRIBUTES, True)],
    "Scope": [("name", 1, "bytes", False), ("version", 2, "bytes", False)],
    "Span": [
        ("trace_id", 1, "bytes", False),
        ("span_id", 2, "bytes", False),
        ("trace_state", 3, "bytes", False),
        ("parent_span_id", 4, "bytes", False),
        ("name", 5, "bytes", False),
        ("kind", 6, "int32", False),
        ("start_ns", 7, "fixed64", False),
        ("end_ns", 8, "fixed64", False),
        ("attributes", 9, _ATTRIBUTES, True),
        ("events", 11, "Event", True),
        ("dropped_events", 12, "uint32", False),
        ("links", 13, "Ids", True),
        ("status", 15, "Status", False),
    ],
    "Details": [
        ("trace_state", 3, "bytes", False),
        ("kind", 6, "int32", False),
        ("events", 11, "Event", True),
        ("dropped_events", 12, "uint32", False),
        ("links", 13, "Ids", True),
        ("status", 15, "Status", False),
    ],
    "Event": [("time_ns", 1, "fixed64", False), ("name", 2, "bytes", False), ("attributes", 3, _ATTRIBUTES, True)],
    "Ids": [("trace_id", 1, "bytes", False), ("span_id", 2, "bytes", False)],
    "Status": [("message", 2, "bytes", False), ("code", 3, "int32", False)],
    "LogRecord": [
        ("time_ns", 1, "fixed64", False),
        ("body", 5, "bytes", True),
        ("attributes", 6, _ATTRIBUTES, True),
        ("trace_id", 9, "bytes", False),
        ("span_id", 10, "bytes", False),
        ("observed_ns", 11, "fixed64", False),
        ("event_name", 12, "bytes", False),
    ],
}


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="loopwatch/otlp.proto", package="loopwatch.otlp", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind, repeated in fields:
            field = message.field.add(name=field_name, number=number)
            field.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if kind == _ATTRIBUTES:
                entry = message.nested_type.add(name="AttributesEntry")
                entry.options.map_entry = True
                for part, part_number, part_type in (("key", 1, _FIELD.TYPE_STRING), ("value", 2, _FIELD.TYPE_BYTES)):
                    entry.field.add(name=part, number=part_number, type=part_type, label=_FIELD.LABEL_OPTIONAL)
                field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".loopwatch.otlp.{name}.AttributesEntry"
            elif kind in _TYPES:
                field.type = _TYPES[kind]
            else:
                field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".loopwatch.otlp.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"loopwatch.otlp.{name}"))
        for name in _MESSAGES
    }


MESSAGES = _build()
"""By name in `_MESSAGES`, the class to decode it with."""


def is_fast() -> bool:
    """Whether protobuf runs on its C backend; the pure Python one is about forty times slower."""
    return bool(api_implementation.Type() == "upb")


def has_more_fields(message: bytes, fields_max: int, into: tuple[int, ...] = ()) -> bool:
    """Whether *message* has more than *fields_max* fields, with those of its parts in field *into[0]*, and so on.

    Nothing is made of what is looked at: two bytes are the smallest field, and become fifty as an object.
    """
    return len(message) > 2 * fields_max and _room_left(message, 0, len(message), into, fields_max) < 0


def _room_left(message: bytes, at: int, end: int, into: tuple[int, ...], room: int) -> int:
    """What *room* the fields of *message* from *at* to *end* leave; below 0 where there are more."""
    while at < end and room >= 0:
        room -= 1
        tag, at = _varint(message, at, end)
        if tag < 8:  # no field has the number 0: it is for the decoder to say so
            break
        if tag & 7 == 2:
            size, at = _varint(message, at, end)
            if into and tag >> 3 == into[0] and at + size <= end:
                room = _room_left(message, at, at + size, into[1:], room)
            at += size
        else:
            at = _past(message, at, end, tag & 7)
    return room


def _past(message: bytes, at: int, end: int, kind: int) -> int:
    if kind == 0:
        return _varint(message, at, end)[1]
    # Groups end where their end is met, as parts of their own; what is no field is for the decoder to name.
    return at + {1: 8, 5: 4, 3: 0, 4: 0}.get(kind, end)


def _varint(message: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return value, at
