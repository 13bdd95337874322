"""A process that commits incident after incident, and says each once it is committed."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.connection import Connection

from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.journal.writer import JournalWriter
from tests.journal.made import Clock, change, message, snapshot

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["pytest", __name__])


@contextmanager
def committing(url: str, name: str) -> Iterator[Callable[[], str]]:
    """A process that commits to *url*; gives what it says next. It is killed in the midst of it."""
    ours, theirs = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_main, args=(url, name, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def _main(url: str, name: str, said: Connection) -> None:
    asyncio.run(_commit(url, name, said))


async def _commit(url: str, name: str, said: Connection) -> None:
    writer = JournalWriter(Journal(JournalSettings(url)), Clock())
    await writer.open()
    for number in count():
        incident = f"{name}-{number}"
        trigger = message(incident, incident_id=incident)
        if await writer.commit([change(snapshot(incident))], [trigger]):
            said.send(incident)
