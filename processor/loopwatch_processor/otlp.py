"""OTLP protobuf bytes → `Span` and `LogRecord`, reading only what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeVar

from google.protobuf.message import DecodeError

from loopwatch_processor.attributes import Attributes, Value, once, value_of
from loopwatch_processor.errors import Undecodable
from loopwatch_processor.values import value
from loopwatch_processor.wire import MESSAGES, has_more_fields

_Item = TypeVar("_Item", "Span", "LogRecord")
_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
_EVENTS = (11,)
"""The field of a span whose messages have parts of their own."""


@value
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
    session_id: str = ""
    """The conversation or session id of the resource: set where a process has one conversation."""

    @classmethod
    def of(cls, resource: Attributes, scope: str, scope_version: str) -> Source:
        """Read the identity of *resource* once, for all its spans."""
        environment = resource.get("deployment.environment.name") or resource.get("deployment.environment")
        service = str(resource.get("service.name") or "unknown_service")
        agent = str(resource.get("gen_ai.agent.name") or "")
        session_id = _some(resource.get("gen_ai.conversation.id")) or _some(resource.get("session.id"))
        return cls(resource, scope, scope_version, service, str(environment or ""), agent, session_id)


def _some(value: Value) -> str:
    return "" if value is None else str(value)


@value
class Event:
    """One span event."""

    time_ns: int
    name: str
    attributes: Attributes


class Span:
    """One decoded OTLP span. Ids are lower-case hex, times are nanoseconds since the epoch."""

    __slots__ = (
        "_events",
        "_message",
        "encoded",
        "end_ns",
        "name",
        "names",
        "parent_id",
        "raw",
        "source",
        "span_id",
        "start_ns",
        "trace_id",
    )

    def __init__(self, raw: bytes, source: Source) -> None:
        """Raises `google.protobuf.message.DecodeError` where *raw* is not a span."""
        message = self._message = MESSAGES["Span"].FromString(raw)
        self._events: list[Event] | None = None
        self.encoded: Mapping[str, bytes] = message.attributes
        """Its attributes, to be read with `value_of`. Held, because asking the message for its map makes a new one."""
        self.names = frozenset(self.encoded)
        """The names of its attributes. A span has 10 to 15 of the 150 that dialects know, so what many of
        these may tell is asked of all at once (`has_any`): reading takes two thirds of the time of looking up each."""
        self.raw = raw
        self.source = source
        self.trace_id = once(message.trace_id.hex())
        self.span_id = once(message.span_id.hex())
        parent_id = message.parent_span_id
        self.parent_id = once(parent_id.hex()) if parent_id.strip(b"\0") else ""
        """The parent's span id; "" for a root span, also where it was sent as zeros."""
        self.name = once(message.name.decode("utf-8", "replace"))
        self.start_ns: int = message.start_ns
        self.end_ns: int = max(message.end_ns, self.start_ns)
        """Never before the start: where it is, or where none was sent, the span took no time."""

    @property
    def has_ids(self) -> bool:
        """Whether it can be told from other spans: ids that are all zeros or of another length are invalid (OTLP)."""
        return _are_ids(self._message)

    @property
    def trace_state(self) -> str:
        """The W3C tracestate, where samplers leave their threshold (`ot=th:…`)."""
        return str(self._message.trace_state.decode("utf-8", "replace"))

    @property
    def kind(self) -> int:
        """SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer."""
        return int(self._message.kind)

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

    def get(self, key: str) -> Value:
        """The decoded attribute *key*, or None."""
        return value_of(self.encoded[key]) if key in self.names else None

    def has(self, key: str) -> bool:
        """Whether the attribute *key* is present."""
        return key in self.names

    def has_any(self, names: frozenset[str]) -> bool:
        """Whether any attribute of these *names* is present."""
        return not names.isdisjoint(self.names)

    @property
    def has_events(self) -> bool:
        """Whether it has any event."""
        return bool(self._message.events)

    def events(self) -> list[Event]:
        """The span's events in the order they were sent; read once, for several parts of a dialect ask for them."""
        if self._events is None:
            self._events = [
                Event(event.time_ns, event.name.decode("utf-8", "replace"), Attributes(event.attributes))
                for event in self._message.events
            ]
        return self._events

    def links(self) -> list[tuple[str, str]]:
        """(trace id, span id) of every link."""
        return [(link.trace_id.hex(), link.span_id.hex()) for link in self._message.links]


class LogRecord:
    """One decoded OTLP log record."""

    __slots__ = ("_message", "source")

    def __init__(self, raw: bytes, source: Source) -> None:
        """Raises `google.protobuf.message.DecodeError` where *raw* is not a log record."""
        self._message = MESSAGES["LogRecord"].FromString(raw)
        self.source = source

    @property
    def trace_id(self) -> str:
        return str(self._message.trace_id.hex())

    @property
    def span_id(self) -> str:
        return str(self._message.span_id.hex())

    @property
    def has_ids(self) -> bool:
        """Whether it belongs to a span: ids that are all zeros or of another length are none."""
        return _are_ids(self._message)

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


def _are_ids(message: Any) -> bool:
    trace_id, span_id = message.trace_id, message.span_id
    return len(trace_id) == 16 and len(span_id) == 8 and trace_id != _NO_TRACE and span_id != _NO_SPAN


@value
class Broken:
    """A span or log record that cannot be decoded, or has too many parts: forwarded and counted, never scored."""

    raw: bytes
    source: Source
    reason: Literal["undecodable", "too_many_parts"]


PARTS_MAX = 20_000


def decode_traces(body: bytes, parts_max: int = PARTS_MAX) -> Iterator[Span | Broken]:
    """Every span of an encoded ExportTraceServiceRequest; *parts_max* bounds its attributes, events and links together.

    Raises:
        Undecodable: the envelope is not such a request (before the first span is given out).
    """
    return _decode(body, Span, "ExportTraceServiceRequest", parts_max)


def decode_logs(body: bytes, parts_max: int = PARTS_MAX) -> Iterator[LogRecord | Broken]:
    """Every record of an encoded ExportLogsServiceRequest; see `decode_traces`."""
    return _decode(body, LogRecord, "ExportLogsServiceRequest", parts_max)


Change = Callable[[bytes], bytes]


def rewrite_traces(body: bytes, *, resource: Change, scope: Change, span: Change) -> bytes:
    """*body* with the bytes of every resource, scope and span replaced by what these make of them.

    Raises:
        Undecodable: *body* is no ExportTraceServiceRequest.
    """
    request = _envelope(body, "ExportTraceServiceRequest")
    for resource_spans in request.resources:
        _rewrite(resource_spans.resource, resource)
        for scope_spans in resource_spans.scopes:
            _rewrite(scope_spans.scope, scope)
            scope_spans.items[:] = [span(raw) for raw in scope_spans.items]
    return bytes(request.SerializeToString())


def _rewrite(parts: Any, change: Change) -> None:
    """A message may come in parts, which together are one."""
    whole = b"".join(parts)
    if parts and (changed := change(whole)) != whole:
        parts[:] = [changed]


def span_key(raw: bytes) -> tuple[str, str]:
    """Trace id and span id of an encoded span, as hex, and nothing else read of it.

    Raises:
        google.protobuf.message.DecodeError: it is none.
    """
    message = MESSAGES["Ids"].FromString(raw)
    return message.trace_id.hex(), message.span_id.hex()


def newest_end_ns(body: bytes) -> int:
    """The latest end of any span in an encoded ExportTraceServiceRequest; 0 where it holds none.

    Raises:
        Undecodable: the envelope is not such a request.
    """
    return max((span.end_ns for span in decode_traces(body) if isinstance(span, Span)), default=0)


def _decode(body: bytes, item_class: type[_Item], what: str, parts_max: int) -> Iterator[_Item | Broken]:
    return _items(_envelope(body, what), item_class, parts_max)


def _envelope(body: bytes, what: str) -> Any:
    try:
        return MESSAGES["TracesRequest"].FromString(body)
    except DecodeError as error:
        raise Undecodable(f"the body is not an {what}: {error}") from error


def _items(request: Any, item_class: type[_Item], parts_max: int) -> Iterator[_Item | Broken]:
    for resource in request.resources:
        about = b"".join(resource.resource)
        for scope in resource.scopes:
            source = _source(about, b"".join(scope.scope), parts_max)
            for raw in scope.items:
                yield _item(raw, source, item_class, parts_max)


def _item(raw: bytes, source: Source, item_class: type[_Item], parts_max: int) -> _Item | Broken:
    if has_more_fields(raw, parts_max, _EVENTS if item_class is Span else ()):
        return Broken(raw, source, "too_many_parts")
    try:
        return item_class(raw, source)
    except DecodeError:
        return Broken(raw, source, "undecodable")


def _source(resource: bytes, scope: bytes, parts_max: int) -> Source:
    if len(resource) + len(scope) <= _SOURCE_MAX_BYTES:
        return _known_source(resource, scope, parts_max)
    return _read_source(resource, scope, parts_max)


def _read_source(resource: bytes, scope: bytes, parts_max: int) -> Source:
    about = _lenient("Scope", scope, parts_max)
    name, version = about.name.decode("utf-8", "replace"), about.version.decode("utf-8", "replace")
    return Source.of(Attributes(_lenient("Resource", resource, parts_max).attributes), name, version)


_known_source = lru_cache(maxsize=1_024)(_read_source)
"""A process sends the same bytes with each request: where a span has its own, this is a third of decoding it."""
_SOURCE_MAX_BYTES = 4_096


def _lenient(name: str, whole: bytes, parts_max: int) -> Any:
    """A resource or scope that cannot be decoded is an empty one: its spans are still worth scoring."""
    try:
        return MESSAGES[name]() if has_more_fields(whole, parts_max) else MESSAGES[name].FromString(whole)
    except DecodeError:
        return MESSAGES[name]()
