"""Sends messages through Apprise: Slack, mail, webhooks and a hundred other places. Needs loopwatch[apprise]."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from loopwatch_processor.notify.answer import Answer, Delivered, TryAgain
from loopwatch_processor.notify.message import Message

TIMEOUT_S = 30.0
_THREADS = 4
_TELLING = ("apprise", "urllib3", "requests")
"""They log URLs, which hold tokens, at debug and info."""


class AppriseSender:
    """*urls* by the name of their receiver. Apprise blocks, so each message has a thread while it is sent."""

    def __init__(self, urls: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> None:
        from apprise import Apprise

        for name in _TELLING:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._timeout_s = timeout_s
        self._channels: dict[str, Any] = {}
        for target, url in urls.items():
            channel = self._channels[target] = Apprise()
            channel.add(url)
        self._threads = ThreadPoolExecutor(_THREADS, "apprise")

    async def send(self, message: Message) -> Answer:
        """Send *message* once. Apprise says whether it worked, and not why it did not."""
        loop = asyncio.get_running_loop()
        sending = loop.run_in_executor(self._threads, self._notify, message)
        try:
            done = await asyncio.wait_for(sending, self._timeout_s)
        except TimeoutError:
            return TryAgain(f"no answer within {self._timeout_s:g} s")
        except Exception as fault:  # noqa: BLE001 - a plug-in's; its text may hold the URL
            return TryAgain(f"Apprise raised {type(fault).__name__}")
        return Delivered() if done else TryAgain("Apprise could not deliver it: check the URL with `apprise -vv`")

    async def close(self) -> None:
        """Wait for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _notify(self, message: Message) -> bool:
        payload = message.payload
        channel = self._channels[message.target]
        return bool(
            channel.notify(
                title=payload["title"], body=payload["body"], notify_type=payload["type"], body_format="text"
            )
        )
