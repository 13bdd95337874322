"""OTLP protobuf bytes → `Span` and `LogRecord`, reading only what is asked for.

The wire format of `repeated KeyValue attributes` equals that of `map<string, bytes> attributes`, and that of
`repeated Span spans` equals `repeated bytes spans`. Declaring our own descriptors that way keeps every span as the
slice of bytes it came in, so a faulty span spoils only itself, and makes an attribute a single look-up in C.
These messages are read, never serialised again: a map loses order and duplicate keys (for a duplicate the last wins).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue as AnyValueMessage

from loopwatch_processor.errors import Undecodable

Value = str | bool | int | float | bytes | list[Any] | dict[str, Any] | None

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
        ("links", 13, "Link", True),
        ("status", 15, "Status", False),
    ],
    "Event": [("time_ns", 1, "fixed64", False), ("name", 2, "bytes", False), ("attributes", 3, _ATTRIBUTES, True)],
    "Link": [("trace_id", 1, "bytes", False), ("span_id", 2, "bytes", False)],
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


_CLASS = _build()


_Item = TypeVar("_Item", "Span", "LogRecord")


_known: dict[str, str] = {}
_KNOWN_STRINGS = 65_536


def _once(text: str) -> str:
    """*text*, held once: names of models, agents and sessions come with every span.

    Not `sys.intern`: in Python 3.12.0 to 3.12.6 what it is given stays for good (python/cpython#113993).
    """
    if len(_known) >= _KNOWN_STRINGS:
        _known.clear()
    return _known.setdefault(text, text)


def is_fast() -> bool:
    """Whether protobuf runs on its C backend; the pure Python one is about forty times slower."""
    return bool(api_implementation.Type() == "upb")


def value_of(encoded: bytes | None) -> Value:
    """Decode one encoded `AnyValue`; `None` when it is absent, empty or not decodable."""
    if not encoded:
        return None
    if encoded[0] == 0x0A and (text := _short_string(encoded)) is not None:
        return text
    try:
        return _python(AnyValueMessage.FromString(encoded))
    except (DecodeError, RecursionError):
        return None


def _short_string(encoded: bytes) -> str | None:
    """The string of an AnyValue that holds nothing else; read by hand since nearly every attribute is one."""
    if len(encoded) < 130:
        # One byte of length, or no string alone: the common case without the loop below.
        fits = len(encoded) > 1 and encoded[1] == len(encoded) - 2
        return _once(encoded[2:].decode("utf-8", "replace")) if fits else None
    size, at, shift = 0, 1, 0
    while at < len(encoded) and at < 6:
        byte = encoded[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return encoded[at:].decode("utf-8", "replace") if len(encoded) - at == size else None


def _python(value: AnyValueMessage) -> Value:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_python(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {item.key: _python(item.value) for item in value.kvlist_value.values}
    return getattr(value, kind) if kind else None


class Attributes:
    """Attributes by look-up: decoded when asked for, never before."""

    __slots__ = ("_map",)

    def __init__(self, encoded: Any) -> None:
        self._map = encoded

    def get(self, key: str) -> Value:
        """The decoded value of *key*, or None where it is absent or cannot be decoded."""
        return value_of(self._map.get(key))

    def has(self, key: str) -> bool:
        """Whether *key* is present, without decoding its value."""
        return key in self._map

    def keys(self) -> list[str]:
        """All keys, in no particular order."""
        return list(self._map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a span comes from: its resource and its instrumentation scope."""

    resource: Attributes
    scope: str
    scope_version: str
    service: str
    """`service.name`, or "unknown_service" as OpenTelemetry's resource convention says."""
    environment: str
    """`deployment.environment.name` (or its older name), or "" where it is not set."""
    agent: str = ""
    """`gen_ai.agent.name` of the resource: set where a process runs one agent whose spans name it too late."""

    @classmethod
    def of(cls, resource: Attributes, scope: str, scope_version: str) -> Source:
        """Read the identity of *resource* once, for all its spans."""
        environment = resource.get("deployment.environment.name") or resource.get("deployment.environment")
        service = str(resource.get("service.name") or "unknown_service")
        agent = str(resource.get("gen_ai.agent.name") or "")
        return cls(resource, scope, scope_version, service, str(environment or ""), agent)


@dataclass(frozen=True, slots=True)
class Event:
    """One span event."""

    time_ns: int
    name: str
    attributes: Attributes


class Span:
    """One decoded OTLP span. Ids are lower-case hex, times are nanoseconds since the epoch."""

    __slots__ = ("_attributes", "_message", "parent_id", "raw", "source", "span_id", "trace_id")

    def __init__(self, raw: bytes, source: Source) -> None:
        """Raises `google.protobuf.message.DecodeError` where *raw* is not a span."""
        self._message = _CLASS["Span"].FromString(raw)
        # Held, because asking the message for its map makes a new wrapper each time.
        self._attributes = self._message.attributes
        self.raw = raw
        self.source = source
        self.trace_id = _once(self._message.trace_id.hex())
        self.span_id: str = self._message.span_id.hex()
        parent_id = self._message.parent_span_id
        self.parent_id = _once(parent_id.hex()) if parent_id.strip(b"\0") else ""
        """The parent's span id; "" for a root span, also where it was sent as zeros."""

    @property
    def has_ids(self) -> bool:
        """Whether it can be told from other spans: ids that are empty or all zeros are invalid."""
        return bool(self._message.trace_id.strip(b"\0") and self._message.span_id.strip(b"\0"))

    @property
    def trace_state(self) -> str:
        """The W3C tracestate, where samplers leave their threshold (`ot=th:…`)."""
        return str(self._message.trace_state.decode("utf-8", "replace"))

    @property
    def name(self) -> str:
        return str(self._message.name.decode("utf-8", "replace"))

    @property
    def kind(self) -> int:
        """SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer."""
        return int(self._message.kind)

    @property
    def start_ns(self) -> int:
        return int(self._message.start_ns)

    @property
    def end_ns(self) -> int:
        """Never before the start: where it is, or where none was sent, the span took no time."""
        return int(max(self._message.end_ns, self._message.start_ns))

    @property
    def status_code(self) -> int:
        """0 unset, 1 ok, 2 error."""
        return int(self._message.status.code)

    @property
    def status_message(self) -> str:
        return str(self._message.status.message.decode("utf-8", "replace"))

    @property
    def dropped_events(self) -> int:
        """How many events the SDK threw away; it keeps the last 128, so the earliest are missing."""
        return int(self._message.dropped_events)

    @property
    def attributes(self) -> Attributes:
        return Attributes(self._attributes)

    def get(self, key: str) -> Value:
        """The decoded attribute *key*, or None."""
        encoded = self._attributes.get(key)
        return value_of(encoded) if encoded is not None else None

    def has(self, key: str) -> bool:
        """Whether the attribute *key* is present."""
        return key in self._attributes

    def events(self) -> list[Event]:
        """The span's events in the order they were sent."""
        return [
            Event(event.time_ns, event.name.decode("utf-8", "replace"), Attributes(event.attributes))
            for event in self._message.events
        ]

    def links(self) -> list[tuple[str, str]]:
        """(trace id, span id) of every link."""
        return [(link.trace_id.hex(), link.span_id.hex()) for link in self._message.links]


class LogRecord:
    """One decoded OTLP log record."""

    __slots__ = ("_message", "source")

    def __init__(self, raw: bytes, source: Source) -> None:
        """Raises `google.protobuf.message.DecodeError` where *raw* is not a log record."""
        self._message = _CLASS["LogRecord"].FromString(raw)
        self.source = source

    @property
    def trace_id(self) -> str:
        return str(self._message.trace_id.hex())

    @property
    def span_id(self) -> str:
        return str(self._message.span_id.hex())

    @property
    def time_ns(self) -> int:
        return int(self._message.time_ns or self._message.observed_ns)

    @property
    def event_name(self) -> str:
        """The record's event name, also from the attribute that older SDKs put it in."""
        name = self._message.event_name.decode("utf-8", "replace")
        return name or str(self.get("event.name") or "")

    @property
    def body(self) -> Value:
        return value_of(b"".join(self._message.body))

    def get(self, key: str) -> Value:
        """The decoded attribute *key*, or None."""
        return value_of(self._message.attributes.get(key))


@dataclass(frozen=True, slots=True)
class Broken:
    """A span or log record that cannot be decoded: it is forwarded and counted, never scored."""

    raw: bytes
    source: Source
    reason: str


def decode_traces(body: bytes) -> Iterator[Span | Broken]:
    """Every span of an encoded ExportTraceServiceRequest.

    Raises:
        Undecodable: the envelope is not such a request (before the first span is given out).
    """
    return _decode(body, Span, "ExportTraceServiceRequest")


def decode_logs(body: bytes) -> Iterator[LogRecord | Broken]:
    """Every record of an encoded ExportLogsServiceRequest; see `decode_traces`."""
    return _decode(body, LogRecord, "ExportLogsServiceRequest")


def rewrite_spans(body: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """*body* with every span's bytes replaced by what *change* makes of them; all around them stays.

    Raises:
        Undecodable: *body* is no ExportTraceServiceRequest.
    """
    request = _envelope(body, "ExportTraceServiceRequest")
    for resource in request.resources:
        for scope in resource.scopes:
            scope.items[:] = [change(raw) for raw in scope.items]
    return bytes(request.SerializeToString())


def newest_end_ns(body: bytes) -> int:
    """The latest end of any span in an encoded ExportTraceServiceRequest; 0 where it holds none.

    Raises:
        Undecodable: the envelope is not such a request.
    """
    return max((span.end_ns for span in decode_traces(body) if isinstance(span, Span)), default=0)


def _decode(body: bytes, item_class: type[_Item], what: str) -> Iterator[_Item | Broken]:
    return _items(_envelope(body, what), item_class)


def _envelope(body: bytes, what: str) -> Any:
    try:
        return _CLASS["TracesRequest"].FromString(body)
    except DecodeError as error:
        raise Undecodable(f"the body is not an {what}: {error}") from error


def _items(request: Any, item_class: type[_Item]) -> Iterator[_Item | Broken]:
    for resource in request.resources:
        attributes = Attributes(_lenient("Resource", resource.resource).attributes)
        for scope in resource.scopes:
            about = _lenient("Scope", scope.scope)
            source = Source.of(attributes, *(part.decode("utf-8", "replace") for part in (about.name, about.version)))
            for raw in scope.items:
                try:
                    yield item_class(raw, source)
                except DecodeError as error:
                    yield Broken(raw, source, str(error))


def _lenient(name: str, parts: Any) -> Any:
    """A resource or scope that cannot be decoded is an empty one: its spans are still worth scoring."""
    try:
        return _CLASS[name].FromString(b"".join(parts))
    except DecodeError:
        return _CLASS[name]()
