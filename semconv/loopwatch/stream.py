"""A stream that is watched while it is read: time to first content, largest gap, count, completed or not."""

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Final, Generic, Self, TypeVar, cast

from opentelemetry import trace

from loopwatch._safely import safely, warn_once
from loopwatch._tracer import current_call
from loopwatch.attributes import (
    GEN_AI_REQUEST_STREAM,
    GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
    LOOPWATCH_STREAM_CHUNKS,
    LOOPWATCH_STREAM_COMPLETED,
    LOOPWATCH_STREAM_MAX_GAP,
)
from loopwatch.budget import Clock
from loopwatch.chunks import is_content

T = TypeVar("T")

_TOO_LATE: Final = "loopwatch: a stream was read after its span had ended: read it inside with model_call(…)"


def stream(
    chunks: Iterable[T] | AsyncIterable[T],
    *,
    is_content: Callable[[T], bool] = is_content,
    clock: Clock = time.monotonic,
) -> "Stream[T]":
    """Return *chunks* watched: iterate over the result as you would over the stream of the SDK.

    Its timings are written to the model call that is open here, else to the current span: make it inside
    ``with model_call(…)`` and read it to its end there. *is_content* says which chunks are content
    (:func:`loopwatch.chunks.is_content` by default).
    """
    return Stream(chunks, is_content, clock)


class Stream(Generic[T]):
    """A watched stream, made by :func:`stream`; everything else of the SDK's stream is there by its own name.

    A gap is time spent waiting for the stream, so a slow reader makes none. Not to be shared between threads.
    """

    def __init__(self, chunks: Iterable[T] | AsyncIterable[T], content: Callable[[T], bool], clock: Clock) -> None:
        self._chunks = chunks
        self._is_content = content
        self._clock = clock
        self._source: Any = None
        self._call = current_call()
        self._span = trace.get_current_span() if self._call is None else self._call.span
        self._began_s = clock()
        self._asked_s = self._began_s
        self._waited_s = 0.0
        self._first_s: float | None = None
        self._max_gap_s: float | None = None
        self._count = 0
        self._completed = self._finished = False
        if self._call is not None:
            self._call.watch(self)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._source is None:
            self._source = iter(cast("Iterable[T]", self._chunks))
        self._asked_s = self._clock()
        try:
            chunk = cast("T", next(self._source))
        except StopIteration:
            self._ended(completed=True)
            raise
        except BaseException:
            self._ended(completed=False)
            raise
        safely(self._arrived, chunk)
        return chunk

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        if self._source is None:
            self._source = aiter(cast("AsyncIterable[T]", self._chunks))
        self._asked_s = self._clock()
        try:
            chunk = cast("T", await anext(self._source))
        except StopAsyncIteration:
            self._ended(completed=True)
            raise
        except BaseException:
            self._ended(completed=False)
            raise
        safely(self._arrived, chunk)
        return chunk

    def __enter__(self) -> Self:
        enter = getattr(self._chunks, "__enter__", None)
        if enter is not None:
            self._chunks = enter()
        return self

    def __exit__(self, *raised: Any) -> Any:
        self.finish()
        leave = getattr(self._chunks, "__exit__", None)
        return None if leave is None else leave(*raised)

    async def __aenter__(self) -> Self:
        enter = getattr(self._chunks, "__aenter__", None)
        if enter is not None:
            self._chunks = await enter()
        return self

    async def __aexit__(self, *raised: Any) -> Any:
        self.finish()
        leave = getattr(self._chunks, "__aexit__", None)
        return None if leave is None else await leave(*raised)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # our own, when it is not there yet: never the SDK's
            raise AttributeError(name)
        return getattr(self._chunks, name)

    def finish(self) -> None:
        """Write what was seen, once; a stream that was not read to its end is not completed."""
        if not self._finished:
            self._finished = True
            safely(self._write)

    def _ended(self, *, completed: bool) -> None:
        self._completed = completed
        self.finish()

    def _arrived(self, chunk: T) -> None:
        if self._finished:
            warn_once("stream", _TOO_LATE)
            return
        now_s = self._clock()
        self._waited_s += now_s - self._asked_s
        if not self._is_content(chunk):
            return
        if self._first_s is None:
            self._first_s = now_s - self._began_s
        else:
            self._max_gap_s = max(self._max_gap_s or 0.0, self._waited_s)
        self._waited_s = 0.0
        self._count += 1

    def _write(self) -> None:
        span = self._span
        if not span.is_recording():
            if span.get_span_context().trace_flags.sampled:
                warn_once("stream", _TOO_LATE)
            return
        span.set_attribute(GEN_AI_REQUEST_STREAM, True)
        span.set_attribute(LOOPWATCH_STREAM_CHUNKS, self._count)
        span.set_attribute(LOOPWATCH_STREAM_COMPLETED, self._completed)
        if self._first_s is not None:
            span.set_attribute(GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, self._first_s)
        if self._max_gap_s is not None:
            span.set_attribute(LOOPWATCH_STREAM_MAX_GAP, self._max_gap_s)
