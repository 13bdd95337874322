"""OTLP/HTTP as a raw ASGI application, with health pages and the caller's own pages beside it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import code_pb2  # type: ignore[import-untyped]
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from loopwatch_processor.errors import Busy, LoopwatchError, TooLarge
from loopwatch_processor.receive.admission import Admission
from loopwatch_processor.receive.compression import DECODERS, Decoder
from loopwatch_processor.receive.http_body import Body, Disconnected, HttpLimits
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.items import refuse_json_crowd
from loopwatch_processor.receive.otlp_json import to_protobuf
from loopwatch_processor.receive.outcome import Outcome, outcome_of
from loopwatch_processor.receive.responses import error_status, export_response, status

Endpoint = Callable[[Request], Response | Awaitable[Response]]
"""A page of the caller; runs on the event loop's thread."""

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
_SIGNALS = {signal.http_path: signal for signal in Signal}
_ROUTES_MAX = 64
"""Senders spell their headers in a handful of ways."""


_Events = tuple[Event, Event]
"""Of ASGI: an answer, ready to be sent."""


class _Refused(Exception):
    """Raised when HTTP itself, not the OTLP message, is at fault."""

    def __init__(self, http_status: int, code: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.http_status, self.code, self.headers = http_status, code, headers


@dataclass(frozen=True, slots=True)
class _Route:
    """What a request's line and headers say about its body."""

    signal: Signal
    media_type: str
    decompress: Decoder

    def decode(self, body: bytes, limits: HttpLimits) -> bytes:
        """The protobuf encoding of *body*."""
        plain = self.decompress(body, limits.body_max_bytes)
        if self.media_type != JSON:
            return plain
        refuse_json_crowd(plain, limits.items_max)
        return to_protobuf(self.signal, plain)


class HttpApp:
    """ASGI application for /v1/traces, /v1/logs, /v1/metrics, /healthz, /readyz and *extra_routes* (path → page).

    A path that ends in "/" stands for all that begins with it; the longest such one goes. What comes after it is in
    the request, percent-decoded (`scope["path"]`). A page says itself which methods it takes.
    *ready* says whether /readyz answers 200.
    """

    def __init__(
        self,
        admission: Admission,
        limits: HttpLimits | None = None,
        ready: Callable[[], bool] = lambda: True,
        extra_routes: Mapping[str, Endpoint] | None = None,
    ) -> None:
        self._admission = admission
        self._limits = limits or HttpLimits()
        self._ready = ready
        self._pages: dict[str, Endpoint] = {
            "/healthz": _healthz,
            "/readyz": self._readyz,
            **(extra_routes or {}),
        }
        self._prefixes = sorted((path for path in self._pages if path.endswith("/")), key=len, reverse=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        page = self._page(scope["path"])
        try:
            response = await _show(page, Request(scope, receive)) if page else await self._otlp(scope, receive)
        except Disconnected:
            return
        if isinstance(response, Response):
            await response(scope, receive, send)
        else:
            for event in response:
                await send(event)

    def _page(self, path: str) -> Endpoint | None:
        found = self._pages.get(path)
        if found is None and (prefix := next(filter(path.startswith, self._prefixes), None)) is not None:
            found = self._pages[prefix]
        return found

    def _readyz(self, _request: Request) -> Response:
        return PlainTextResponse("ready\n") if self._ready() else PlainTextResponse("not ready\n", 503)

    async def _otlp(self, scope: Scope, receive: Receive) -> Response | _Events:
        said = _Said.of(scope)
        body = Body(receive, self._limits, awaits_continue=said.awaits_continue)
        signal = _SIGNALS.get(scope["path"])
        try:
            if signal is None:
                raise self._nothing_at(scope["path"])
            route = _route(scope["path"], scope["method"], said.content_type, said.content_encoding)
            response = await self._export(route, body)
            self._admission.answered(route.signal, Outcome.ok)
            return response
        except (_Refused, LoopwatchError) as error:
            if signal is not None:
                outcome = Outcome.unsupported if isinstance(error, _Refused) else outcome_of(error)
                self._admission.answered(signal, outcome)
            refusal = _error_response(error, _media_type(said.content_type))
            if not await body.drain():
                refusal.headers["connection"] = "close"
            return refusal

    def _nothing_at(self, path: str) -> _Refused:
        pages = ", ".join(page for page in self._pages if page[:-1] not in self._pages)
        message = f"nothing is at {path[:100]!r}: OTLP goes to {', '.join(_SIGNALS)}; pages to look at are {pages}"
        return _Refused(404, code_pb2.NOT_FOUND, message)

    async def _export(self, route: _Route, body: Body) -> Response | _Events:
        try:
            with self._admission.request() as hold:
                raw = await body.read(hold)
                receipt = await self._admission.accept(route.signal, lambda: route.decode(raw, self._limits))
            if not receipt.partial:
                return _TAKEN[route.media_type]
            return answer(200, export_response(route.signal, receipt), route.media_type)
        except (Disconnected, LoopwatchError):
            raise
        except Exception as fault:
            raise self._admission.fault(route.signal, fault) from fault


@dataclass(slots=True)
class _Said:
    """What the headers of a request say of its body; of one that is there twice, the first."""

    content_type: str = ""
    content_encoding: str = ""
    awaits_continue: bool = False

    @classmethod
    def of(cls, scope: Scope) -> _Said:
        said = cls()
        for name, value in scope["headers"]:
            if name == b"content-type":
                said.content_type = said.content_type or value.decode("latin-1")
            elif name == b"content-encoding":
                said.content_encoding = said.content_encoding or value.decode("latin-1")
            elif name == b"expect":
                said.awaits_continue = True
        return said


def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _show(page: Endpoint, request: Request) -> Response:
    response = page(request)
    return await response if inspect.isawaitable(response) else response


@lru_cache(_ROUTES_MAX)
def _route(path: str, method: str, content_type: str, content_encoding: str) -> _Route:
    signal, media_type = _SIGNALS[path], _media_type(content_type)
    if method != "POST":
        raise _Refused(405, code_pb2.UNIMPLEMENTED, "OTLP is sent with POST", allow="POST")
    if media_type not in (PROTOBUF, JSON):
        message = f"send Content-Type {PROTOBUF} or {JSON}, not {media_type[:100]!r}"
        raise _Refused(415, code_pb2.INVALID_ARGUMENT, message)
    decompress = DECODERS.get(content_encoding.strip().lower())
    if decompress is None:
        message = f"send Content-Encoding gzip, zstd or none, not {content_encoding[:100]!r}"
        raise _Refused(415, code_pb2.INVALID_ARGUMENT, message, **{"accept-encoding": "gzip, zstd"})
    return _Route(signal, media_type, decompress)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _error_response(error: _Refused | LoopwatchError, media_type: str) -> Response:
    match error:
        case _Refused():
            body = status(error.code, str(error))
            return answer(error.http_status, body, media_type, error.headers)
        case TooLarge():
            return answer(413, error_status(error), media_type)
        case Busy(retry_after_s=retry_after_s):
            # Retry-After has whole seconds; earlier than asked for would meet the same full queue.
            headers = {"retry-after": str(max(1, math.ceil(retry_after_s)))}
            return answer(503, error_status(error), media_type, headers)
        case _:
            return answer(400, error_status(error), media_type)


def answer(http_status: int, message: Message, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """*message* in the encoding that the client speaks; JSON where it speaks neither."""
    if media_type == PROTOBUF:
        return Response(message.SerializeToString(), http_status, headers, PROTOBUF)
    return Response(json_format.MessageToJson(message, indent=None), http_status, headers, JSON)


def _taken(media_type: str, body: bytes) -> _Events:
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", media_type.encode())]
    start: Event = {"type": "http.response.start", "status": 200, "headers": headers}
    return start, {"type": "http.response.body", "body": body}


_TAKEN = {PROTOBUF: _taken(PROTOBUF, b""), JSON: _taken(JSON, b"{}")}
"""By media type, a full success, which is the same for every request; a `Response` for each takes 15 µs."""
