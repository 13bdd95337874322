"""The commands as a user runs them: exit codes, one sentence for a mistake, no traceback."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.stack.processes import PATIENCE_S, free_ports

STREAM_SPAN: dict[str, Any] = {
    "traceId": "ab" * 16,
    "spanId": "cd" * 8,
    "name": "chat gpt-4o-mini",
    "startTimeUnixNano": "1780000000000000000",
    "endTimeUnixNano": "1780000009000000000",
    "attributes": [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.provider.name", "value": {"stringValue": "openai"}},
        {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o-mini"}},
        {"key": "gen_ai.conversation.id", "value": {"stringValue": "talk"}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1000"}},
        {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "100"}},
        {"key": "gen_ai.request.stream", "value": {"boolValue": True}},
        {"key": "loopwatch.stream.max_gap", "value": {"doubleValue": 1.5}},
    ],
}
KEYS = {
    *("session", "agent", "runs", "steps", "tool_calls"),
    *("input_tokens", "output_tokens", "cost_usd", "stop_reason", "errors", "findings"),
}
FINDING_KEYS = {"detector", "pattern", "severity", "score", "stop_reason", "step", "summary", "span_ids"}


def run(*arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "loopwatch", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False, cwd=cwd)


def spans(*found: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(found)}]}]}).encode()


def test_replay_prints_one_object_a_session() -> None:
    """From standard input, with the keys that are promised."""
    done = run("replay", "-", "--format", "json", "--set", "detectors.stream.max_gap_s=1.0", stdin=spans(STREAM_SPAN))

    (session,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert session.keys() == KEYS
    assert session["session"] == "talk"
    assert session["cost_usd"] == pytest.approx((1000 * 0.15 + 100 * 0.60) / 1e6)
    (finding,) = session["findings"]
    assert finding.keys() >= FINDING_KEYS
    assert (finding["detector"], finding["pattern"], finding["severity"]) == ("stream", "max_gap", "warning")
    assert finding["span_ids"] == ["cd" * 8]


def test_replay_stays_silent_by_default() -> None:
    """A pause of 1.5 s is no stall."""
    done = run("replay", "-", "--format", "json", stdin=spans(STREAM_SPAN))

    assert json.loads(done.stdout)["findings"] == []


def test_replay_ends_with_1_when_something_critical_was_found() -> None:
    """A limit that the user set was exceeded: for scripts, the exit code says so."""
    done = run("replay", "-", "--set", "budgets.per_session.max_usd=0.0001", stdin=spans(STREAM_SPAN))

    assert done.returncode == 1
    assert b"critical budget" in done.stdout


def test_replay_names_what_it_cannot_read() -> None:
    """Exit code 2, one sentence, no traceback."""
    done = run("replay", "/nowhere/spans.jsonl")

    assert done.returncode == 2
    assert b"/nowhere/spans.jsonl" in done.stderr
    assert b"Traceback" not in done.stderr


def test_replay_shows_text_that_agents_chose_harmlessly() -> None:
    """Neither a terminal's escape codes nor markup pass."""
    named = {"key": "gen_ai.agent.name", "value": {"stringValue": "\x1b[31m[bold]x"}}
    done = run("replay", "-", stdin=spans({**STREAM_SPAN, "attributes": [*STREAM_SPAN["attributes"], named]}))

    assert b"\x1b[31m" not in done.stdout
    assert b"[bold]x" in done.stdout


def test_replay_tells_which_calls_failed_and_how() -> None:
    """In the table under their session, and in JSON."""
    error = {"key": "error.type", "value": {"stringValue": "RateLimitError"}}
    attributes = [*STREAM_SPAN["attributes"], error]
    failed = {**STREAM_SPAN, "spanId": "ef" * 8, "status": {"code": 2}, "attributes": attributes}
    table = run("replay", "-", stdin=spans(STREAM_SPAN, failed)).stdout.decode()
    (session,) = run("replay", "-", "-f", "json", stdin=spans(STREAM_SPAN, failed)).stdout.splitlines()

    assert "failed: 1 model call (rate_limit)" in table
    assert json.loads(session)["errors"] == {"model_call/rate_limit": 1}
    assert b"failed:" not in run("replay", "-", stdin=spans(STREAM_SPAN)).stdout


def test_replay_says_one_thing_of_an_unreadable_file() -> None:
    """What is wrong, on standard error; nothing about spans that were never read, and no empty line."""
    done = run("replay", "nope")

    assert done.stdout == b""
    assert done.stderr.decode() == "loopwatch: nope: cannot be read: No such file or directory\n"


def test_doctor_shows_what_services_call_themselves_harmlessly(tmp_path: Path) -> None:
    """In the table and in the advice, neither escape codes nor line breaks of a span's text pass."""
    service = {"key": "service.name", "value": {"stringValue": "sh\x1b]0;op\x07\nfake line"}}
    scope = {"name": "li\x1b[2Jb"}
    unknown = {**STREAM_SPAN, "attributes": [], "name": "x"}
    body = {
        "resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [{"scope": scope, "spans": [unknown]}]}]
    }
    (tmp_path / "spans.jsonl").write_text(json.dumps(body))
    done = run("doctor", str(tmp_path / "spans.jsonl"))

    assert b"\x1b" not in done.stdout
    assert b"\x07" not in done.stdout
    assert b"\nfake line" not in done.stdout
    assert b"fake line" in done.stdout


@pytest.mark.parametrize("content", [b"", b'{"resourceMetrics": []}\n'])
def test_doctor_says_that_a_file_holds_no_spans(tmp_path: Path, content: bytes) -> None:
    """And not where to point an exporter: nobody waits for one."""
    (tmp_path / "spans.jsonl").write_bytes(content)
    done = run("doctor", str(tmp_path / "spans.jsonl"))

    assert done.returncode == 1
    assert b"There are no spans" in done.stdout
    assert b"OTEL_" not in done.stdout


def test_doctor_names_service_and_dialect_in_full_on_a_terminal_of_80_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are what tells one row from another."""
    monkeypatch.setenv("COLUMNS", "80")
    service = {"key": "service.name", "value": {"stringValue": "checkout-agent-v2"}}
    body = {"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [{"spans": [STREAM_SPAN]}]}]}
    (tmp_path / "spans.jsonl").write_text(json.dumps(body))
    titles, row, *_ = run("doctor", str(tmp_path / "spans.jsonl")).stdout.decode().splitlines()

    assert titles.split()[:3] == ["service", "dialect", "spans"]
    assert row.split()[0] == "checkout-agent-v2"
    assert "…" not in row


def test_check_config_names_every_problem_with_its_path(tmp_path: Path) -> None:
    """All at once, and the nearest key for an unknown one."""
    (tmp_path / "loopwatch.yaml").write_text("receive: {grpc_prt: 1}\ndetectors: {stream: {max_gap_s: fast}}\n")
    done = run("check-config", cwd=tmp_path)

    assert done.returncode == 2
    assert b"receive.grpc_prt" in done.stderr
    assert b"grpc_port" in done.stderr
    assert b"detectors.stream.max_gap_s" in done.stderr
    assert b"Traceback" not in done.stderr


def test_check_config_knows_which_journals_there_are(tmp_path: Path) -> None:
    """What `serve` would refuse is refused here, and nothing is made to find out."""
    done = run("check-config", "--set", "journal.url=mysql://db/loopwatch", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"mysql:// is not supported" in done.stderr

    assert run("check-config", "--set", f"journal.url=sqlite:///{tmp_path}/a/b.db", cwd=tmp_path).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_check_config_explains_one_agent(tmp_path: Path) -> None:
    """The first rule that matches is named, with what it means."""
    rule = "agents:\n- {match: {agent: writer}, detectors: {stream: {max_gap_s: 5}}}\n"
    rule += "notify: {routes: [{routing_key_env: NOT_IN_THE_SHELL_OF_WHO_IS_ON_CALL}]}\n"
    (tmp_path / "loopwatch.yaml").write_text(rule)
    done = run("check-config", "--explain", "shop/writer", cwd=tmp_path)

    assert done.returncode == 0
    assert b"max_gap_s: 5" in done.stdout


def test_doctor_says_what_is_missing_in_a_file(tmp_path: Path) -> None:
    """Root-less calls without messages: the setting is named, and the exit code is 1."""
    bare = {
        **STREAM_SPAN,
        "attributes": [item for item in STREAM_SPAN["attributes"] if "conversation" not in str(item)],
    }
    (tmp_path / "spans.jsonl").write_bytes(spans(bare))
    done = run("doctor", str(tmp_path / "spans.jsonl"))

    assert done.returncode == 1
    assert b"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT" in done.stdout


def test_doctor_says_that_nobody_answers() -> None:
    """One sentence with what to do."""
    done = run("doctor", "--url", "http://127.0.0.1:9")

    assert done.returncode == 2
    assert b"loopwatch serve" in done.stderr


def test_doctor_says_that_another_program_answers() -> None:
    """A port mixed up is told as that, in one line."""

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        done = run("doctor", "--url", f"http://127.0.0.1:{server.server_port}")

    assert done.returncode == 2
    assert b"something else does, with HTTP status 404" in done.stderr
    assert done.stderr.count(b"\n") == 1


def start(*settings: str) -> tuple[subprocess.Popen[bytes], int, int]:
    grpc_port, http_port = free_ports(2)
    ports = ("--set", f"receive.grpc_port={grpc_port}", "--set", f"receive.http_port={http_port}")
    command = [sys.executable, "-m", "loopwatch", "serve", *ports, *settings]
    service = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert service.stderr is not None
    assert "loopwatch listens on" in json.loads(service.stderr.readline())["event"]
    return service, grpc_port, http_port


def stop(service: subprocess.Popen[bytes], number: signal.Signals) -> bytes:
    service.send_signal(number)
    _, said = service.communicate(timeout=30)
    return said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_takes_spans_and_ends_without_a_traceback(tmp_path: Path, number: signal.Signals) -> None:
    """A real SDK sends, the finding is written and counted, the doctor answers, and a signal ends it in order."""
    findings = tmp_path / "findings.jsonl"
    settings = ("--set", "detectors.stream.max_gap_s=1.0", "--set", f"sinks.json_lines.path={findings}")
    service, _, http_port = start(*settings)
    base = f"http://127.0.0.1:{http_port}"
    try:
        send(f"{base}/v1/traces")
        metrics = httpx.get(f"{base}/metrics", timeout=PATIENCE_S).text
        doctor = httpx.get(f"{base}/doctor", timeout=PATIENCE_S).json()
    finally:
        said = stop(service, number)

    logged = [json.loads(line) for line in said.splitlines()]
    assert service.returncode == 0
    assert b"Traceback" not in said
    assert [(line["level"], line["detector"]) for line in logged] == [("warning", "stream")]
    (line,) = findings.read_text().splitlines()
    assert json.loads(line)["session"] == "talk"
    assert 'detector="stream"' in metrics
    assert doctor["sources"][0]["service"] == "shop"


def send(endpoint: str) -> None:
    """One streamed model call with a pause, by the OpenTelemetry SDK."""
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    attributes = {str(item["key"]): next(iter(item["value"].values())) for item in STREAM_SPAN["attributes"]}
    provider.get_tracer("test").start_span("chat gpt-4o-mini", attributes=attributes).end()
    provider.shutdown()


def test_serve_names_a_taken_port() -> None:
    """In one sentence, with the setting to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--set", f"receive.http_port={port}", "--set", "receive.grpc_port=0")

    assert done.returncode == 2
    assert str(port).encode() in done.stderr
    assert b"receive.http_port" in done.stderr
    assert b"Traceback" not in done.stderr


def test_demo_finds_every_scripted_failure() -> None:
    """The whole line for real: helpers, SDK, OTLP, receiver, sessions, detectors; healthy agents stay silent."""
    environment = {**os.environ, "COLUMNS": "120"}
    command = [sys.executable, "-m", "loopwatch", "demo", "--once"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False, env=environment)

    assert done.returncode == 0, done.stdout.decode()
    assert "✗" not in done.stdout.decode()
    assert b"Traceback" not in done.stderr
    assert "loop/ping_pong" in done.stdout.decode()
    assert not list(Path(os.environ["XDG_STATE_HOME"]).iterdir()), "it wrote into the journal of whoever runs it"


def test_version_is_told() -> None:
    """The first thing that a bug report needs."""
    done = run("--version")

    assert done.returncode == 0
    assert done.stdout.decode() == f"loopwatch {metadata.version('loopwatch')}\n"


@pytest.mark.parametrize("command", ["replay", "doctor"])
def test_a_wrong_format_is_told_in_plain_words(command: str) -> None:
    """With the right ones, and as a mistake of usage."""
    done = run(command, "--format", "xml", "-")

    assert done.returncode == 2
    assert b"'xml' is neither table nor json" in done.stderr
    assert b"Value error" not in done.stderr


def test_an_address_that_nobody_has_is_told_with_its_setting() -> None:
    """The host is wrong, not the port."""
    open_to_all = ("--set", "access.allow_unauthenticated=true")
    done = run("serve", "--set", "receive.host=no.such.host.invalid", *open_to_all)

    assert done.returncode == 2
    assert b"set receive.host to" in done.stderr


def test_what_a_broken_file_says_is_shown_harmlessly(tmp_path: Path) -> None:
    """An error that quotes the file obeys nothing in it."""
    (tmp_path / "spans.jsonl").write_text('{"resourceSpans": [{"\\u001b]0;x\\u0007": 1, "scopeSpans": 3}]}')
    done = run("replay", str(tmp_path / "spans.jsonl"))

    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
