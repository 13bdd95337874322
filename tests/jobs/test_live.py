"""Jobs in front of a running service: who is told, how soon, and that healthy ones tell nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.jobs.test_recipes import known
from tests.paging.services import Service
from tests.stack.processes import PATIENCE_S, ROOT, until

QUICK = (
    'jobs.types={"report": {"queue_wait_s": 2, "executing_s": 2}}',
    "jobs.grace_s=0",
    "jobs.account_s=1",
    "incidents.hold_s=1",
)
"""Promises of seconds; the watchdog then looks every second."""
OPEN = "loopwatch_open_incidents"


@pytest.fixture(name="service")
def _service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path, *QUICK)
    with service.running():
        yield service


@contextmanager
def agent(service: Service, script: str) -> Iterator[subprocess.Popen[str]]:
    """A process that does *script*; it can be told to go on by a line."""
    begin = f"import loopwatch, os, sys\nloopwatch.configure({service.url!r}, service_name='worker')\n"
    environment = {**os.environ, "OTEL_BLRP_SCHEDULE_DELAY": "100"}
    command = [sys.executable, "-c", begin + textwrap.dedent(script)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def is_open(service: Service, pattern: str, severity: str) -> bool:
    """Whether the gauge of such incidents is up."""
    return service.metric(OPEN, detector="jobs", pattern=pattern, severity=severity) == 1


def test_a_queue_without_a_worker(service: Service) -> None:
    """Submitted and never taken: a ticket once the promise is over."""
    with agent(service, "loopwatch.job_queued('report', '7', 'slow')") as submitter:
        submitter.wait(PATIENCE_S)
    until("the ticket", lambda: is_open(service, "queue_wait", "warning"))
    assert not is_open(service, "queue_wait", "critical")


def test_a_worker_that_dies_over_its_job(service: Service) -> None:
    """Killed by SIGKILL: a warning, and past twice the promise a page."""
    script = """
        with loopwatch.job("report", id="7"), loopwatch.session("clerk"):
            loopwatch.job_events.flush(10)
            print("begun", flush=True)
            sys.stdin.readline()
    """
    with agent(service, script) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "begun\n"
        worker.send_signal(signal.SIGKILL)
    until("the page", lambda: is_open(service, "executing", "critical"))
    until("it in the journal", lambda: [item["status"] for item in known(service)] == ["swept"])


def test_a_late_worker_has_the_last_word(service: Service) -> None:
    """It was given up and goes on: its incident resolves, and the table has both."""
    script = """
        with loopwatch.job("report", id="7"):
            sys.stdin.readline()
    """
    with agent(service, script) as worker:
        until(
            "the incident",
            lambda: is_open(service, "executing", "warning") or is_open(service, "executing", "critical"),
        )
        worker.communicate("\n", timeout=PATIENCE_S)
    until("its end", lambda: service.metric(OPEN, detector="jobs") == 0)
    until("it in the journal", lambda: [item["status"] for item in known(service)] == ["completed"])
    (found,) = known(service)
    assert (found["status"], found["story"]) == ("completed", ["executing", "swept", "completed"])


def test_healthy_jobs_tell_nobody(service: Service) -> None:
    """A hundred of them, one a worker of its own that failed: every end is known and no incident was opened."""
    script = """
        for number in range(100):
            with loopwatch.job("report", id=loopwatch.job_queued("report")):
                pass
        try:
            with loopwatch.job("report", id=loopwatch.job_queued("report")):
                raise ValueError
        except ValueError:
            pass
    """
    with agent(service, script) as worker:
        worker.wait(PATIENCE_S)
    until(
        "their ends", lambda: len([item for item in known(service) if item["status"] in ("completed", "failed")]) == 101
    )
    until("a sweep after it", lambda: service.metric("loopwatch_jobs_known") == 101)
    assert service.metric("loopwatch_incident_changes_total", kind="opened") == 0


def test_jobs_survive_kill_9_of_the_service(tmp_path: Path) -> None:
    """A second after it arrived a transition is in the journal; the job's end finds it there after a restart."""
    service = Service(tmp_path, *QUICK)
    script = """
        loopwatch.job_queued("report", "7", "slow")
        loopwatch.job_events.flush(10)
        print("queued", flush=True)
        sys.stdin.readline()
        with loopwatch.job("report", id="7"):
            pass
    """
    with service.running(), agent(service, script) as worker:
        until("the job in the journal", lambda: len(known(service)) == 1)
        service.end(signal.SIGKILL)
        service.start()
        worker.communicate("\n", timeout=PATIENCE_S)
        until("its end", lambda: [item["status"] for item in known(service)] == ["completed"])


def told(service: Service, *arguments: str) -> tuple[int, str]:
    """What `loopwatch` with *arguments* ends with and prints, asked of the service and of no journal."""
    command = [sys.executable, "-m", "loopwatch", *arguments, "--url", service.url, "--set", "journal.enabled=false"]
    done = subprocess.run(command, check=False, timeout=PATIENCE_S, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout


def _jobs(service: Service) -> Any:
    return httpx.get(f"{service.url}/jobs", timeout=PATIENCE_S, trust_env=False).json()


def held(service: Service) -> list[bool | None]:
    """The six answers."""
    return [answer["holds"] for answer in _jobs(service)["answers"]]


def test_a_service_without_a_journal_follows_jobs_and_answers_for_itself(tmp_path: Path) -> None:
    """Nothing submitted is unknown, a job that ends is six times yes, and one whose worker never comes is three no."""
    service = Service(tmp_path, *QUICK, "journal.enabled=false")
    with service.running():
        assert held(service) == [None, None, None, True, None, True]
        with agent(service, "with loopwatch.job('report', id=loopwatch.job_queued('report')): pass") as worker:
            worker.wait(PATIENCE_S)
        until("six times yes", lambda: held(service) == [True] * 6)
        with agent(service, "loopwatch.job_queued('report', '7', 'slow')") as submitter:
            submitter.wait(PATIENCE_S)
        until("the ticket", lambda: is_open(service, "queue_wait", "warning"))
        until("three no", lambda: held(service) == [True, False, False, True, False, True])
        code, table = told(service, "reconcile")
        assert (code, "  7  report" in table) == (1, True)
        code, text = told(service, "status")
        assert (code, f"loopwatch at {service.url} says so." in text) == (1, True)
        assert service.metric("loopwatch_jobs_known", standing="swept") == 1
    assert not service.journal_file.exists()
