"""Sends events to PagerDuty's Events API v2."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx

from loopwatch_processor.notify.answer import WAIT_MAX_S, Answer, Delivered, NotYet, Refused, TryAgain, shorten
from loopwatch_processor.notify.bucket import Bucket
from loopwatch_processor.notify.events import encoded
from loopwatch_processor.notify.message import Message
from loopwatch_processor.routing_key import BadRoutingKey, KeySource

TIMEOUT_S = 10.0
_LATER = {408, 425, 429}
_HEADERS = {"content-type": "application/json", "user-agent": "loopwatch"}


class PagerDuty:
    """One API, many routing keys: *keys* has the place of each by the name of its receiver.

    A key is read for each event, so that a new one works at once; it is in the body that is sent, and nowhere else.
    """

    def __init__(
        self,
        url: str,
        keys: Mapping[str, KeySource],
        clock: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._url = url
        self._keys = keys
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=timeout_s, headers=_HEADERS, transport=transport, verify=verify)
        self._buckets: dict[bytes, Bucket] = {}

    async def send(self, message: Message) -> Answer:
        """Send *message* once, if the rate of its routing key allows it."""
        try:
            key = self._keys[message.target].read()
        except BadRoutingKey as error:
            return TryAgain(str(error))
        # Two routes may share a key; the dictionary of what was sent must not hold it.
        bucket = self._buckets.setdefault(hashlib.sha256(key.encode()).digest(), Bucket())
        wait_s = bucket.take(self._clock())
        return NotYet(wait_s) if wait_s else await self._post({"routing_key": key, **message.payload}, key)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, body: Mapping[str, object], key: str) -> Answer:
        try:
            response = await self._client.post(self._url, content=encoded(body))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return TryAgain(_shown(f"no answer from {_host(self._url)}: {type(error).__name__}: {error}", key))
        said = _shown(f"HTTP {response.status_code} {_said(response)}", key)
        if response.is_success:
            return Delivered(said)
        if response.is_server_error or response.status_code in _LATER:
            return TryAgain(said, _retry_after_s(response.headers.get("retry-after", ""), self._clock()))
        return Refused(said)


def _said(response: httpx.Response) -> str:
    """PagerDuty's own words: {"status", "message", "errors"}; of a proxy, the beginning of its page."""
    try:
        found = response.json()
        errors = "; ".join(str(error) for error in found.get("errors") or ())
        return ": ".join(part for part in (str(found.get("message", "")), errors) if part)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return response.text


def _host(url: str) -> str:
    """Where *url* leads, without a name or password in it."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _shown(text: str, key: str) -> str:
    """*text* without *key*: a proxy may quote what it was sent."""
    return shorten(text.replace(key, "(routing key)"))


def _retry_after_s(text: str, now_s: float) -> float | None:
    """Retry-After is seconds or a date (RFC 9110, section 10.2.3); None where it is neither."""
    if text.isascii() and text.isdigit():
        return min(float(text), WAIT_MAX_S) or None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    at_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return min(at_s - now_s, WAIT_MAX_S) if at_s > now_s else None
