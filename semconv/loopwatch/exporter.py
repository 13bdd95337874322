"""``SketchingExporter``: content is on inside the process and becomes hash and sketch before it leaves."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status, format_trace_id

from loopwatch._safely import safely
from loopwatch.attributes import (
    GEN_AI_CONVERSATION_ID,
    GEN_AI_TOOL_CALL_ID,
    LOOPWATCH_TOOL_ERROR_CLASS,
    SERVICE_NAME,
    SESSION_ID,
    ToolErrorClass,
)
from loopwatch.canonical import canonical_text
from loopwatch.content_attributes import (
    ARGUMENTS,
    ERROR_TEXTS,
    RESULTS,
    STACK_TRACES,
    TOOL_EVENTS,
    is_event_content,
    is_genai_content,
    is_genai_span,
    is_tool_span,
)
from loopwatch.error_text import error_class
from loopwatch.redact import Redactor
from loopwatch.results import error_key
from loopwatch.sketch import ResultFingerprint, Sketcher, sketcher_for
from loopwatch.unwrap import call_id_in, thread_id_in, unwrap_arguments, unwrap_result

_SKETCHERS_KEPT: Final = 1024
_BELOW_ROOT: Final = "raw_gen_ai_request"
_TRACEBACK: Final = "Traceback (most recent call last)"

Attributes = dict[str, Any]


class SketchingExporter(SpanExporter):
    """Wraps any span exporter; spans of any GenAI instrumentation leave without content.

    A tool span's arguments and result become ``loopwatch.tool.*`` hashes and sketches. Messages keep roles, ids and
    tool names, their texts and arguments become stand-ins (:mod:`loopwatch.redact`). Error texts of these spans become
    stand-ins too, their stack traces are dropped. Spans of other libraries pass as they are.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export *spans* without their content; a span that cannot be sketched leaves with its content removed."""
        return self._exporter.export([sketched(span) for span in spans])

    def shutdown(self) -> None:
        """Shut the wrapped exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the wrapped exporter."""
        return self._exporter.force_flush(timeout_millis)


def sketched(span: ReadableSpan) -> ReadableSpan:
    """Return *span* without content: itself where it has none."""
    attributes = span.attributes or {}
    if not is_genai_span(attributes) and not any(_has_content(event) for event in span.events):
        return span
    return safely(_swapped, span, attributes) or _stripped(span, attributes)


class _SketchedSpan(ReadableSpan):
    """A copy of a span with other attributes and events, which still says what its original had dropped."""

    def __init__(
        self, span: ReadableSpan, attributes: Mapping[str, Any], events: Sequence[Event], status: Status
    ) -> None:
        super().__init__(
            name=span.name,
            context=span.get_span_context(),
            parent=span.parent,
            resource=span.resource,
            attributes=attributes,
            events=events,
            links=span.links,
            kind=span.kind,
            status=status,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )
        self._original = span

    @property
    def dropped_attributes(self) -> int:
        return self._original.dropped_attributes

    @property
    def dropped_events(self) -> int:
        return self._original.dropped_events

    @property
    def dropped_links(self) -> int:
        return self._original.dropped_links


def _swapped(span: ReadableSpan, attributes: Mapping[str, Any]) -> ReadableSpan:
    thread_id = thread_id_in(attributes.get("traceloop.entity.input"))
    swap = _Swap(_sketcher_of(span, attributes, thread_id), thread_id, is_tool=is_tool_span(attributes))
    kept = swap.attributes(attributes)
    events = [swap.event(event) for event in span.events]
    if span.status.description:
        swap.note_error(span.status.description)
    found = swap.told_by_content() | kept | swap.tool_attributes()
    return _SketchedSpan(span, found, events, Status(span.status.status_code))


def _stripped(span: ReadableSpan, attributes: Mapping[str, Any]) -> ReadableSpan:
    """The way out when sketching failed: better without content and sketch than with content."""
    unsafe = ERROR_TEXTS | STACK_TRACES
    kept = {name: value for name, value in attributes.items() if not is_genai_content(name) and name not in unsafe}
    events = [Event(event.name, {}, event.timestamp) for event in span.events]
    return _SketchedSpan(span, kept, events, Status(span.status.status_code))


class _Swap:
    """Swaps the content of one span; what it learns of the tool call is read at the end."""

    def __init__(self, sketcher: Sketcher, thread_id: str, *, is_tool: bool) -> None:
        self._sketcher = sketcher
        self._thread_id = thread_id
        self._redactor = Redactor(sketcher)
        self._is_tool = is_tool
        self._arguments: Any = None
        self._result: Any = None
        self._error: str | None = None
        self._error_class: ToolErrorClass | None = None

    def attributes(self, attributes: Mapping[str, Any]) -> Attributes:
        if self._is_tool:
            self._arguments = _first(attributes, ARGUMENTS)
            self._result = _first(attributes, RESULTS)
        kept: Attributes = {}
        for name, value in attributes.items():
            if name in STACK_TRACES or (self._is_tool and (name in ARGUMENTS or name in RESULTS)):
                continue
            kept[name] = self._value(name, value, content=is_genai_content(name))
        return kept

    def event(self, event: Event) -> Event:
        kept: Attributes = {}
        for name, value in (event.attributes or {}).items():
            part = TOOL_EVENTS.get((event.name, name)) if self._is_tool else None
            if part == "arguments":
                self._arguments = value if self._arguments is None else self._arguments
            elif part == "result":
                self._result = value if self._result is None else self._result
            elif name not in STACK_TRACES:
                kept[name] = self._value(name, value, content=is_event_content(event.name, name))
        return Event(event.name, kept, event.timestamp)

    def note_error(self, text: str) -> None:
        said = text.partition(_TRACEBACK)[0]
        self._error = self._error or said or text
        told = error_class("", said)
        self._error_class = self._error_class or (told if told is not ToolErrorClass.OTHER else None)

    def tool_attributes(self) -> Attributes:
        """Return hash, sketch and class of the tool call that was found, nothing for other spans."""
        found: Attributes = {}
        if not self._is_tool:
            return found
        if self._arguments is not None:
            normal = unwrap_arguments(self._arguments)
            fingerprint = self._sketcher.fingerprint("" if normal is None else normal)
            found.update(fingerprint.attributes() if fingerprint is not None else {})
        answer = self._answer()
        return found if answer is None else found | answer.attributes()

    def told_by_content(self) -> Attributes:
        """Return the error's class, the call's id and the thread's: what the span's own attributes may not tell."""
        found: Attributes = {}
        if self._error_class is not None:
            found[LOOPWATCH_TOOL_ERROR_CLASS] = self._error_class.value
        if self._is_tool and (call_id := call_id_in(self._arguments, self._result)):
            found[GEN_AI_TOOL_CALL_ID] = call_id
        if self._thread_id:
            found[GEN_AI_CONVERSATION_ID] = self._thread_id
        return found

    def _answer(self) -> ResultFingerprint | None:
        if self._result is not None:
            return self._sketcher.result(canonical_text(unwrap_result(self._result)))
        return None if self._error is None else self._sketcher.error(self._error)

    def _value(self, name: str, value: Any, *, content: bool) -> Any:
        if name in ERROR_TEXTS:
            self.note_error(str(value))
            return self._redactor.messages(error_key(str(value)))
        if not content or isinstance(value, (bool, int, float)):
            return value
        if name.endswith((".arguments", ".args", "_arguments_json")):
            return self._redactor.call_arguments(value)
        return self._redactor.messages(value)


def _has_content(event: Event) -> bool:
    return any(is_event_content(event.name, name) for name in event.attributes or {})


def _first(attributes: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((attributes[name] for name in names if name in attributes), None)


def _sketcher_of(span: ReadableSpan, attributes: Mapping[str, Any], thread_id: str) -> Sketcher:
    """A root span without a session id is often a model call in a trace of its own: the service is all they share.

    LiteLLM's has the vendor's request below it, which must be comparable as well.
    """
    own = attributes.get(GEN_AI_CONVERSATION_ID) or attributes.get(SESSION_ID) or thread_id
    if own:
        return _sketcher(str(own))
    context = span.get_span_context()
    if span.parent is None or context is None or span.name == _BELOW_ROOT:
        return _sketcher(str(span.resource.attributes.get(SERVICE_NAME, "")))
    return _sketcher(format_trace_id(context.trace_id))


_sketcher = functools.lru_cache(maxsize=_SKETCHERS_KEPT)(sketcher_for)
