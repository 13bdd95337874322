"""A stream that is watched while it is read: time to first content, largest gap, count, completed or not."""

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Final, Generic, Self, TypeVar, cast

from opentelemetry import trace

from loopwatch._safely import safely, warn_once
from loopwatch._tracer import current_call
from loopwatch.chunks import is_content
from loopwatch.content_clock import Clock, ContentClock, drop_clock, set_clock
from loopwatch.stall import Patience, SyncGuard, anext_within, guard, release

T = TypeVar("T")

_TOO_LATE: Final = "loopwatch: a stream was read after its span had ended: read it inside with model_call(…)"


def stream(
    chunks: Iterable[T] | AsyncIterable[T],
    *,
    max_first_s: float | None = None,
    max_gap_s: float | None = None,
    is_content: Callable[[T], bool] = is_content,
    clock: Clock = time.monotonic,
) -> "Stream[T]":
    """Return *chunks* watched: iterate over the result as you would over the stream of the SDK.

    Its timings are written to the model call that is open here, else to the current span: make it inside
    ``with model_call(…)`` and read it to its end there. *is_content* says which chunks are content
    (:func:`loopwatch.chunks.is_content` by default).

    *max_first_s* is how many seconds may pass before the first content, *max_gap_s* how many the reader may wait for
    more after it; keep-alives do not count as content. Without them nothing is ever raised, and stalls are only
    reported. With them reading raises ``StreamStalled`` while the provider is silent: always under asyncio; in
    synchronous code where the socket of an HTTP/1.1 connection can be found in *chunks* or by
    ``loopwatch.inflight.install()``, else the stall is reported only.

    Raises: ValueError for a limit that is not greater than 0.
    """
    return Stream(chunks, is_content, clock, Patience(max_first_s, max_gap_s))


class Stream(Generic[T]):
    """A watched stream, made by :func:`stream`; everything else of the SDK's stream is there by its own name.

    A gap is time spent waiting for the stream, so a slow reader makes none. Not to be shared between threads.
    """

    def __init__(
        self,
        chunks: Iterable[T] | AsyncIterable[T],
        content: Callable[[T], bool],
        clock: Clock,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self._chunks = chunks
        self._is_content = content
        self._patience = patience
        self._source: Any = None
        self._guard: SyncGuard | None = None
        self._call = current_call()
        self._span = trace.get_current_span() if self._call is None else self._call.span
        self._finished = False
        self.times = ContentClock(clock, is_ours=True)
        self._below = safely(set_clock, self._span, self.times)
        if self._below is not None and self._below.clock is clock and not self._below.is_ours:
            self.times.began_s = self._below.began_s  # the request began before its stream was here
        if self._call is not None:
            self._call.watch(self)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._source is None:
            self._source = iter(cast("Iterable[T]", self._chunks))
            if self._patience != Patience():
                self._guard = guard(self._chunks, self._patience, self.times, self._below)
        self.times.asked()
        try:
            chunk = cast("T", next(self._source) if self._guard is None else self._guard.next(self._source))
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
        self.times.asked()
        try:
            chunk = cast("T", await anext_within(self._source, self._patience, self.times))
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
        self.times.completed = completed
        self.finish()

    def _arrived(self, chunk: T) -> None:
        if self._finished:
            warn_once("stream", _TOO_LATE)
            return
        contents = 0
        try:
            contents = int(self._is_content(chunk))
        finally:
            self.times.arrived(contents)

    def _write(self) -> None:
        if self._guard is not None:
            release(self._guard)
        span = self._span
        drop_clock(span, self.times)
        if span.is_recording():
            span.set_attributes(self.times.attributes())
        elif span.get_span_context().trace_flags.sampled:
            warn_once("stream", _TOO_LATE)
