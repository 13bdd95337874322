"""Tells somebody else's watchdog every minute that loopwatch works; silence is its alarm."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable

import httpx

from loopwatch_processor.notify.delivery import Count
from loopwatch_processor.notify.receivers import HEARTBEAT

CHANNEL = HEARTBEAT
EVERY_S = 60.0
_TIMEOUT_S = 10.0
_log = logging.getLogger(__name__)


class Heartbeat:
    """Fetches *url* while *works* says yes. The URL is a secret: whoever has it can keep the watchdog quiet."""

    def __init__(
        self,
        url: str,
        works: Callable[[], bool],
        count: Count,
        transport: httpx.AsyncBaseTransport | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._url = url
        self._works = works
        self._count = count
        ours = {"user-agent": "loopwatch"}
        self._client = httpx.AsyncClient(timeout=_TIMEOUT_S, headers=ours, transport=transport, verify=verify)
        self._said = ""
        self._task: asyncio.Task[None] | None = None
        # It logs the URL of every request at info.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def start(self) -> None:
        """Begin, with the first beat at once."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Fall silent."""
        if self._task is not None:
            self._task.cancel()
        await self._client.aclose()

    async def beat(self) -> str:
        """One beat: what went wrong, or ""."""
        if not self._works():
            return self._say("loopwatch does not work, so its heartbeat is withheld")
        try:
            response = await self._client.get(self._url, follow_redirects=True)
            why = "" if response.is_success else f"the heartbeat was answered with HTTP {response.status_code}"
        except Exception as fault:  # noqa: BLE001 - the next beat may work; a fault's text may hold the URL
            why = f"the heartbeat failed: {type(fault).__name__}"
        self._count(CHANNEL, "failed" if why else "delivered")
        return self._say(why)

    async def _run(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(EVERY_S)

    def _say(self, why: str) -> str:
        if why != self._said:
            _log.warning("%s", why) if why else _log.info("the heartbeat works again")
        self._said = why
        return why
