"""`loopwatch serve` with a journal and people to page, and what its agents send."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit

from tests.fakes.events_api import KEY
from tests.stack.processes import PATIENCE_S, ROOT, Loopwatch

QUICK = ("incidents.hold_s=1", "incidents.settle_s=0")
"""An incident is over as soon as its last run is: the defaults wait for minutes."""
DEMO = ("detectors.stream.max_gap_s=1.5", "detectors.stream.max_ttft_s=10")
"""The demo's thresholds, which are those of its time-lapse."""


class Service(Loopwatch):
    """One with a journal of its own in *folder*, or the one at *journal*."""

    def __init__(self, folder: Path, *settings: str, journal: str = "") -> None:
        folder.mkdir(exist_ok=True)
        self.journal_file = folder / "journal.db"
        self.journal = journal or f"sqlite:///{self.journal_file}"
        super().__init__(folder, f"journal.url={self.journal}", *settings)

    def command(self, *arguments: str) -> str:
        """What `loopwatch` with *arguments*, run beside the service, prints."""
        command = [sys.executable, "-m", "loopwatch", *arguments, "--set", f"journal.url={self.journal}"]
        done = subprocess.run(command, check=True, timeout=PATIENCE_S, cwd=ROOT, capture_output=True, text=True)
        return done.stdout

    def limit_files(self, most_bytes: int) -> None:
        """From now on it can write no file beyond *most_bytes*, as on a disk that is full."""
        assert self._process is not None
        prlimit(self._process.pid, RLIMIT_FSIZE, (most_bytes, RLIM_INFINITY))


def paging(folder: Path, events_url: str) -> tuple[str, ...]:
    """Settings that page through the Events API at *events_url*."""
    key_file = folder / "routing-key"
    key_file.write_text(KEY, "utf-8")
    routes = json.dumps([{"routing_key_file": str(key_file)}])
    return f"notify.routes={routes}", f"notify.pagerduty_url={events_url}"


def play_demo(url: str) -> None:
    """Run the scripted fleet to its end."""
    environment = {**os.environ, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    command = [sys.executable, "-m", "loopwatch_processor.demo.fleet", url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, cwd=ROOT) as fleet:
        assert fleet.wait(PATIENCE_S) == 0
