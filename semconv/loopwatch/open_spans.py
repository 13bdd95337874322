"""The spans that are open in this process, and what is to be told of them."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import TYPE_CHECKING, Final
from weakref import ref

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span
from opentelemetry.trace import SpanContext, format_span_id

from loopwatch._counts import count
from loopwatch.attributes import (
    EVENT_HEARTBEAT,
    EVENT_SPAN_ENDED,
    EVENT_SPAN_STARTED,
    LOOPWATCH_SPAN_AGE,
    LOOPWATCH_SPAN_NAME,
    LOOPWATCH_SPAN_OUTCOME,
    LOOPWATCH_SPAN_PARENT_ID,
    LOOPWATCH_SPAN_ROOT_ID,
    LOOPWATCH_STREAM_CHUNKS,
    LOOPWATCH_STREAM_CURRENT_GAP,
    SpanOutcome,
)
from loopwatch.content_clock import clock_of
from loopwatch.span_words import inherited_words, operation_of, own_words

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

_CHUNK_EVENTS: Final = frozenset({"gen_ai.content.completion.chunk", "llm.content.completion.chunk"})
"""OpenLLMetry adds one to the span for each chunk; nobody else does."""
_MAX_ANCESTORS: Final = 100
_NS_PER_S: Final = 1e9


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to tell of the span *context*; *resource* is that of the span."""

    name: str
    context: SpanContext
    resource: Resource
    attributes: "Mapping[str, AttributeValue]"


@dataclass(slots=True)
class _Announced:
    """What was told last of a span, and when in nanoseconds."""

    event: Event
    told_ns: int


@dataclass(slots=True)
class OpenSpans:
    """Every open span, held weakly, and which of them were announced. Time comes from the caller.

    *grace_ns* is the age at which a GenAI span is announced, *interval_ns* the time between its heartbeats,
    *max_open* how many open spans of any kind are followed, *max_announced* of how many there are events at a time;
    what is more is counted. *common* is on every event.
    """

    grace_ns: int
    interval_ns: int
    max_open: int
    max_announced: int
    common: "Mapping[str, AttributeValue]"
    fresh: "deque[ref[Span]]" = field(default_factory=deque)
    """Spans that began since the last sweep. All that an agent does for a span is to append to it: no lock, no look-up,
    and nothing at its end, as most spans have ended by then."""
    room: int = 0
    """How many spans that may be until somebody has to look which of them are still open."""
    announced: dict[int, "_Announced"] = field(default_factory=dict)
    """Those that were told of, by span id; as long as there are none, no end of a span matters."""
    _open: dict[int, "ref[Span]"] = field(default_factory=dict)
    _refused: set[int] = field(default_factory=set)
    _sorting: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self.room = self.max_open

    def add(self, span: Span) -> None:
        """Follow *span* from now on."""
        if len(self.fresh) < self.room:
            self.fresh.append(ref(span))
        else:
            self.crowd(span)

    def crowd(self, span: Span) -> None:
        """Follow *span* from now on, where there is room once those that have ended are forgotten."""
        self._sort()
        if self.room > 0:
            self.fresh.append(ref(span))
        else:
            count("span_not_followed")

    def remove(self, span: ReadableSpan) -> None:
        """*span* has ended. It must be said of those that were announced, and may be of others."""
        span_id = span.context.span_id
        if span_id in self.announced:
            self._open.pop(span_id, None)

    def _sort(self) -> None:
        """Keep those of the fresh spans that are still open."""
        with self._sorting:
            for _ in range(len(self.fresh)):
                if not self.fresh:  # a finaliser began a span meanwhile, and sorted
                    break
                held = self.fresh.popleft()
                span = held()
                if span is not None and span.is_recording():
                    self._open[span.context.span_id] = held
            self.room = self.max_open - len(self._open)

    def sweep(self, now_ns: int) -> list[Event]:
        """Return what is to be told at *now_ns*, a time of the wall clock as a span's start is."""
        self._sort()
        spans, abandoned = self._living()
        events = list(self._ended(spans, abandoned))
        # All heartbeats at once as soon as one is due, so that they leave in one batch.
        beats = any(_is_over(now_ns - told.told_ns, self.interval_ns) for told in self.announced.values())
        self._refused &= spans.keys()
        is_full = len(self.announced) >= self.max_announced
        for span_id, span in spans.items():
            if is_full and span_id in self._refused:
                continue
            is_known = span_id in self.announced
            if beats if is_known else self._is_due(span, now_ns):
                event = self._describe(EVENT_HEARTBEAT if is_known else EVENT_SPAN_STARTED, span, spans, now_ns)
                if event is not None:
                    self.announced[span_id] = _Announced(event, now_ns)
                    events.append(event)
                    if not span.is_recording():  # it ended before anybody had to say so
                        self._open.pop(span_id, None)
        return events

    def _living(self) -> tuple[dict[int, Span], set[int]]:
        spans: dict[int, Span] = {}
        abandoned: set[int] = set()
        for span_id, held in self._open.copy().items():
            span = held()
            if span is None:
                self._open.pop(span_id, None)
                abandoned.add(span_id)
            elif span.is_recording():
                spans[span_id] = span
            else:
                self._open.pop(span_id, None)
        self.room = self.max_open - len(self._open)
        return spans, abandoned

    def _ended(self, spans: Mapping[int, Span], abandoned: set[int]) -> Iterator[Event]:
        for span_id in [span_id for span_id in self.announced if span_id not in spans]:
            last = self.announced.pop(span_id).event
            outcome = SpanOutcome.ABANDONED if span_id in abandoned else SpanOutcome.ENDED
            yield replace(
                last, name=EVENT_SPAN_ENDED, attributes={**last.attributes, LOOPWATCH_SPAN_OUTCOME: outcome.value}
            )

    def _is_due(self, span: Span, now_ns: int) -> bool:
        return span.context.trace_flags.sampled and _is_over(now_ns - (span.start_time or now_ns), self.grace_ns)

    def _describe(self, name: str, span: Span, spans: Mapping[int, Span], now_ns: int) -> Event | None:
        own = dict(span.attributes or {})
        operation = operation_of(own, is_root=span.parent is None)
        if operation is None:
            return None
        if name == EVENT_SPAN_STARTED and len(self.announced) >= self.max_announced:
            if span.context.span_id not in self._refused:
                self._refused.add(span.context.span_id)
                count("span_not_announced")
            return None
        above = list(_above(span, spans))
        attributes: dict[str, AttributeValue] = {}
        for ancestor in reversed(above):
            attributes.update(inherited_words(ancestor.attributes or {}))
        attributes |= {**inherited_words(own), **own_words(own, operation, span.name), **self.common}
        attributes[LOOPWATCH_SPAN_NAME] = span.name
        attributes[LOOPWATCH_SPAN_AGE] = max(0.0, (now_ns - (span.start_time or now_ns)) / _NS_PER_S)
        attributes[LOOPWATCH_SPAN_ROOT_ID] = format_span_id((above or [span])[-1].context.span_id)
        if span.parent is not None:
            attributes[LOOPWATCH_SPAN_PARENT_ID] = format_span_id(span.parent.span_id)
        return Event(name, span.context, span.resource, attributes | _stream(span, now_ns))


def _is_over(passed_ns: int, wait_ns: int) -> bool:
    return not 0 <= passed_ns < wait_ns  # a wall clock that was set back must not silence anybody


def _above(span: Span, spans: Mapping[int, Span]) -> Iterator[Span]:
    """The open spans above *span*, nearest first."""
    parent = span.parent
    for _ in range(_MAX_ANCESTORS):
        found = None if parent is None else spans.get(parent.span_id)
        if found is None:
            return
        yield found
        parent = found.parent


def _stream(span: Span, now_ns: int) -> "dict[str, AttributeValue]":
    """What is known of the stream that the span reads: by a clock, else by events that an instrumentation adds."""
    clock = clock_of(span)
    if clock is not None:
        return {LOOPWATCH_STREAM_CURRENT_GAP: clock.current_gap_s(), LOOPWATCH_STREAM_CHUNKS: clock.chunks}
    chunks = [event.timestamp for event in span.events if event.name in _CHUNK_EVENTS]
    if not chunks:
        return {}
    return {
        LOOPWATCH_STREAM_CURRENT_GAP: max(0.0, (now_ns - chunks[-1]) / _NS_PER_S),
        LOOPWATCH_STREAM_CHUNKS: len(chunks) + span.dropped_events,
    }
