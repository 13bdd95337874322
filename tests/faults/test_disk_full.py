"""A disk that is really full (ENOSPC) under the journal and the files of the sinks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.events_api import Server
from tests.faults.counting import Counts
from tests.faults.kept import is_sound, knows_all_as_sent
from tests.faults.load import Load, arrived_at, grown, ids_of
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import CRITICAL_CALLS, looping, send
from tests.receive.harness import receivers
from tests.stack.alerting import Prometheus
from tests.stack.processes import until

_WRITES = "loopwatch_journal_writes_total"
ALERTS = {"LoopwatchJournalFailing", "LoopwatchScoringFailing"}
"""Of the journal, and of the file that findings are written to."""
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


def firing(watcher: Prometheus) -> set[str]:
    """The alerts that fire now."""
    return {alert["metric"]["alertname"] for alert in watcher.query('ALERTS{alertstate="firing"}')}


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


def test_a_disk_that_is_full(disk: Path, tmp_path: Path, events: Server, prometheus: Path, counts: Counts) -> None:
    """Scoring, forwarding and pages go on; alerts tell it; what was held is written once there is room; no half."""
    with receivers() as downstream:
        forward = f"forward.endpoint=http://{downstream.target}"
        service = Service(disk, *QUICK, *paging(tmp_path, events.url), forward)
        watcher = Prometheus(prometheus, tmp_path, service.url.removeprefix("http://"), "http://127.0.0.1:1", {})
        with service.running(), watcher.running():
            send(service.url, looping("before"))
            until("the first page", lambda: events.api.incidents)
            until("Prometheus to have seen it well", lambda: watcher.query(f'{_WRITES}{{outcome="failed"}} == 0'))
            ballast = fill(disk)
            load = Load(service.url, pause_s=0.02)
            with load.running():
                send(service.url, looping("meanwhile", agent="analyst"))
                until("the second page", lambda: len(events.api.incidents) == 2)
                until("the fault to be told", lambda: service.metric(_WRITES, outcome="failed"))
                until("the alerts", lambda: firing(watcher) >= ALERTS)
                until("some requests", grown(lambda: len(load.taken), 20))
            scored = service.metric("loopwatch_steps_total", agent="worker")
            sink_failures = service.metric("loopwatch_scoring_failures_total", part="sink")
            failed = service.metric(_WRITES, outcome="failed")
            ballast.unlink()
            written = service.metric(_WRITES, outcome="ok")
            until("the journal to work again", lambda: service.metric(_WRITES, outcome="ok") > written)
            send(service.url, looping("after", agent="writer"))
            until("the third page", lambda: len(events.api.incidents) == 3)
            until("the journal to know of it", lambda: knows_all_as_sent(service))
            service.end(signal.SIGKILL)
            service.start()
            assert service.metric("loopwatch_open_incidents", severity="critical") == 3
            until("nothing to be sent again", lambda: not service.metric("loopwatch_notifications_waiting"))
        lost = ids_of(load.taken).keys() - arrived_at(downstream)
        lines = service.findings.read_text().splitlines()
        told = {json.loads(line)["session"] for line in lines}
        sound = is_sound(service)

    counts.add(
        sent=load.sent + 3 * CRITICAL_CALLS,
        answered_OK_and_not_downstream=len(lost),
        scored=int(scored) + 3 * CRITICAL_CALLS,
        tries_of_the_journal_that_failed=int(failed),
        findings_not_in_a_file_or_the_log=int(sink_failures),
        incidents_kept=3,
        alerts=sorted(ALERTS),
        pages=len(events.api.incidents),
    )
    assert not lost
    assert scored == load.sent
    assert {"before", "after"} <= told
    assert sound
    assert [page.triggers for page in events.api.incidents] == [1, 1, 1]
