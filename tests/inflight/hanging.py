"""A model server that stops after the 40th token, keeps the connection alive, and goes on when told; or that breaks off
there, or never pauses."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKENS_BEFORE = 40
TOKENS_AFTER = 5
TEXT = """The harbour lay quiet that morning because nobody had told its pilots about a second ship, whose captain
waited outside with engines stopped until fog lifted; then both came in together, slowly, past an old lighthouse which
still burned its lamp by day, as if"""
WORDS = TEXT.split()
"""One each token: an answer that repeats itself would be a finding of its own."""


@dataclass
class Hanging:
    """A running server; *goes_on* ends the silence, *is_silent* is set once it has begun.

    With *breaks_off* the connection ends where the silence would begin; *pace_s* is between two tokens.
    """

    breaks_off: bool = False
    pace_s: float = 0.0
    silent_since_s: float = 0.0
    """Unix time at which the last token before the silence was sent."""
    scheme: str = "http"
    port: int = 0
    goes_on: threading.Event = field(default_factory=threading.Event)
    is_silent: threading.Event = field(default_factory=threading.Event)

    def url(self, dialect: str) -> str:
        """The address of a stream in that dialect (chat, responses, messages, lines), of "plain" or of "refused"."""
        return f"{self.scheme}://127.0.0.1:{self.port}/{dialect}"


@contextmanager
def hanging(certificate: Path | None = None) -> Iterator[Hanging]:
    """Serve for the length of the block, over TLS where a *certificate* with its key is given."""
    kept = Hanging()

    server = _Server(("127.0.0.1", 0), _Handler)
    server.kept = kept
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        kept.scheme = "https"
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        kept.goes_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    kept: Hanging

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        kind = self.path.partition("?")[0].removesuffix("/completions").rpartition("/")[2]
        if kind in EVENTS:
            self._stream(kind)
        else:
            self._whole(429 if kind == "refused" else 200)

    def _whole(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def _stream(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", CONTENT_TYPES.get(kind, "text/event-stream"))
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for part in EVENTS[kind](TOKENS_BEFORE):
            self._chunk(part)
            time.sleep(self.server.kept.pace_s)
        self.server.kept.silent_since_s = time.time()
        self.server.kept.is_silent.set()
        if self.server.kept.breaks_off:
            self.close_connection = True
            return
        while not self.server.kept.goes_on.wait(0.02):
            self._chunk(b"\n" if kind == "lines" else b": keep-alive\n\n")
        for part in ENDS[kind](TOKENS_AFTER):
            self._chunk(part)
        self._chunk(b"")

    def _chunk(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.flush()

    def log_message(self, *_: Any) -> None: ...


def sse(document: Any) -> bytes:
    """One server-sent event as OpenAI and Anthropic write it."""
    name = f"event: {document['type']}\n" if "type" in document else ""
    return f"{name}data: {json.dumps(document)}\n\n".encode()


def _chat_event(delta: dict[str, str], finish: str | None = None) -> bytes:
    envelope = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return sse(envelope | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _chat(number: int) -> Iterator[bytes]:
    yield _chat_event({"role": "assistant", "content": ""})
    for word in WORDS[:number]:
        yield _chat_event({"content": f"{word} "})


def _chat_end(number: int) -> Iterator[bytes]:
    yield from list(_chat(number))[1:]
    yield _chat_event({}, "stop")
    yield b"data: [DONE]\n\n"


def _responses(number: int) -> Iterator[bytes]:
    yield sse({"type": "response.created", "response": {}})
    for word in WORDS[:number]:
        yield sse({"type": "response.output_text.delta", "delta": f"{word} "})


def _responses_end(number: int) -> Iterator[bytes]:
    yield from list(_responses(number))[1:]
    yield sse({"type": "response.completed", "response": {}})


def _messages(number: int) -> Iterator[bytes]:
    message: dict[str, Any] = {
        "id": "m-1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
    }
    yield sse({"type": "message_start", "message": message | {"usage": {"input_tokens": 1, "output_tokens": 1}}})
    yield sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    for word in WORDS[:number]:
        yield sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f"{word} "}})
    yield sse({"type": "ping"})


def _messages_end(number: int) -> Iterator[bytes]:
    yield from list(_messages(number))[2:]
    yield sse({"type": "content_block_stop", "index": 0})
    yield sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 45}})
    yield sse({"type": "message_stop"})


def _lines(number: int) -> Iterator[bytes]:
    for word in WORDS[:number]:
        yield json.dumps({"message": {"role": "assistant", "content": f"{word} "}, "done": False}).encode() + b"\n"


def _lines_end(number: int) -> Iterator[bytes]:
    yield from _lines(number)
    yield b'{"message": {"role": "assistant", "content": ""}, "done": true}\n'


CONTENT_TYPES = {"lines": "application/x-ndjson"}
EVENTS: dict[str, Callable[[int], Iterator[bytes]]] = {
    "chat": _chat,
    "responses": _responses,
    "messages": _messages,
    "lines": _lines,
}
ENDS: dict[str, Callable[[int], Iterator[bytes]]] = {
    "chat": _chat_end,
    "responses": _responses_end,
    "messages": _messages_end,
    "lines": _lines_end,
}
