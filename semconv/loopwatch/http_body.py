"""Reads along while the body of a model's streamed answer passes, and times it."""

import functools
import sys
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import Any, Final

from opentelemetry import trace

from loopwatch._counts import count
from loopwatch._safely import safely
from loopwatch.content_clock import Connection, ContentClock, clock_of, drop_clock, set_clock
from loopwatch.span_words import is_model_call
from loopwatch.stall import connection_in
from loopwatch.wire_chunks import Chunks, chunks_of

PACKAGES: Final = ("httpx", "httpx2")
"""The HTTP clients whose streams can be watched: two packages of one shape."""

_BAD_REQUEST: Final = 400


def begin_request() -> "Reading | None":
    """Return the reading of the answer to a request that is sent now, None where it is not for an open model call."""
    span = trace.get_current_span()
    attributes = getattr(span, "attributes", None)
    if not attributes or not span.is_recording() or not is_model_call(attributes):
        return None
    return Reading(span)


class Reading:
    """One request and the stream that answers it, told on the span of the model call that made it.

    Where the caller's own ``stream()`` waits for this request, that one tells and only borrows the connection.
    """

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._clock = ContentClock()
        before = clock_of(span)
        self._above = before if before is not None and before.is_ours else None
        if self._above is None:
            if before is not None and before.first_s is None:
                self._clock.began_s = before.began_s  # a retry: the caller waits since the first try
            set_clock(span, self._clock)
        self._clock.asked()
        self._chunks: Chunks | None = None

    def answered(self, response: Any) -> None:
        """The head of the answer is here: watch its body if that is a stream."""
        self._clock.arrived(0)
        headers = response.headers
        chunks = chunks_of(headers.get("content-type", ""), headers.get("content-encoding", ""))
        if response.status_code >= _BAD_REQUEST:
            return  # perhaps tried again
        if chunks is None or response.is_closed or response.is_stream_consumed:
            drop_clock(self._span, self._clock)
            return
        watched = _body_kind(_package_of(response), isinstance(response.stream, AsyncIterable))
        response.stream = watched(response.stream, self)
        self._chunks = chunks
        self._lend(connection_in(response.extensions))

    def asked(self) -> None:
        """The reader waits for more."""
        self._clock.asked()

    def came(self, part: bytes) -> None:
        """A part of the body is here."""
        contents = 1  # what we cannot read is content, lest the stream be taken for a silent one
        try:
            if self._chunks is not None:
                contents = self._chunks.feed(part)
        finally:
            self._clock.arrived(contents)
        if self._chunks is not None and self._chunks.is_ended and not self._clock.completed:
            self._clock.completed = True
            self._write()  # now, because the span may be ended before the body is read to its end

    def ended(self, *, by_itself: bool) -> None:
        """The body is over: read to its end, broken, or left."""
        if self._chunks is None:
            return
        if by_itself and not self._chunks.shows_end:
            self._clock.completed = True
        self._chunks = None
        self._lend(None)
        self._write()
        drop_clock(self._span, self._clock)

    def _lend(self, connection: Connection | None) -> None:
        self._clock.connection = connection
        if self._above is not None:
            self._above.connection = connection

    def _write(self) -> None:
        if clock_of(self._span) is not self._clock:
            return
        if not self._span.is_recording():
            count("stream_not_written")
            return
        said = getattr(self._span, "attributes", None) or {}
        known = self._clock.attributes()
        self._span.set_attributes(
            {name: value for name, value in known.items() if name.startswith("loopwatch.") or name not in said}
        )


class _SyncBody:
    """The body of an answer, watched."""

    def __init__(self, body: Any, reading: Reading) -> None:
        self._body = body
        self._reading = reading

    def __iter__(self) -> Iterator[bytes]:
        reading = self._reading
        source = iter(self._body)
        while True:
            safely(reading.asked)
            try:
                part = next(source)
            except StopIteration:
                safely(reading.ended, by_itself=True)
                return
            except BaseException:
                safely(reading.ended, by_itself=False)
                raise
            safely(reading.came, part)
            yield part

    def close(self) -> None:
        safely(self._reading.ended, by_itself=False)
        self._body.close()


class _AsyncBody:
    """The body of an answer to an asynchronous client, watched."""

    def __init__(self, body: Any, reading: Reading) -> None:
        self._body = body
        self._reading = reading

    async def __aiter__(self) -> AsyncIterator[bytes]:
        reading = self._reading
        source = aiter(self._body)
        while True:
            safely(reading.asked)
            try:
                part = await anext(source)
            except StopAsyncIteration:
                safely(reading.ended, by_itself=True)
                return
            except BaseException:
                safely(reading.ended, by_itself=False)
                raise
            safely(reading.came, part)
            yield part

    async def aclose(self) -> None:
        safely(self._reading.ended, by_itself=False)
        await self._body.aclose()


def _package_of(response: object) -> str:
    names = (base.__module__.partition(".")[0] for base in type(response).__mro__)
    return next(name for name in names if name in PACKAGES)


@functools.cache
def _body_kind(package: str, is_async: bool) -> Any:
    """The watched body that is also of the package's own kind of stream, which its clients insist on."""
    module: Any = sys.modules[package]
    if is_async:
        return type("WatchedBody", (_AsyncBody, module.AsyncByteStream), {})
    return type("WatchedBody", (_SyncBody, module.SyncByteStream), {})
