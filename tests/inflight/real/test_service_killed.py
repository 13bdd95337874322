"""The service is killed while agents wait: what it knew comes back, and nobody who lives is called lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopwatch_processor.journal import documents
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.memory import OPEN_SPANS
from tests.paging.services import QUICK, Service
from tests.stack.processes import PATIENCE_S, ROOT, until

FLEET = 10
GRACE_S = 3
LOST_AFTER_S = 5.0
"""Three beats of a second are fewer than the least silence that anybody is asked about."""


@contextmanager
def fleet(service: Service) -> Iterator[list[int]]:
    """The processes' numbers."""
    command = [sys.executable, "-m", "tests.inflight.real.fleet", service.url, str(FLEET)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        try:
            yield [int(parent.stdout.readline()) for _ in range(FLEET)]
        finally:
            parent.communicate(timeout=PATIENCE_S)


def kept(service: Service) -> int:
    """Open spans that a restart would find."""
    journal = Journal(JournalSettings(service.journal))
    try:
        with journal.reading() as connection:
            return len((documents.get(connection, OPEN_SPANS) or {"spans": ()})["spans"])
    finally:
        journal.close()


def lost(service: Service) -> float:
    """Processes that were found lost."""
    return service.metric("loopwatch_workers_lost_total", service="fleet")


def beats(service: Service) -> float:
    """What the service has heard since it was started."""
    return service.metric("loopwatch_spans_received_total", signal="logs", dialect="loopwatch")


def test_after_kill_9_only_who_died_meanwhile_is_lost(tmp_path: Path) -> None:
    """Down for longer than a worker may be silent: nine processes go on and are left in peace, the tenth is missed."""
    service = Service(tmp_path, *QUICK, f"sessions.open_grace_s={GRACE_S}")
    with service.running(), fleet(service) as processes:
        until("a snapshot of all of them", lambda: kept(service) == FLEET)
        service.end(signal.SIGKILL)
        os.kill(processes[0], signal.SIGKILL)
        down_s = time.monotonic()
        until("the absence to be long", lambda: time.monotonic() - down_s > 1.5 * LOST_AFTER_S)
        service.start()
        assert service.metric("loopwatch_open_spans", kind="model_call") == FLEET
        until("the one that died", lambda: lost(service))
        until("many beats of the others", lambda: beats(service) > 8 * FLEET)
        assert lost(service) == 1
        assert service.metric("loopwatch_open_incidents", service="fleet") == 1
        assert service.metric("loopwatch_open_spans", kind="model_call") == FLEET
