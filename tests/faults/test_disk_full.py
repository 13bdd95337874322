"""A disk that is really full (ENOSPC) under the journal and the files of the sinks."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.events_api import Server
from tests.faults.counting import Counts
from tests.faults.load import Load, arrived_at, grown, ids_of
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import CRITICAL_CALLS, looping, send
from tests.receive.harness import receivers
from tests.stack.processes import until

_WRITES = "loopwatch_journal_writes_total"
_MOUNT = ("mount", "-t", "tmpfs", "-o", "size=1m", "loopwatch-test")


@pytest.fixture(name="disk")
def _disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run([*_MOUNT, folder], check=False, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here: it takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free; the file to remove for room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    os.write(file.fileno(), b"x" * size)
            except OSError:
                continue
    return ballast


def test_a_disk_that_is_full(disk: Path, tmp_path: Path, events: Server, counts: Counts) -> None:
    """Scoring, forwarding and pages go on; it is told; what was held is written when there is room; nothing is half."""
    with receivers() as downstream:
        forward = f"forward.endpoint=http://{downstream.target}"
        service = Service(disk, *QUICK, *paging(tmp_path, events.url), forward)
        with service.running():
            send(service.url, looping("before"))
            until("the first page", lambda: events.api.incidents)
            ballast = fill(disk)
            load = Load(service.url, pause_s=0.02)
            with load.running():
                send(service.url, looping("meanwhile", agent="analyst"))
                until("the second page", lambda: len(events.api.incidents) == 2)
                until("the fault to be told", lambda: service.metric(_WRITES, outcome="failed"))
                until("some requests", grown(lambda: len(load.taken), 20))
            scored = service.metric("loopwatch_steps_total", agent="worker")
            sink_failures = service.metric("loopwatch_scoring_failures_total", part="sink")
            failed = service.metric(_WRITES, outcome="failed")
            ballast.unlink()
            written = service.metric(_WRITES, outcome="ok")
            until("the journal to work again", lambda: service.metric(_WRITES, outcome="ok") > written)
            send(service.url, looping("after", agent="writer"))
            until("the third page", lambda: len(events.api.incidents) == 3)
            service.end(signal.SIGKILL)
            service.start()
            assert service.metric("loopwatch_open_incidents", severity="critical") == 3
            until("nothing to be sent again", lambda: not service.metric("loopwatch_notifications_waiting"))
        lost = ids_of(load.taken).keys() - arrived_at(downstream)
        lines = service.findings.read_text().splitlines()
        told = {json.loads(line)["session"] for line in lines}
        with closing(sqlite3.connect(service.journal_file)) as journal:
            sound = journal.execute("PRAGMA integrity_check").fetchone()[0]

    counts.add(
        sent=load.sent + 3 * CRITICAL_CALLS,
        answered_OK_and_not_downstream=len(lost),
        scored=int(scored) + 3 * CRITICAL_CALLS,
        tries_of_the_journal_that_failed=int(failed),
        findings_not_in_a_file_or_the_log=int(sink_failures),
        incidents_kept=3,
        pages=len(events.api.incidents),
    )
    assert not lost
    assert scored == load.sent
    assert {"before", "after"} <= told
    assert sound == "ok"
    assert [page.triggers for page in events.api.incidents] == [1, 1, 1]
