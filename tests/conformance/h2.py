"""As much of HTTP/2 as it takes to be a gRPC client that misbehaves."""

from __future__ import annotations

import socket
import struct
from types import TracebackType

from loopwatch_processor.receive.intake import Signal

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _WINDOW = 0, 1, 3, 4, 6, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_WINDOW_BYTES = 65_535


class H2:
    """One connection; *encoding* is what its calls say of their messages."""

    def __init__(self, port: int, encoding: str = "identity") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._headers = {"grpc-encoding": encoding}
        self._stream = -1
        self._read = b""
        self._rooms = {0: _WINDOW_BYTES}
        self._initial = _WINDOW_BYTES
        self._socket.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, b""))

    def __enter__(self) -> H2:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._socket.close()

    def call(self, signal: Signal, body: bytes, *, ends: bool = True) -> None:
        """Begin a call to Export with *body* (messages with their five bytes before them); *ends*: and end it."""
        self._stream += 2
        fields = {
            ":method": "POST",
            ":scheme": "http",
            ":path": f"/{signal.grpc_service}/Export",
            ":authority": "localhost",
            "content-type": "application/grpc",
            "te": "trailers",
            **self._headers,
        }
        block = b"".join(_literal(name.encode(), value.encode()) for name, value in fields.items())
        self._socket.sendall(_frame(_HEADERS, _END_HEADERS, self._stream, block))
        self._rooms[self._stream] = self._initial
        self._send(body, ends=ends)

    def status(self) -> int | None:
        """The grpc-status of the last call; None where the connection was closed or the stream reset."""
        while (frame := self._next()) is not None:
            kind, flags, stream, payload = frame
            if stream == self._stream and kind == _HEADERS and flags & _END_STREAM:
                return _status_in(payload)
            if stream == self._stream and kind == _RESET:
                return None
        return None

    def _send(self, body: bytes, *, ends: bool) -> None:
        at = 0
        while at < len(body) or ends:
            size = min(16_384, len(body) - at, self._rooms[0], self._rooms[self._stream])
            if size <= 0 < len(body) - at:
                frame = self._next()
                if frame is None or frame[0] in (_HEADERS, _RESET):
                    return
                continue
            last = ends and at + size == len(body)
            self._socket.sendall(_frame(_DATA, _END_STREAM if last else 0, self._stream, body[at : at + size]))
            at += size
            self._rooms[0] -= size
            self._rooms[self._stream] -= size
            if last:
                return

    def _next(self) -> tuple[int, int, int, bytes] | None:
        """The next frame, after what it asks of this side is done."""
        while len(self._read) < 9 or len(self._read) < 9 + int.from_bytes(self._read[:3], "big"):
            try:
                more = self._socket.recv(65_536)
            except ConnectionError:
                return None
            if not more:
                return None
            self._read += more
        size = int.from_bytes(self._read[:3], "big")
        kind, flags, stream = self._read[3], self._read[4], int.from_bytes(self._read[5:9], "big")
        payload, self._read = self._read[9 : 9 + size], self._read[9 + size :]
        self._obey(kind, flags, stream, payload)
        return kind, flags, stream, payload

    def _obey(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _WINDOW:
            self._rooms[stream] = self._rooms.get(stream, self._initial) + int.from_bytes(payload, "big")
        elif kind == _SETTINGS and not flags & _ACK:
            for name, value in struct.iter_unpack(">HI", payload):
                if name == 4:
                    changed, self._initial = value - self._initial, value
                    self._rooms = {key: room + changed * bool(key) for key, room in self._rooms.items()}
            self._socket.sendall(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            self._socket.sendall(_frame(_PING, _ACK, 0, payload))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _literal(name: bytes, value: bytes) -> bytes:
    """A header as HPACK has it without tables and without Huffman's code."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def _status_in(block: bytes) -> int:
    """gRPC's C core sends this header as a literal: its name, a length, and digits."""
    after = block.partition(b"grpc-status")[2]
    return int(after[1 : 1 + after[0]])
