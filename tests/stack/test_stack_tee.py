"""loopwatch stopped for longer than the Collector's queue holds: the other backend notices nothing."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.stack.processes import until
from tests.stack.tee_backend import QUEUE_SIZE, REQUESTS, tee


def test_while_loopwatch_is_stopped_the_other_backend_receives_everything(otelcol: Path, tmp_path: Path) -> None:
    """Ten minutes in little: the queue is full, spans towards loopwatch are dropped, and none of the other's waits."""
    with tee(otelcol, tmp_path) as running:
        usual = running.send()
        assert len(usual) == REQUESTS
        before = running.dropped()

        running.loopwatch.signal(signal.SIGSTOP)
        stopped = running.send()
        # All of them are there while loopwatch has not gone on, so none of them waited for it.
        assert _is_stopped(running.loopwatch.pid)
        assert len(stopped) == REQUESTS
        assert running.dropped() - before > REQUESTS / 2

        running.loopwatch.signal(signal.SIGCONT)
        received = running.received()
        assert len(running.send(QUEUE_SIZE)) == QUEUE_SIZE
        # What was queued comes on a road of its own, after retries.
        until("loopwatch to receive again", lambda: running.received() > received)


def _is_stopped(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"
