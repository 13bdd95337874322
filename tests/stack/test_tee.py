"""The tee: otel-collector.yaml as shipped, in a real Collector, between a real SDK and a real `loopwatch serve`."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.shared import SPANS as RECORDINGS
from tests.shared import needs_recordings
from tests.stack import agent
from tests.stack.processes import PATIENCE_S, ROOT, Collector, Loopwatch, free_ports, play, until
from tests.stack.sending import model_call, request_of, send

CONFIG = ROOT / "otel-collector.yaml"
MEBIBYTE = 1024 * 1024
FLOOD = 24
"""Requests of 4 MiB: more than the 64 MiB of the queue, and what is on its way besides."""


class Tee:
    """A Collector that gained one more exporter, and what stands around it."""

    def __init__(self, otelcol: Path, folder: Path) -> None:
        self.grpc_port, self.http_port = free_ports(2)
        self.loopwatch = Loopwatch(folder)
        self.collector = Collector(
            otelcol,
            CONFIG,
            folder / "collector.log",
            COLLECTOR_GRPC=f"127.0.0.1:{self.grpc_port}",
            COLLECTOR_HTTP=f"127.0.0.1:{self.http_port}",
            LOOPWATCH_GRPC=f"127.0.0.1:{self.loopwatch.grpc_port}",
        )

    @property
    def url(self) -> str:
        """Where agents send to."""
        return f"http://127.0.0.1:{self.http_port}"

    def play(self, conversation: str) -> None:
        """Run one agent that sends to the Collector."""
        play(self.url, conversation)

    def found(self) -> list[dict[str, object]]:
        """The findings so far."""
        path = self.loopwatch.findings
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(name="tee")
def _tee(otelcol: Path, tmp_path: Path) -> Iterator[Tee]:
    tee = Tee(otelcol, tmp_path)
    with tee.loopwatch.running(), tee.collector.running():
        yield tee


def test_the_lines_to_paste_are_the_lines_that_run() -> None:
    """The commented exporter at the top is the one below it, but for the port that the tests choose."""
    lines = CONFIG.read_text().splitlines()
    head = [line[1:] for line in lines[: lines.index("receivers:")] if line.startswith("#   ")]
    pasted = yaml.safe_load("\n".join(head))
    running = yaml.safe_load(CONFIG.read_text())["exporters"]["otlp/loopwatch"]
    assert running["endpoint"] == "${env:LOOPWATCH_GRPC:-127.0.0.1:4317}"
    assert pasted == {"otlp/loopwatch": {**running, "endpoint": "127.0.0.1:4317"}}


def test_a_session_behind_a_collector_is_scored(tee: Tee) -> None:
    """Spans sent to the Collector become a session, its steps and its findings; the other exporter sees them all."""
    tee.play("one")

    until("every step", lambda: tee.loopwatch.metric("loopwatch_steps_total") == 3)
    until("the finding", lambda: [item for item in tee.found() if item["severity"] == "warning"])
    (finding,) = [item for item in tee.found() if item["severity"] == "warning"]
    assert (finding["detector"], finding["session"], finding["agent"]) == ("context", "one", "researcher")
    assert tee.loopwatch.metric("loopwatch_sessions_open") == 1
    assert tee.loopwatch.metric("loopwatch_steps_total", service="shop", agent="researcher") == 3
    assert tee.loopwatch.metric("loopwatch_steps_total", kind="tool_call") == 1
    until("the other exporter", lambda: tee.collector.spans_shown == agent.SPANS)


def test_the_collector_works_on_without_loopwatch_and_finds_it_again(tee: Tee) -> None:
    """Killed, loopwatch costs the other exporter nothing; started again, it gets spans, also those sent meanwhile."""
    tee.play("before")
    until("the first session", lambda: tee.loopwatch.metric("loopwatch_sessions_open") == 1)

    tee.loopwatch.end(signal.SIGKILL)
    tee.play("meanwhile")
    until("the other exporter", lambda: tee.collector.spans_shown == 2 * agent.SPANS)

    tee.loopwatch.start()
    tee.play("after")
    until("every step of both", lambda: tee.loopwatch.metric("loopwatch_steps_total") == 6)
    assert tee.loopwatch.metric("loopwatch_sessions_open") == 2
    assert tee.loopwatch.end() == 0


def test_a_loopwatch_that_stands_still_costs_no_other_exporter_a_span(tee: Tee) -> None:
    """More than the queue holds: agents hear nothing of it, the rest is dropped and counted, memory stays bounded."""
    os.kill(tee.loopwatch.pid, signal.SIGSTOP)
    for number in range(1, FLOOD + 1):
        body = request_of([model_call(b"t" * 16, number, text="x" * MEBIBYTE * 4)])
        assert send(tee.url, body).status_code == 200
    until("the other exporter", lambda: tee.collector.spans_shown == FLOOD)
    until("drops", lambda: dropped(tee))
    assert peak_bytes(tee.collector.pid) < 512 * MEBIBYTE

    os.kill(tee.loopwatch.pid, signal.SIGCONT)
    # The last of them may have been dropped since: each span is either.
    until("what was queued", lambda: tee.loopwatch.metric("loopwatch_steps_total") == FLOOD - dropped(tee))
    assert dropped(tee) < FLOOD


@pytest.mark.parametrize("apart", [False, True], ids=["one pipeline", "a pipeline of its own"])
def test_without_batch_agents_hear_of_a_full_queue_unless_loopwatch_has_a_pipeline_of_its_own(
    otelcol: Path, tmp_path: Path, apart: bool
) -> None:
    """What docs/collector.md warns of, and the way out that it names."""
    config = yaml.safe_load(CONFIG.read_text())
    config["exporters"]["otlp/loopwatch"]["sending_queue"]["queue_size"] = 100
    pipelines = config["service"]["pipelines"]
    both = pipelines.pop("traces")
    pipelines["traces"] = both | {"processors": ["memory_limiter"], "exporters": ["debug"]}
    if apart:
        pipelines["traces/loopwatch"] = both | {"exporters": ["otlp/loopwatch"]}
    else:
        pipelines["traces"]["exporters"] = both["exporters"]
    (tmp_path / "collector.yaml").write_text(yaml.safe_dump(config))
    grpc_port, http_port, nobody = free_ports(3)
    collector = Collector(
        otelcol,
        tmp_path / "collector.yaml",
        tmp_path / "collector.log",
        COLLECTOR_GRPC=f"127.0.0.1:{grpc_port}",
        COLLECTOR_HTTP=f"127.0.0.1:{http_port}",
        LOOPWATCH_GRPC=f"127.0.0.1:{nobody}",
    )
    with collector.running():
        answer = send(f"http://127.0.0.1:{http_port}", request_of([model_call(b"t" * 16, 1)]))
        assert answer.status_code == (200 if apart else 503)
        until("the drop", lambda: collector.metric("otelcol_exporter_enqueue_failed_spans") == 1)
        until("the other exporter", lambda: collector.spans_shown == 1)


def dropped(tee: Tee) -> float:
    """Spans that did not fit into the queue so far."""
    return tee.collector.metric("otelcol_exporter_enqueue_failed_spans")


def peak_bytes(pid: int) -> int:
    """The most memory that process *pid* has had so far."""
    (line,) = re.findall(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(line) * 1024


@needs_recordings
@pytest.mark.parametrize("recording", ["openinference_langchain.jsonl", "otel_genai_langchain_content.jsonl"])
def test_recorded_spans_arrive_whole(tee: Tee, recording: str) -> None:
    """What another instrumentation sent, re-batched by the Collector, is counted span by span."""
    sent = 0
    for line in (RECORDINGS / recording).read_text().splitlines():
        request = json.loads(line)
        sent += sum(len(scope["spans"]) for item in request["resourceSpans"] for scope in item["scopeSpans"])
        httpx.post(f"{tee.url}/v1/traces", json=request, timeout=PATIENCE_S, trust_env=False).raise_for_status()
    until("all spans", lambda: tee.loopwatch.metric("loopwatch_spans_received_total") == sent)
    until("some steps", lambda: tee.loopwatch.metric("loopwatch_steps_total"))
