"""uvicorn's reading of HTTP, with the bounds that it does not have."""

from __future__ import annotations

import asyncio
import sys
from abc import abstractmethod
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from loopwatch_processor.receive.connections import ConnectionLimits, OnRefused, Refusal

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
except ImportError:  # no wheel for this platform; h11 takes 90 µs more for a request
    HAS_HTTPTOOLS = False
else:
    HAS_HTTPTOOLS = True

_UNREAD_MAX_BYTES = 16 * 1024
"""Of a head that is not complete, of trailers, and of blank lines: uvicorn's bound where h11 reads."""
_PIPELINED_MAX = 16
"""Requests that one connection sends ahead; exporters send none."""


def bounded_http(
    limits: ConnectionLimits, on_refused: OnRefused, *, by_httptools: bool = HAS_HTTPTOOLS
) -> type[asyncio.Protocol]:
    """uvicorn's protocol with *limits*; *on_refused* hears of every connection that met one."""
    base = _ByHttptools if by_httptools else _ByH11
    return type("BoundedHttp", (base,), {"limits": limits, "on_refused": staticmethod(on_refused)})


class _Bounded(asyncio.Protocol):
    """uvicorn waits for ever for the first byte of a connection, and for the last one of a request's headers."""

    limits: ClassVar[ConnectionLimits]
    on_refused: ClassVar[staticmethod[[Refusal], None]]
    connections: set[Any]
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _awaiting_headers: asyncio.TimerHandle | None = None
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections_max:
            self._refuse("too_many")
        else:
            self._expect_headers()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        if self._awaits_headers(data):
            self._expect_headers()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    @abstractmethod
    def _awaits_headers(self, read: bytes) -> bool:
        """Whether, after *read*, a request has begun whose headers are not there yet."""

    def _expect_headers(self) -> None:
        if self._awaiting_headers is None and not self._refused:
            self._awaiting_headers = self.loop.call_later(self.limits.header_timeout_s, self._refuse, "slow")

    def _stop_waiting(self) -> None:
        if self._awaiting_headers is not None:
            self._awaiting_headers.cancel()
            self._awaiting_headers = None

    def _refuse(self, why: Refusal) -> None:
        self._refused = True
        self._stop_waiting()
        self.on_refused(why)
        self.transport.close()


class _ByH11(_Bounded, H11Protocol):
    def _awaits_headers(self, _read: bytes) -> bool:
        return self.conn.their_state is h11.IDLE


if HAS_HTTPTOOLS:

    class _ByHttptools(_Bounded, HttpToolsProtocol):
        """Its parser, llhttp, keeps as much of a head, and reads as far ahead, as it is sent.

        What raises in a callback is answered 400, and the connection closed.
        """

        _in_head = False
        _moved = False
        _body_bytes = 0
        _unread_bytes = 0
        _read = b""

        def data_received(self, data: bytes) -> None:
            self._read = data
            self._moved, self._body_bytes = False, 0
            super().data_received(data)
            self._read = b""

        def on_message_begin(self) -> None:
            self._in_head = self._moved = True
            self._unread_bytes = 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._in_head = False
            if len(self.pipeline) >= _PIPELINED_MAX:
                self._refuse("too_many")  # unanswered: what is on its way would take a 400 for its own answer
                raise ValueError("too many requests ahead")
            # It reads on where a body is chunked in the end, whatever it is before.
            if any(name == b"transfer-encoding" and value.lower() != b"chunked" for name, value in self.headers):
                raise ValueError("another transfer encoding")
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self._moved = True
            self._body_bytes += len(body)
            super().on_body(body)

        def on_message_complete(self) -> None:
            self._moved = True
            super().on_message_complete()

        def _should_upgrade(self) -> bool:
            return True  # to `handle_websocket_upgrade`

        def handle_websocket_upgrade(self) -> None:
            """Java's own client would rather speak HTTP/2, and asks so in every first request.

            The parser ends such a request before its body, which would be lost: it is read again without that wish.
            """
            ended, method = sys.exception(), self.parser.get_method()
            if method == b"CONNECT" or ended is None:
                self.send_400_response("Nothing is behind this server.")
                return
            lines = [b"%s %s HTTP/1.1" % (method, self.url)]
            lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
            self.parser = type(self.parser)(self)
            self.data_received(b"\r\n".join([*lines, b"", self._read[ended.args[0] :]]))

        def send_400_response(self, msg: str) -> None:
            if not self._refused:
                self._refused = True
                super().send_400_response(msg)

        def _awaits_headers(self, read: bytes) -> bool:
            if self._moved and not self._in_head:
                self._unread_bytes = 0
                return False
            self._unread_bytes += len(read) - self._body_bytes
            if self._unread_bytes > _UNREAD_MAX_BYTES:
                self.send_400_response("The headers are too long.")
            return self._in_head or self.cycle is None or self.cycle.response_complete
