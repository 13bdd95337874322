"""A span, and where it comes from: attributes by look-up, decoded when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopwatch_processor import by_hand
from loopwatch_processor.attributes import Attributes, Value, hex_of, name_of, value_of
from loopwatch_processor.by_hand import Fields, fields_of
from loopwatch_processor.values import value
from loopwatch_processor.wire import MESSAGES

_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)


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
        *("_events", "_message", "encoded", "end_ns", "has_ids", "name", "names", "parent_id", "raw", "source"),
        *("span_id", "start_ns", "status_code", "trace_id"),
    )

    def __init__(self, raw: bytes, source: Source) -> None:
        """Raises `google.protobuf.message.DecodeError` where *raw* is not a span."""
        self.raw = raw
        self.source = source
        self._events: list[Event] | None = None
        self._message: Any = None
        """What was read by protobuf; None where there was no need to."""
        fields = fields_of(raw) if by_hand.IS_FASTER else None
        if fields is not None:
            self._take(fields, raw)
        else:
            self._decode(raw)

    def _take(self, fields: Fields, raw: bytes) -> None:
        self.encoded: Mapping[str, bytes] = fields.encoded
        """Its attributes, to be read with `value_of`."""
        self.names = fields.names
        """The names of its attributes. A span has 10 to 15 of the 150 that dialects know, so what many of
        these may tell is asked of all at once (`has_any`): reading takes two thirds of the time of looking up each."""
        self.status_code = fields.status_code
        """0 unset, 1 ok, 2 error."""
        if fields.has_more:
            message = self._message = MESSAGES["Details"].FromString(raw)
            self.status_code = message.status.code
        self._identify(fields.trace_id, fields.span_id, fields.parent_id, fields.name)
        self._last(fields.start_ns, fields.end_ns)

    def _decode(self, raw: bytes) -> None:
        message = self._message = MESSAGES["Span"].FromString(raw)
        self.encoded = message.attributes  # held, because asking the message for its map makes a new one
        self.names = frozenset(self.encoded)
        self.status_code = message.status.code
        self._identify(message.trace_id, message.span_id, message.parent_span_id, message.name)
        self._last(message.start_ns, message.end_ns)

    def _identify(self, trace_id: bytes, span_id: bytes, parent_id: bytes, name: bytes) -> None:
        self.trace_id = hex_of(trace_id)
        self.span_id = hex_of(span_id)
        self.parent_id = hex_of(parent_id) if _is_id(parent_id) else ""
        """The parent's span id; "" for a root span, also where it was sent as zeros."""
        self.has_ids = are_ids(trace_id, span_id)
        """Whether it can be told from other spans: ids that are all zeros or of another length are invalid (OTLP)."""
        self.name = name_of(name)

    def _last(self, start_ns: int, end_ns: int) -> None:
        self.start_ns = start_ns
        self.end_ns = end_ns if end_ns > start_ns else start_ns  # noqa: FURB136 - several times cheaper than a call
        """Never before the start: where it is, or where none was sent, the span took no time."""

    @property
    def trace_state(self) -> str:
        """The W3C tracestate, where samplers leave their threshold (`ot=th:…`)."""
        return str(self._message.trace_state.decode("utf-8", "replace")) if self._message is not None else ""

    @property
    def kind(self) -> int:
        """SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer."""
        return int(self._details().kind)

    @property
    def status_message(self) -> str:
        return str(self._message.status.message.decode("utf-8", "replace")) if self._message is not None else ""

    @property
    def dropped_events(self) -> int:
        """How many events the SDK threw away; it keeps the last 128, so the earliest are missing."""
        return int(self._details().dropped_events)

    def _details(self) -> Any:
        """What is rarely asked for."""
        if self._message is None:
            self._message = MESSAGES["Details"].FromString(self.raw)
        return self._message

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
        return self._message is not None and bool(self._message.events)

    def events(self) -> list[Event]:
        """The span's events in the order they were sent; read once, for several parts of a dialect ask for them."""
        if self._events is None:
            self._events = [
                Event(event.time_ns, event.name.decode("utf-8", "replace"), Attributes(event.attributes))
                for event in (self._message.events if self._message is not None else ())
            ]
        return self._events

    def links(self) -> list[tuple[str, str]]:
        """(trace id, span id) of every link."""
        links = self._message.links if self._message is not None else ()
        return [(link.trace_id.hex(), link.span_id.hex()) for link in links]


def are_ids(trace_id: bytes, span_id: bytes) -> bool:
    """Whether they tell a span from others: such as are all zeros or of another length are invalid (OTLP)."""
    return len(trace_id) == 16 and len(span_id) == 8 and trace_id != _NO_TRACE and span_id != _NO_SPAN


def _is_id(parent_id: bytes) -> bool:
    return len(parent_id) > 0 and (parent_id[0] != 0 or bool(parent_id.strip(b"\0")))
