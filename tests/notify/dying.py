"""A process with a journal and a notifier that is killed at a chosen moment: `python -m tests.notify.dying …`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable

from loopwatch_processor.config.notify import Notify
from loopwatch_processor.dispatch import JournalOutbox
from loopwatch_processor.journal import incidents
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.journal.writer import JournalWriter
from loopwatch_processor.notify.notifier import Notifier
from tests.notify.incidents import LINKS, change, snapshot

MOMENTS = ("before commit", "after commit", "before send", "after send", "after delivery")


class Dying:
    """Lets the process die at *moment*; "" is never."""

    def __init__(self, moment: str) -> None:
        self._moment = moment

    def __call__(self, moment: str) -> None:
        if moment == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., object], before: str, after: str) -> Callable[..., object]:
        """*call*, with a moment on either side."""

        async def wrapped(*arguments: object) -> object:
            self(before)
            answer = await call(*arguments)  # type: ignore[misc]
            self(after)
            return answer

        return wrapped


async def live(journal: str, api: str, name: str, moment: str) -> None:
    """Go on where the last process stopped, find the incident *name*, page, and die at *moment* or end well."""
    die = Dying(moment)
    writer = JournalWriter(Journal(JournalSettings(journal)), time.time)
    await writer.open()
    notify = Notify(routes=[{"routing_key_env": "PAGERDUTY_KEY"}], pagerduty_url=api)  # type: ignore[list-item]
    notifier = Notifier(notify, LINKS, JournalOutbox(writer), lambda *_: None)
    sender = notifier.delivery._senders["pagerduty"]
    sender.send = die.around(sender.send, "before send", "after send")  # type: ignore[method-assign, assignment]
    # The same span makes the same incident, whichever process sees it.
    found = change(snapshot(id=f"incident-{name}", agent=name), at_s=time.time())
    known = await writer.read(lambda connection: incidents.restorable(connection, 0.0))
    await notifier.restore([incident for incident in known if incident.is_open])
    messages = notifier.messages(found)
    die("before commit")
    await writer.commit([found], messages)
    die("after commit")
    await notifier.take(messages)
    await notifier.delivery.deliver_due()
    die("after delivery")
    await notifier.close(5.0)
    await writer.close(5.0)


if __name__ == "__main__":
    asyncio.run(live(*sys.argv[1:5]))
