"""Sending OTLP bytes over HTTP, as binary protobuf."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from google.protobuf.message import DecodeError
from google.rpc import status_pb2  # type: ignore[import-untyped]

from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.sinks.otlp_answer import (
    Answer,
    Refused,
    TryAgain,
    bounded_wait_s,
    keeping_quiet,
    read_response,
    shorten,
)
from loopwatch_processor.sinks.otlp_endpoint import parse_endpoint
from loopwatch_processor.sinks.tls import ClientTls

_RETRYABLE = {429, 502, 503, 504}
_ANSWER_MAX_BYTES = 4 * 1024 * 1024
"""What the OTLP specification lets a client read of a response."""


def _now() -> datetime:
    return datetime.now(UTC)


class HttpTransport:
    """A connection pool to *endpoint*, to which `/v1/traces` and the like are appended.

    Raises:
        BadEndpoint: the endpoint or a TLS file cannot be used.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        headers: Mapping[str, str] | None = None,
        tls: ClientTls | None = None,
        timeout_s: float = 10.0,
        compress: bool = True,
        now: Callable[[], datetime] = _now,
    ) -> None:
        parsed = parse_endpoint(endpoint)
        scheme = "https" if parsed.tls or tls is not None else "http"
        self._base = f"{scheme}://{parsed.host}{parsed.path}"
        self._compress = compress
        self._redactor = keeping_quiet(headers)
        self._now = now
        verify = tls.context() if tls is not None else True
        self._client = httpx.AsyncClient(headers=_headers(headers, compress), timeout=timeout_s, verify=verify)

    async def send(self, signal: Signal, body: bytes) -> Answer:
        """Send *body* once."""
        # Compressing a large batch takes as long as scoring it: not on the event loop.
        content = await asyncio.to_thread(gzip.compress, body, 6, mtime=0) if self._compress else body
        try:
            async with self._client.stream("POST", self._base + signal.http_path, content=content) as response:
                return self._answer(response, await _read(response))
        except httpx.TransportError as error:
            return TryAgain(shorten(f"{type(error).__name__}: {error}", self._redactor))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _answer(self, response: httpx.Response, body: bytes) -> Answer:
        if response.is_success:
            return read_response(body)
        why = shorten(f"HTTP {response.status_code}: {_said(body)}", self._redactor)
        if response.status_code in _RETRYABLE:
            return TryAgain(why, self._retry_after_s(response.headers.get("retry-after", "")))
        return Refused(f"http_{response.status_code}", why)

    def _retry_after_s(self, text: str) -> float | None:
        """Retry-After is seconds or a date (RFC 9110, section 10.2.3); None where it is neither."""
        if text.isascii() and text.isdigit():
            return bounded_wait_s(float(text))
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return bounded_wait_s((moment - self._now()).total_seconds())


def _headers(headers: Mapping[str, str] | None, compress: bool) -> dict[str, str]:
    ours = {
        "content-type": "application/x-protobuf",
        "accept-encoding": "identity",
        "user-agent": "loopwatch",
    }
    encoding = {"content-encoding": "gzip"} if compress else {}
    return {**{key.lower(): value for key, value in (headers or {}).items()}, **ours, **encoding}


async def _read(response: httpx.Response) -> bytes:
    pieces: list[bytes] = []
    room = _ANSWER_MAX_BYTES
    async for piece in response.aiter_raw():
        room -= len(piece)
        if room < 0:
            break
        pieces.append(piece)
    return b"".join(pieces)


def _said(body: bytes) -> str:
    """What an error's body says: a google.rpc.Status or, from a proxy, text."""
    try:
        message: str = status_pb2.Status.FromString(body).message
        return message or "no details"
    except DecodeError:
        return body[:500].decode("utf-8", "replace")
