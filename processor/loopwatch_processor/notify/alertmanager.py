"""Incidents as alerts, pushed to every replica of Alertmanager: the state, posted again before it expires.

The labels are those of the Prometheus rule for the same incident, so that both are one group, and one page.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import httpx

from loopwatch_processor.config.incidents import Links
from loopwatch_processor.incident import Change, ChangeKind, Snapshot
from loopwatch_processor.notify.standing_alerts import Alert, Labels, StandingAlerts
from loopwatch_processor.notify.text import printable
from loopwatch_processor.redact import redacted

PATH = "/api/v2/alerts"
TIMEOUT_S = 10.0
AGAIN_S = 5.0
"""After a post that failed; sooner than the next repetition."""
TOGETHER_S = 0.5
"""A change waits so long for others: a storm of incidents is a few posts."""
POST_ALERTS = 500
"""In one post."""

_log = logging.getLogger(__name__)


class AlertmanagerPush:
    """Posts what *open* gives to every one of *urls* every *repeat_s*, and what changed at once.

    It is told of the outcome of every post: delivered, failed (it will be tried again) or refused (Alertmanager does
    not accept some alert of it). Each replica is served by itself: one that hangs holds up no other, nor the caller.

    Args:
        urls: Of the replicas, with the path that a proxy may need.
        repeat_s: How often what goes on is posted again; it holds for `standing_alerts.LASTS` times as long.
        links: Where the annotations lead.
        open: The open incidents; muted ones are left out.
        clock: Unix time.
        on_outcome: For a counter.
        transport: For tests.
        timeout_s: How long one post may take.
        headers: Sent with every post, and never shown.
        verify: Whose certificates to believe, and what to show.
    """

    def __init__(
        self,
        urls: Sequence[str],
        repeat_s: float,
        links: Links,
        open: Callable[[], Iterable[Snapshot]],  # noqa: A002 - what is open
        *,
        clock: Callable[[], float],
        on_outcome: Callable[[str], None],
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
        headers: Mapping[str, str] | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        sent = {**(headers or {}), "user-agent": "loopwatch"}
        self._client = httpx.AsyncClient(timeout=timeout_s, headers=sent, transport=transport, verify=verify)
        alerts = StandingAlerts(open, links, repeat_s)
        self._replicas = [
            _Replica(url, repeat_s, self._client, lambda: alerts.read(clock()), on_outcome) for url in urls
        ]
        self._tasks: list[asyncio.Task[None]] = []
        # It logs the URL of every request at info, and this one may hold a password.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def changed(self, change: Change) -> None:
        """Something became of an incident: say so at once, if it became an alert, another one or none."""
        if change.kind is not ChangeKind.UPDATED or change.incident.muted:
            for replica in self._replicas:
                replica.wake.set()

    def oldest_s(self) -> float:
        """For how long a replica, the one for which that is longest, takes nothing; 0 where each took the last post."""
        return max((replica.failing_s() for replica in self._replicas), default=0.0)

    def start(self) -> None:
        """Post from now on."""
        self._tasks = [asyncio.create_task(replica.run()) for replica in self._replicas]

    async def close(self) -> None:
        """Stop. What is open stays an alert for a while: a restart posts it again before that is over."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def post(self) -> None:
        """Post everything once, to each replica."""
        await asyncio.gather(*(replica.post(everything=True) for replica in self._replicas))


class _Replica:
    """One Alertmanager, and which alerts it knows to fire."""

    def __init__(
        self,
        url: str,
        repeat_s: float,
        client: httpx.AsyncClient,
        read: Callable[[], tuple[list[Alert], list[Alert]]],
        on_outcome: Callable[[str], None],
    ) -> None:
        self._url = url.rstrip("/") + PATH
        self._shown = httpx.URL(url).host
        self._repeat_s = repeat_s
        self._client = client
        self._read = read
        self._on_outcome = on_outcome
        self._knows: set[Labels] = set()
        self._said = ""
        self._failing_since_s: float | None = None
        self.wake = asyncio.Event()

    def failing_s(self) -> float:
        """For how long it takes nothing; 0 where it took the last post."""
        return 0.0 if self._failing_since_s is None else time.monotonic() - self._failing_since_s

    async def run(self) -> None:
        """Post everything every *repeat_s*, and news when woken."""
        now = asyncio.get_running_loop().time
        next_s = now()
        while True:
            everything = now() >= next_s
            taken = await self._try(everything=everything)
            if not taken:
                next_s = now() + min(AGAIN_S, self._repeat_s)
            elif everything:
                next_s = now() + self._repeat_s
            await self._sleep(next_s - now())

    async def _try(self, *, everything: bool) -> bool:
        try:
            return await self.post(everything=everything)
        except Exception:  # noqa: BLE001 - a fault of ours must not end the posting
            _log.exception("the open incidents could not be made alerts")
            return False

    async def post(self, *, everything: bool) -> bool:
        """Post what fires, or only what is news here, and what ended; whether all of it was taken."""
        firing, ended = self._read()
        news = firing if everything else [alert for alert in firing if alert.labels not in self._knows]
        self._knows = {alert.labels for alert in firing}
        told = [*ended, *news]
        whys = [await self._post(told[at : at + POST_ALERTS]) for at in range(0, len(told), POST_ALERTS)]
        why = next(filter(None, whys), "")
        if whys:
            self._say(why)
        if why:
            self._knows.clear()
        return not why

    async def _post(self, alerts: Sequence[Alert]) -> str:
        """What went wrong, or ""."""
        try:
            response = await self._client.post(self._url, json=[alert.as_json() for alert in alerts])
        except Exception as fault:  # noqa: BLE001 - the next post says it again; its text may hold the URL
            self._on_outcome("failed")
            return type(fault).__name__
        if response.is_success:
            self._on_outcome("delivered")
            return ""
        self._on_outcome("refused" if response.status_code == httpx.codes.BAD_REQUEST else "failed")
        return f"HTTP {response.status_code} {printable(redacted(response.text), 200)}"

    async def _sleep(self, within_s: float) -> None:
        try:
            await asyncio.wait_for(self.wake.wait(), max(0.0, within_s))
        except TimeoutError:
            return
        await asyncio.sleep(TOGETHER_S)
        self.wake.clear()

    def _say(self, why: str) -> None:
        if not why:
            self._failing_since_s = None
        elif self._failing_since_s is None:
            self._failing_since_s = time.monotonic()
        if why != self._said:
            text = f"Alertmanager at {self._shown} takes no alerts: {why}" if why else ""
            _log.warning("%s", text) if why else _log.info("Alertmanager at %s takes alerts again", self._shown)
        self._said = why
