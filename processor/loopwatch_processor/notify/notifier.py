"""`Notifier`: changes of incidents in, pages out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from loopwatch_processor.config.incidents import Links
from loopwatch_processor.config.notify import Notify
from loopwatch_processor.incident import Change, Snapshot
from loopwatch_processor.notify.chat import ChatWriter
from loopwatch_processor.notify.delivery import Count, Delivery, Sender
from loopwatch_processor.notify.events import EventWriter
from loopwatch_processor.notify.ledger import Ledger, Writer
from loopwatch_processor.notify.message import Action, Message, Outbox, Waiting
from loopwatch_processor.notify.receivers import APPRISE, PAGERDUTY, Receiver, Routing, apprise_target
from loopwatch_processor.notify.storm import Pace

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger(__name__)


class Notifier:
    """What `messages` returns is to be put into the outbox, together with the incident, and then given to `take`.

    *clock* gives Unix time, the same as that of the changes.
    """

    def __init__(
        self,
        notify: Notify,
        links: Links,
        outbox: Outbox,
        count: Count,
        *,
        clock: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._routing = Routing(notify)
        self._dry_run = notify.dry_run
        self._count = count
        self._clock = clock
        self._outbox = outbox
        writers: Mapping[str, Writer] = {PAGERDUTY: EventWriter(links), APPRISE: ChatWriter(links)}
        pace = Pace(notify.update_after_s, notify.storm_incidents, notify.storm_window_s)
        receivers = self._routing.receivers
        self._ledgers = {receiver: Ledger(receiver, writers[receiver.channel], pace) for receiver in receivers}
        self.channels = tuple(dict.fromkeys(receiver.channel for receiver in receivers))
        """Those that are configured."""
        senders = {} if self._dry_run else make_senders(notify, clock, transport)
        to = () if self._dry_run else receivers
        self.delivery = Delivery(senders, to, outbox, count=count, clock=clock, fresh=self._fresh)

    def messages(self, change: Change) -> list[Message]:
        """What there is to say about *change*. In a dry run it is logged here, and nothing is left to send."""
        routed = self._routing.of(change.incident.identity)
        wanted = self._routing.wants(change.incident)
        found = [
            message
            for ledger in self._ledgers.values()
            for message in ledger.tell(change, wanted and ledger.receiver in routed)
        ]
        if not self._dry_run:
            return found
        for message in found:
            self._say_dry(message)
        return []

    async def restore(self, open_incidents: Sequence[Snapshot]) -> list[Message]:
        """Go on where the last process stopped. Returns what closes pages that nobody would close any more: to be put
        into the outbox, and then given to `take`. Raises what the outbox raises."""
        if self._dry_run:
            return []
        told: dict[Receiver, list[Message]] = {}
        for message in await self._outbox.unresolved():
            told.setdefault(Receiver(message.channel, message.target), []).append(message)
        closing: list[Message] = []
        for ledger in self._ledgers.values():
            wanted = {item.id for item in open_incidents if self._wants(item, ledger)}
            closing += ledger.restore(open_incidents, wanted, told.get(ledger.receiver, []), self._clock())
        await self.delivery.take(await self._outbox.waiting())
        return closing

    async def take(self, messages: Iterable[Message]) -> None:
        """Send *messages* as soon as they are due."""
        await self.delivery.take(Waiting(message) for message in messages)

    def start(self) -> None:
        """Send from now on."""
        self.delivery.start()

    async def close(self, drain_s: float) -> None:
        """Send what is due, for at most *drain_s*; what is left stays in the outbox."""
        await self.delivery.close(drain_s)

    def _fresh(self, message: Message) -> Message:
        return self._ledgers[Receiver(message.channel, message.target)].fresh(message, self._clock())

    def _wants(self, incident: Snapshot, ledger: Ledger) -> bool:
        return self._routing.wants(incident) and ledger.receiver in self._routing.of(incident.identity)

    def _say_dry(self, message: Message) -> None:
        self._count(message.channel, "dry_run")
        said = message.payload.get("title") or message.payload.get("payload", {}).get("summary") or message.dedup_key
        is_more = message.action is Action.TRIGGER and message.ordinal > 0
        action = "say more on" if is_more else message.action
        _log.info("dry run: would %s %s %s: %s", action, message.channel, message.target, said)


def make_senders(
    notify: Notify, clock: Callable[[], float] = time.time, transport: httpx.AsyncBaseTransport | None = None
) -> dict[str, Sender]:
    """A sender for each channel that is configured."""
    senders: dict[str, Sender] = {}
    if notify.routes:
        # Late, as all that sends over HTTP: httpx brings its own command line, with rich, which is 60 ms of a start.
        from loopwatch_processor.notify.pagerduty import PagerDuty

        keys = {route.key_source.name: route.key_source for route in notify.routes}
        url, verify = notify.pagerduty_url, notify.tls.verify()
        senders[PAGERDUTY] = PagerDuty(url, keys, clock, transport, timeout_s=notify.timeout_s, verify=verify)
    if notify.apprise:
        from loopwatch_processor.notify.apprise_sender import AppriseSender

        urls = [url.get_secret_value() for url in notify.apprise]
        senders[APPRISE] = AppriseSender({apprise_target(url): url for url in urls})
    return senders
