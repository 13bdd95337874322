"""What happens to a stream that stays silent longer than its caller allows."""

import asyncio
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakSet

from loopwatch._counts import count
from loopwatch._fork import in_forked_child
from loopwatch._safely import safely, warn_once
from loopwatch.attributes import StopReason
from loopwatch.content_clock import Connection, ContentClock

_MIN_WAIT_S: Final = 0.02
_DEPTH: Final = 3
_INSIDE: Final = ("response", "_response", "http_response", "stream", "_stream", "__wrapped__", "_raw_stream")
_UNREACHABLE: Final = (
    "loopwatch: a stream was silent for longer than max_gap_s or max_first_s allow, and nothing can interrupt its "
    "reader: no task of asyncio reads it, and no socket of HTTP/1.1 was found. It is reported only. Mend it with "
    "loopwatch.inflight.install(), which finds the socket of httpx and httpx2 clients, or read the stream under asyncio"
)


class StreamStalled(TimeoutError):
    """A stream brought no content for longer than the caller allows.

    *silent_s* is how long, *limit_s* what was allowed, *chunks* how many chunks of content came before.
    """

    stop_reason: Final = StopReason.STREAM_STALLED

    def __init__(self, silent_s: float, limit_s: float, chunks: int) -> None:
        what = "content" if chunks else "first content"
        super().__init__(f"no {what} for {silent_s:.1f} s, {limit_s:g} s are allowed, after {chunks} chunks")
        self.silent_s = silent_s
        self.limit_s = limit_s
        self.chunks = chunks


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds without content are allowed: before the first chunk, and after it. None: any."""

    max_first_s: float | None = None
    max_gap_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("max_first_s", "max_gap_s"):
            limit_s = getattr(self, name)
            if limit_s is not None and not limit_s > 0:
                raise ValueError(f"stream({name}={limit_s!r}): give seconds greater than 0, or None for no limit")

    def limit_s(self, times: ContentClock) -> float | None:
        """Return the limit that holds now."""
        return self.max_first_s if times.first_s is None else self.max_gap_s

    def left_s(self, times: ContentClock) -> float | None:
        """Return how long the stream may still be silent, 0 or less when no longer, None when there is no limit."""
        limit_s = self.limit_s(times)
        return None if limit_s is None else limit_s - times.current_gap_s()

    def stalled(self, times: ContentClock) -> StreamStalled:
        """Return the exception that says so."""
        return StreamStalled(times.current_gap_s(), self.limit_s(times) or 0.0, times.chunks)


async def anext_within(source: Any, patience: Patience, times: ContentClock) -> Any:
    """Return the next chunk of *source*.

    Raises: StreamStalled where the patience ends before; StopAsyncIteration and what *source* raises.
    """
    left_s = patience.left_s(times)
    if left_s is None:
        return await anext(source)
    if not _in_asyncio():
        return await _anext_however_long(source, patience, times)
    timeout = asyncio.timeout(max(left_s, 0.0))
    try:
        async with timeout:
            return await anext(source)
    except TimeoutError:
        if timeout.expired():
            raise patience.stalled(times) from None
        raise


async def _anext_however_long(source: Any, patience: Patience, times: ContentClock) -> Any:
    try:
        return await anext(source)
    finally:
        left_s = patience.left_s(times)
        if left_s is not None and left_s <= 0:
            _give_up()


def _in_asyncio() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def _give_up() -> None:
    count("stall_not_interrupted")
    warn_once("unreachable", _UNREACHABLE)


class SyncGuard:
    """Interrupts the reader of a synchronous stream by shutting down the socket that it is blocked on."""

    def __init__(self, chunks: object, patience: Patience, times: ContentClock, below: ContentClock | None) -> None:
        self._chunks = chunks
        self._patience = patience
        self._times = times
        self._below = below
        self._lock = threading.RLock()
        self._is_waiting = False
        self._is_spent = False
        self._stalled: StreamStalled | None = None

    def next(self, source: Any) -> Any:
        """Return the next chunk of *source*.

        Raises: StreamStalled where the patience ended before; StopIteration and what *source* raises.
        """
        self._wait(True)
        try:
            return next(source)
        except BaseException as error:
            if self._stalled is not None and isinstance(error, Exception):
                raise self._stalled from error
            raise
        finally:
            self._wait(False)

    def _wait(self, waits: bool) -> None:
        with self._lock:
            self._is_waiting = waits

    def check(self) -> float | None:
        """Interrupt the reader if its patience has ended; return when to look again, None for never."""
        with self._lock:
            if self._is_spent:
                return None
            left_s = self._patience.left_s(self._times)
            if left_s is None or left_s > 0 or not self._is_waiting:
                return self._next_look_s(left_s)
            self._is_spent = True
            self._interrupt()
            return None

    def _next_look_s(self, left_s: float | None) -> float | None:
        limits_s = [] if left_s is None else [left_s]
        if self._times.first_s is None and self._patience.max_gap_s is not None:
            limits_s.append(self._patience.max_gap_s)  # it begins with the first content, at the soonest now
        return max(min(limits_s), _MIN_WAIT_S) if limits_s else None

    def _interrupt(self) -> None:
        connection = _connection_of(self._chunks) or self._times.connection
        if connection is None and self._below is not None:
            connection = self._below.connection
        found = None if connection is None else connection.get_extra_info("socket")
        if not isinstance(found, socket.socket):
            _give_up()
            return
        self._stalled = self._patience.stalled(self._times)
        # The method of the plain socket: that of an SSLSocket takes its TLS state away from under the reader.
        socket.socket.shutdown(found, socket.SHUT_RDWR)


def _connection_of(chunks: object, depth: int = _DEPTH) -> Connection | None:
    """Find the connection that an SDK's stream is read from: in its HTTP response, itself some layers inside."""
    extensions = getattr(chunks, "extensions", None)
    if isinstance(extensions, Mapping) and "network_stream" in extensions:
        # A connection whose body was read may serve somebody else by now.
        return None if getattr(chunks, "is_closed", False) else connection_in(extensions)
    if depth == 0:
        return None
    inside = (getattr(chunks, name, None) for name in _INSIDE)
    found = (_connection_of(part, depth - 1) for part in inside if part is not None)
    return next((connection for connection in found if connection is not None), None)


def connection_in(extensions: Mapping[str, Any]) -> Connection | None:
    """Return the connection of a response, None where others may share it, as in HTTP/2."""
    if extensions.get("http_version") not in (b"HTTP/1.1", b"HTTP/1.0"):
        return None
    connection: Connection | None = extensions.get("network_stream")
    return connection


class _Watch:
    """The one thread that looks after all guarded streams; it lives while there are any."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._changed = threading.Condition()
        self._guards: WeakSet[SyncGuard] = WeakSet()
        self._thread: threading.Thread | None = None

    def add(self, guard: SyncGuard) -> None:
        with self._changed:
            self._guards.add(guard)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="loopwatch-stalls", daemon=True)
                self._thread.start()
            self._changed.notify()

    def remove(self, guard: SyncGuard) -> None:
        with self._changed:
            self._guards.discard(guard)

    def _run(self) -> None:
        with self._changed:
            while (wait_s := self._look()) is not None:
                self._changed.wait(wait_s)
            self._thread = None

    def _look(self) -> float | None:
        waits = []
        for guard in list(self._guards):
            wait_s = safely(guard.check)
            if wait_s is None:
                self._guards.discard(guard)
            else:
                waits.append(wait_s)
        return min(waits, default=None)


_watch: Final = _Watch()


def guard(chunks: object, patience: Patience, times: ContentClock, below: ContentClock | None) -> SyncGuard:
    """Return a guard over a synchronous stream whose reader is interrupted from now on."""
    made = SyncGuard(chunks, patience, times, below)
    _watch.add(made)
    return made


def release(made: SyncGuard) -> None:
    """Look after *made* no more."""
    _watch.remove(made)


in_forked_child(_watch.forget)
