"""Since when a stream has been silent: one clock for each stream, found by its span while that is open."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import ref

from opentelemetry import trace

from loopwatch._fork import in_forked_child
from loopwatch.attributes import (
    GEN_AI_REQUEST_STREAM,
    GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
    LOOPWATCH_STREAM_CHUNKS,
    LOOPWATCH_STREAM_COMPLETED,
    LOOPWATCH_STREAM_MAX_GAP,
)

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

Clock = Callable[[], float]
"""Seconds that never go back, from any start."""


class Connection(Protocol):
    """What a stream is read from, as httpcore gives it in a response's extensions."""

    def get_extra_info(self, info: str) -> Any:
        """Return the connection's part of that name, such as its socket."""


class ContentClock:
    """The times of one stream, in seconds of *clock*. Written by the thread that reads the stream, read by any.

    A gap is time spent waiting for the stream, so that a slow reader makes none: the reader says when it
    :meth:`asked` and what :meth:`arrived`. *is_ours* is true for a stream that the caller wrapped, whose word
    counts more than what the transport below it sees. *connection* is there while the stream is read from it alone.
    """

    __slots__ = (
        "_asked_s",
        "_heard_s",
        "_waited_s",
        "began_s",
        "chunks",
        "clock",
        "completed",
        "connection",
        "first_s",
        "is_ours",
        "max_gap_s",
    )

    def __init__(self, clock: Clock = time.monotonic, *, began_s: float | None = None, is_ours: bool = False) -> None:
        self.clock = clock
        self.is_ours = is_ours
        self.began_s = clock() if began_s is None else began_s
        self.first_s: float | None = None
        self.max_gap_s: float | None = None
        self.chunks = 0
        self.completed = False
        self.connection: Connection | None = None
        self._asked_s: float | None = None
        self._heard_s = self.began_s
        self._waited_s = 0.0

    def asked(self) -> None:
        """The reader waits from now on."""
        self._asked_s = self.clock()

    def arrived(self, contents: int) -> None:
        """Something came, with so many chunks of content in it; the reader waits no more."""
        self._heard_s = self.clock()
        if self._asked_s is not None:
            self._waited_s += self._heard_s - self._asked_s
            self._asked_s = None
        if contents:
            self._add(contents)

    def _add(self, contents: int) -> None:
        gap_s: float | None = self._waited_s
        if self.first_s is None:
            self.first_s = self._heard_s - self.began_s
            gap_s = 0.0 if contents > 1 else None  # what came together has no time between it
        if gap_s is not None:
            self.max_gap_s = max(self.max_gap_s or 0.0, gap_s)
        self.chunks += contents
        self._waited_s = 0.0

    def current_gap_s(self) -> float:
        """Seconds without content, as far as somebody waited: since the start of the call while none came."""
        asked_s = self._asked_s
        if self.first_s is None:
            return (self._heard_s if asked_s is None else self.clock()) - self.began_s
        return self._waited_s + (0.0 if asked_s is None else self.clock() - asked_s)

    def attributes(self) -> "dict[str, AttributeValue]":
        """Return what a finished stream says on its span."""
        found: dict[str, AttributeValue] = {
            GEN_AI_REQUEST_STREAM: True,
            LOOPWATCH_STREAM_CHUNKS: self.chunks,
            LOOPWATCH_STREAM_COMPLETED: self.completed,
        }
        if self.first_s is not None:
            found[GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = self.first_s
        if self.max_gap_s is not None:
            found[LOOPWATCH_STREAM_MAX_GAP] = self.max_gap_s
        return found


class _Clocks:
    """The clock of every span that has one. Spans are held weakly: an abandoned one takes its clock along.

    They are known by their ids: what is current may be a wrapper around the SDK's span, as with Logfire.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._lock = threading.RLock()
        self._of: dict[int, tuple[ref[trace.Span], ContentClock]] = {}

    def put(self, span: trace.Span, clock: ContentClock) -> ContentClock | None:
        key = span.get_span_context().span_id
        held = ref(span, lambda _: self._of.pop(key, None))
        with self._lock:
            before = self.get(span)
            self._of[key] = held, clock
            return before

    def drop(self, span: trace.Span, clock: ContentClock) -> None:
        with self._lock:
            if self.get(span) is clock:
                del self._of[span.get_span_context().span_id]

    def get(self, span: trace.Span) -> ContentClock | None:
        found = self._of.get(span.get_span_context().span_id)
        return None if found is None else found[1]


_clocks: Final = _Clocks()


def set_clock(span: trace.Span, clock: ContentClock) -> ContentClock | None:
    """Make *clock* the one of *span* and return the one that was; a span that is not recorded has none."""
    return _clocks.put(span, clock) if span.is_recording() else None


def drop_clock(span: trace.Span, clock: ContentClock) -> None:
    """Forget *clock*, unless *span* has another one by now."""
    _clocks.drop(span, clock)


def clock_of(span: trace.Span) -> ContentClock | None:
    """Return the clock of the last stream of *span*, None where nobody watches one."""
    return _clocks.get(span)


in_forked_child(_clocks.forget)
