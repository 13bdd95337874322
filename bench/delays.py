"""How soon it is told that something hangs, has died or was lost, through real processes. Run: python -m bench.delays

Each figure is the time beyond the limit that was set, until the open incident is in /metrics; medians and the worst.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from loopwatch_processor.journal import documents
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.memory import OPEN_SPANS
from tests.inflight.hanging import hanging
from tests.inflight.real.test_hanging_provider import AGENTS, LOST_AFTER_S, MAX_GAP_S, SETTINGS, agent, is_open
from tests.jobs.test_live import agent as program
from tests.paging.services import Service
from tests.stack.processes import until

PROMISE_S = 2.0
JOBS = (
    f'jobs.types={{"report": {{"queue_wait_s": {PROMISE_S}, "executing_s": {PROMISE_S}}}}}',
    "jobs.grace_s=0",
)
WORKER = """
    with loopwatch.job("report", id=ID):
        loopwatch.job_events.flush(10)
        print("begun", flush=True)
        sys.stdin.readline()
"""


def hangs(service: Service, rounds: int, beat_s: float) -> Iterator[float]:
    """A provider stops after its 40th token, in front of each instrumentation in turn."""
    for number in range(rounds):
        which = AGENTS[number % len(AGENTS)]
        name = f"hangs-{number}"
        with hanging() as models, agent(which, name, service, models, beat_s):
            until("the incident", lambda name=name: is_open(service, name, detector="stream"))  # type: ignore[misc]
            yield time.time() - models.silent_since_s - MAX_GAP_S


def deaths(service: Service, rounds: int) -> Iterator[float]:
    """An agent is killed while its call is well."""
    for number in range(rounds):
        name = f"dies-{number}"
        with hanging() as models:
            models.pace_s = 0.5
            with agent("openai-helpers", name, service, models, LOST_AFTER_S / 3) as process:
                known = service.metric("loopwatch_open_spans", kind="model_call")
                until("its open span", lambda: service.metric("loopwatch_open_spans", kind="model_call") > known)  # noqa: B023
                process.send_signal(signal.SIGKILL)
                killed_s = time.time()
                until("the incident", lambda name=name: is_open(service, name, detector="lifecycle"))  # type: ignore[misc]
                yield time.time() - killed_s - LOST_AFTER_S


def lost_jobs(service: Service, rounds: int) -> Iterator[float]:
    """A worker is killed over its job."""
    for number in range(rounds):
        found = len(findings(service))
        with program(service, WORKER.replace("ID", f"'job-{number}'")) as worker:
            assert worker.stdout is not None
            worker.stdout.readline()
            begun_s = time.time()
            worker.send_signal(signal.SIGKILL)
            until("the finding", lambda: len(findings(service)) > found)  # noqa: B023
            yield time.time() - begun_s - PROMISE_S


def findings(service: Service) -> list[str]:
    """Those of the watchdog that are new jobs."""
    lines = map(json.loads, service.findings.read_text().splitlines())
    return [line["values"]["job"] for line in lines if line["detector"] == "jobs" and line["severity"] == "warning"]


def snapshots(service: Service, rounds: int) -> Iterator[float]:
    """How old is what a restart would find of open spans, while agents wait."""
    journal = Journal(JournalSettings(service.journal))
    with hanging() as models, agent("openai-helpers", "waits", service, models):
        for _ in range(rounds * 5):
            with journal.reading() as connection:
                document = documents.get(connection, OPEN_SPANS)
            if document is not None and document["spans"]:
                yield time.time() - document["saved_s"]
            time.sleep(1.0)
    journal.close()


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(prog="python -m bench.delays", description=__doc__)
    options.add_argument("--rounds", type=int, default=8, help="of each, but for the slow beat")
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder), *SETTINGS, *JOBS)
        with service.running():
            _print("a stream that hangs, beats of 0.2 s", lambda: hangs(service, rounds, 0.2))
            _print("the same, beats of 15 s as by default", lambda: hangs(service, max(1, rounds // 2), 15.0))
            _print("an agent killed by SIGKILL, beats of 2 s", lambda: deaths(service, rounds))
            _print("a worker killed over its job, a promise of 2 s", lambda: lost_jobs(service, rounds))
            _print("age of the snapshot that kill -9 leaves", lambda: snapshots(service, rounds))


def _print(what: str, measured: Callable[[], Iterator[float]]) -> None:
    seconds = list(measured())
    worst = f"median {statistics.median(seconds):5.2f} s, worst {max(seconds):5.2f} s"
    print(f"{what:50} {worst} ({len(seconds)} times)", flush=True)


if __name__ == "__main__":
    main()
