"""OTLP protobuf bytes → `Span` and `LogRecord`, reading only what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Literal, TypeVar

from google.protobuf.message import DecodeError

from loopwatch_processor.attributes import Attributes, Value, value_of
from loopwatch_processor.errors import Undecodable
from loopwatch_processor.span import Event, Source, Span, are_ids
from loopwatch_processor.values import value
from loopwatch_processor.wire import MESSAGES, has_more_fields

__all__ = [
    "PARTS_MAX",
    "Broken",
    "Event",
    "LogRecord",
    "Source",
    "Span",
    "decode_logs",
    "decode_traces",
    "newest_end_ns",
    "rewrite_traces",
    "span_key",
]

_Item = TypeVar("_Item", "Span", "LogRecord")
_EVENTS = (11,)
"""The field of a span whose messages have parts of their own."""


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
        return are_ids(self._message.trace_id, self._message.span_id)

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
    whole = _whole(parts)
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
        about = _whole(resource.resource)
        for scope in resource.scopes:
            source = _source(about, _whole(scope.scope), parts_max)
            for raw in scope.items:
                yield _item(raw, source, item_class, parts_max)


def _whole(parts: Any) -> bytes:
    """A message may come in parts, which together are one; nearly always it comes in one, which need not be joined."""
    whole: bytes = parts[0] if len(parts) == 1 else b"".join(parts)
    return whole


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
