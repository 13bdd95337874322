"""Reading a request's body piece by piece, within bounds of size and time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.types import Receive

from loopwatch_processor.errors import TooLarge
from loopwatch_processor.receive.admission import Hold
from loopwatch_processor.receive.outcome import Slow


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How much one request may hold, before and after decompression.

    A body that is refused is still read, up to *drain_max_bytes* and for *drain_timeout_s*, and thrown away: otherwise
    the client sees a broken connection instead of the answer, and retries.
    """

    body_max_bytes: int = 64 * 1024 * 1024
    drain_max_bytes: int = 64 * 1024 * 1024
    drain_timeout_s: float = 30.0
    items_max: int = 100_000
    """Resources, scopes, and spans, records or metrics of one request."""


class Disconnected(Exception):
    """Raised when the client went away before its body was complete."""


class Body:
    """The body of one request; *awaits_continue* when the client sends it only after "100 Continue"."""

    __slots__ = ("_complete", "_drainable", "_limits", "_receive")

    def __init__(self, receive: Receive, limits: HttpLimits, awaits_continue: bool) -> None:
        self._receive = receive
        self._limits = limits
        self._drainable = not awaits_continue
        self._complete = False

    async def read(self, hold: Hold) -> bytes:
        """The whole body as it was sent; *hold* counts it as it grows.

        Raises:
            TooLarge: it is longer than the limit.
            Busy: *hold* cannot grow.
            Slow: it did not arrive in time.
            Disconnected: the client went away.
        """
        try:
            return await hold.arrival(self._read(hold))
        except Slow:
            self._drainable = False
            raise

    async def _read(self, hold: Hold) -> bytes:
        pieces = []
        room = self._limits.body_max_bytes
        while not self._complete:
            piece = await self._next()
            room -= len(piece)
            if room < 0:
                raise TooLarge(self._limits.body_max_bytes)
            hold.grow(len(piece))
            pieces.append(piece)
        return b"".join(pieces)

    async def drain(self) -> bool:
        """Throw away what is still to come, within the limits; whether the connection can go on being used."""
        room = self._limits.drain_max_bytes
        try:
            async with asyncio.timeout(self._limits.drain_timeout_s):
                while self._drainable and not self._complete and room >= 0:
                    room -= len(await self._next())
        except TimeoutError:
            return False
        return self._complete

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        # Asking for the first piece is what made the server say "100 Continue".
        self._drainable = True
        self._complete = not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece
