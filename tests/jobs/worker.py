"""A queue of real processes: one that submits jobs, and workers that do them and now and then die over one.

``python -m tests.jobs.worker URL JOBS LOST SEED``: prints the ids that no worker will ever report, one a line.
"""

from __future__ import annotations

import os
import random
import signal
import sys

import loopwatch

CHUNK = 50
"""Jobs that one worker process does, if it lives so long."""


def main(url: str, count: int, lost: int, seed: int) -> None:
    """Submit, work, and tell what was lost."""
    names = [f"job-{number:04d}" for number in range(count)]
    dying = set(random.Random(seed).sample(names, lost))
    _in_a_process(lambda: _submit(url, names))
    waiting = list(names)
    while waiting:
        chunk, waiting = waiting[:CHUNK], waiting[CHUNK:]
        while chunk:
            dead = next((at for at, name in enumerate(chunk) if name in dying), None)
            mine = chunk if dead is None else chunk[: dead + 1]
            _in_a_process(lambda names=mine: _work(url, names, dying))
            chunk = chunk[len(mine) :]
    sys.stdout.write("\n".join(sorted(dying)))


def _in_a_process(work: object) -> None:
    child = os.fork()
    if child == 0:
        try:
            work()  # type: ignore[operator]
        finally:
            os._exit(0)  # as RQ's work horse does: nothing is flushed at exit
    os.waitpid(child, 0)


def _submit(url: str, names: list[str]) -> None:
    loopwatch.configure(url, service_name="web")
    for name in names:
        loopwatch.job_queued("report", name, "slow")
    loopwatch.job_events.flush(30)


def _work(url: str, names: list[str], dying: set[str]) -> None:
    loopwatch.configure(url, service_name="worker")
    for name in names[:-1]:
        with loopwatch.job("report", id=name, queue="slow"):
            pass
    last = names[-1]
    if last in dying and int(last[-1]) % 2:  # it has taken the job from its queue, and not begun
        loopwatch.job_events.flush(30)
        os.kill(os.getpid(), signal.SIGKILL)
    with loopwatch.job("report", id=last, queue="slow", flush_s=30):
        if last in dying:
            loopwatch.job_events.flush(30)
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
