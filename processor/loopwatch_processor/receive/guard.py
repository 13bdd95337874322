"""What stands before both servers: a request that may not do what it asks for is answered here, and goes no further."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import grpc
from google.rpc import code_pb2  # type: ignore[import-untyped]
from grpc_status import rpc_status
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from loopwatch_processor.receive.admission import Admission
from loopwatch_processor.receive.credentials import Access, Denied, Right
from loopwatch_processor.receive.http_app import answer
from loopwatch_processor.receive.http_body import Body, Disconnected, HttpLimits
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.outcome import Outcome
from loopwatch_processor.receive.responses import status

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Probes have no tokens, and are told one word."""
TELL_EVERY_S = 60.0
_DRAIN = HttpLimits(drain_max_bytes=1024 * 1024, drain_timeout_s=5.0)
"""So much of a stranger's body is read and thrown away, so that an honest client sees the answer."""
_BY_PATH = {signal.http_path: signal for signal in Signal}
_BY_SERVICE = {signal.grpc_service: signal for signal in Signal}
_log = logging.getLogger(__name__)


class Guard:
    """Asks *access*; who is turned away is counted where it wanted to send OTLP, and logged once in `TELL_EVERY_S`.

    *clock* gives seconds that only grow.
    """

    def __init__(self, access: Access, admission: Admission, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._admission = admission
        self._clock = clock
        self._told: dict[tuple[Right, bool], float] = {}

    def check(self, right: Right, authorizations: list[str], signal: Signal | None, peer: str) -> None:
        """Let a request from *peer* pass, or raise `Denied`."""
        try:
            self._access.check(right, authorizations)
        except Denied as denied:
            if signal is not None:
                self._admission.answered(signal, Outcome.denied)
            self._tell(denied, peer)
            raise

    def _tell(self, denied: Denied, peer: str) -> None:
        key, now_s = (denied.right, denied.given), self._clock()
        if now_s - self._told.get(key, float("-inf")) < TELL_EVERY_S:
            return
        self._told[key] = now_s
        what = f"with a token that may not {denied.right}" if denied.given else "without a token"
        _log.warning("%s came %s and was turned away; the like is not told of for a while", peer, what)


class GuardedHttp:
    """The ASGI application *app* behind *guard*; *pages* are its paths beside OTLP's, a "/" at the end: and all below.

    Looking at a page is reading, everything else with it control; all other paths are taken for senders' mistakes.
    """

    def __init__(self, app: ASGIApp, guard: Guard, pages: tuple[str, ...]) -> None:
        self._app = app
        self._guard = guard
        self._pages = frozenset(pages)
        self._prefixes = tuple(page for page in pages if page.endswith("/"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        signal = _BY_PATH.get(scope["path"])
        sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        try:
            peer = (scope.get("client") or ("somebody",))[0]
            self._guard.check(self._right(scope), sent, signal, peer)
        except Denied as denied:
            await _turn_away(denied, Headers(scope=scope), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _right(self, scope: Scope) -> Right:
        path: str = scope["path"]
        if path not in self._pages and not path.startswith(self._prefixes):
            return Right.ingest
        return Right.read if scope["method"] in ("GET", "HEAD") else Right.control


class GuardedGrpc:
    """What *guard* says of calls over gRPC."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def __call__(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """None where it may go on, or the method that answers no."""
        sent = [str(value) for key, value in call.invocation_metadata or () if key == "authorization"]
        signal = _BY_SERVICE.get(call.method.strip("/").partition("/")[0])
        try:
            self._guard.check(Right.ingest, sent, signal, "an OTLP/gRPC client")
        except Denied as denied:
            return _refusing(denied)
        return None


def _refusing(denied: Denied) -> grpc.RpcMethodHandler[Any, Any]:
    code = code_pb2.PERMISSION_DENIED if denied.known else code_pb2.UNAUTHENTICATED
    said = rpc_status.to_status(status(code, str(denied)))

    async def refuse(_bodies: Any, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        await context.abort_with_status(said)
        raise AssertionError("aborting raises")

    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_unary_rpc_method_handler(refuse)
    return method


async def _turn_away(denied: Denied, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
    """401 or 403 as RFC 6750 says (section 3), with the Status that OTLP clients read."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    code = code_pb2.PERMISSION_DENIED if denied.known else code_pb2.UNAUTHENTICATED
    challenge = {"www-authenticate": _challenge(denied), "cache-control": "no-store"}
    response = answer(403 if denied.known else 401, status(code, str(denied)), media_type, challenge)
    try:
        if not await Body(receive, _DRAIN, awaits_continue="expect" in headers).drain():
            response.headers["connection"] = "close"
    except Disconnected:
        return
    await response(scope, receive, send)


def _challenge(denied: Denied) -> str:
    if not denied.given:
        return 'Bearer realm="loopwatch"'
    if denied.known:
        return f'Bearer realm="loopwatch", error="insufficient_scope", scope="{denied.right}"'
    return 'Bearer realm="loopwatch", error="invalid_token"'
