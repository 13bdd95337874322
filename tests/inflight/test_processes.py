"""Real processes: forks, exits and kills."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.inflight.collector import Collector, Told

ROOT = Path(__file__).resolve().parents[2]
SETUP = """
import os, sys, threading
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
provider = TracerProvider()
trace.set_tracer_provider(provider)
from loopwatch import inflight
inflight.install(endpoint=sys.argv[1], grace_s=0.1, interval_s=0.2)
def open_span(name):
    return trace.get_tracer("t").start_span(name, attributes={"gen_ai.operation.name": "chat"})
"""


def program(code: str, endpoint: str) -> "subprocess.Popen[str]":
    """A Python process that runs *code* after the set-up."""
    return subprocess.Popen(
        [sys.executable, "-c", SETUP + textwrap.dedent(code), endpoint],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def beats(told: list[Told], name: str) -> list[Told]:
    """The heartbeats of the span of that name."""
    return [
        event
        for event in told
        if event.name == "loopwatch.heartbeat" and event.attributes["loopwatch.span.name"] == name
    ]


def test_a_forked_worker_tells_of_its_own_spans_only(logs: Collector) -> None:
    """Parent and child each beat for what they opened, under an id and a number of their own."""
    process = program(
        """
        parents = open_span("parents")
        if os.fork() == 0:
            childs = open_span("childs")
        sys.stdin.read()
        os._exit(0)
        """,
        logs.endpoint,
    )
    with process:
        told = logs.wait_for(lambda told: len(beats(told, "parents")) >= 3 and len(beats(told, "childs")) >= 3)
        process.communicate(timeout=60)

    who = {
        name: {
            (event.attributes["loopwatch.process.id"], event.attributes["process.pid"]) for event in beats(told, name)
        }
        for name in ("parents", "childs")
    }
    assert all(len(ids) == 1 for ids in who.values())
    (parent,), (child,) = who["parents"], who["childs"]
    assert parent[0] != child[0]
    assert (parent[1], parent[1] == child[1]) == (process.pid, False)


def test_a_fork_while_everything_is_locked_hangs_nobody(logs: Collector) -> None:
    """Thirty children fork while spans start and sweeps run; each tells of its own span and ends."""
    process = program(
        """
        stop = threading.Event()
        def churn():
            while not stop.is_set():
                open_span("churn").end()
        threads = [threading.Thread(target=churn) for _ in range(2)]
        for thread in threads: thread.start()
        kept = open_span("parents")
        for _ in range(30):
            child = os.fork()
            if child == 0:
                span = open_span("childs")
                inflight.counts()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads: thread.join()
        print("done", flush=True)
        """,
        logs.endpoint,
    )
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("done\n", 0), err


def test_a_fork_while_the_way_for_jobs_is_made_hangs_nobody(logs: Collector) -> None:
    """Another thread imports the exporter for jobs: the child makes one of its own, and tells of its job."""
    process = program(
        """
        import signal, loopwatch
        from loopwatch import job_events
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = sys.argv[1]
        held, over = threading.Event(), threading.Event()
        def makes():
            with job_events.providers._lock:
                held.set()
                over.wait()
        maker = threading.Thread(target=makes)
        maker.start()
        held.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            with loopwatch.job("report", id="childs", flush_s=20):
                pass
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        over.set()
        maker.join()
        print(status, flush=True)
        """,
        logs.endpoint,
    )
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("0\n", 0), err
    jobs = [event for event in logs.told if event.attributes.get("loopwatch.job.id") == "childs"]
    assert [event.name for event in jobs] == ["loopwatch.job.executing", "loopwatch.job.completed"]


def test_a_killed_process_falls_silent(logs: Collector) -> None:
    """No end is told, no heartbeat follows: whoever knows the interval can judge."""
    process = program('span = open_span("work")\nsys.stdin.read()', logs.endpoint)
    with process:
        logs.wait_for(lambda told: len(beats(told, "work")) >= 2)
        process.kill()
        process.wait(60)
    told = list(logs.told)
    assert {event.name for event in told} == {"loopwatch.span.started", "loopwatch.heartbeat"}
    assert told[-1].attributes["loopwatch.heartbeat.interval"] == 0.2


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "provider.shutdown()"])
def test_a_process_ends_while_spans_are_open(logs: Collector, ending: str) -> None:
    """An open span holds no process back, whichever way it ends."""
    process = program(f'span = open_span("work")\n{ending}', logs.endpoint)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_collector_that_never_answers_holds_no_process_back(monkeypatch: pytest.MonkeyPatch, protocol: str) -> None:
    """The port takes connections and says nothing; the exporter would wait for ten seconds, the process does not."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        endpoint = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        code = SETUP.replace("endpoint=sys.argv[1], ", "") + textwrap.dedent(
            """
            span = open_span("work")
            sys.stdin.readline()
            """
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            deaf.settimeout(20)
            connection, _ = deaf.accept()
            _, err = process.communicate("\n", timeout=8)  # less than the exporter would wait
            connection.close()

    assert process.returncode == 0, err
