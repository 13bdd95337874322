"""A running service that was given secrets everywhere, hears more of them, and meets faults: none comes out."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from traceback import format_exception
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from loopwatch_processor.cli.main import app
from loopwatch_processor.errors import LoopwatchError
from tests.fakes.events_api import EventsApi, Fault, serving
from tests.security.certificates import Pair
from tests.security.planted import IN_SPANS, ROUTING_KEY, SETTINGS, found, spoken

_WITH_A_BUG = """
from loopwatch_processor.detectors.progress import ProgressDetector
def update(self, step, place):
    raise ValueError(f"cannot read {step.tool.arguments!r} of {step}")
ProgressDetector.update = update
import sys
from loopwatch_processor.cli.main import main
sys.argv[0] = "loopwatch"
main()
"""
"""`loopwatch` with a detector that raises what it read."""
_SECRETS = [*SETTINGS.values(), ROUTING_KEY, *IN_SPANS.values()]
_START_NS = 1_780_272_000_000_000_000
CAPTURE = {"content": "journal", "redact_keys": ["customer_name"], "redact_patterns": [r"CUST-\d\d-\d{4}"]}


@dataclass
class Served:
    """A running `serve`."""

    http: int
    folder: Path
    variables: dict[str, str]
    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, right: str | None, body: Any = None) -> httpx.Response:
        """The answer, with the token of *right*."""
        headers = {"authorization": f"Bearer {SETTINGS[right]}"} if right else {}
        return httpx.request(method, f"http://127.0.0.1:{self.http}{path}", headers=headers, json=body, timeout=30)

    def run(self, *command: str) -> str:
        """What a command prints, to either side."""
        arguments = [*command, "--config", str(self.folder / "loopwatch.yaml")]
        done = CliRunner().invoke(app, arguments, env=self.variables)
        raised = "".join(format_exception(done.exception)) if done.exception is not None else ""
        assert done.exception is None or isinstance(done.exception, SystemExit | LoopwatchError), raised
        return f"{done.output}{done.stderr}{raised}"


@contextmanager
def served(
    config: dict[str, Any], folder: Path, variables: dict[str, str]
) -> Iterator[tuple[Served, Callable[[], str]]]:
    """`serve` with *config*, and a function that stops it and gives its log."""
    (folder / "loopwatch.yaml").write_text(json.dumps(config))
    environment = {**os.environ, **variables, "XDG_STATE_HOME": str(folder / "state")}
    command = [sys.executable, "-c", _WITH_A_BUG, "serve", "--config", str(folder / "loopwatch.yaml")]
    log = (folder / "log").open("w+")
    process = subprocess.Popen(command, stdout=log, stderr=log, text=True, env=environment, cwd=folder)

    def end() -> str:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        return (folder / "log").read_text()

    try:
        listens = re.compile(r"and 127\.0\.0\.1:(\d+) \(OTLP/HTTP")
        until(lambda: process.poll() is not None or listens.search((folder / "log").read_text()))
        port = (listens.search((folder / "log").read_text()) or pytest.fail((folder / "log").read_text()))[1]
        yield Served(int(port), folder, environment, process), end
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        log.close()


def until(look: Callable[[], Any], within_s: float = 60.0) -> Any:
    """What *look* sees, once it sees something."""
    for _ in range(int(within_s / 0.05)):
        if seen := look():
            return seen
        time.sleep(0.05)
    raise AssertionError((look, within_s))


def _attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def _call(number: int) -> dict[str, Any]:
    arguments = {"query": spoken("look"), "password": IN_SPANS["password"], "customer_name": IN_SPANS["of our own key"]}
    message = [{"role": "user", "parts": [{"type": "text", "content": spoken("please")}]}]
    exception = [_attribute("exception.message", spoken("raised")), _attribute("exception.stacktrace", spoken("at"))]
    return {
        "traceId": "ab" * 16,
        "spanId": f"{number:016x}",
        "name": "execute_tool search",
        "startTimeUnixNano": str(_START_NS + number * 10**9),
        "endTimeUnixNano": str(_START_NS + number * 10**9 + 10**8),
        "status": {"code": 2, "message": spoken("failed")},
        "events": [{"name": "exception", "timeUnixNano": str(_START_NS), "attributes": exception}],
        "attributes": [
            _attribute("gen_ai.operation.name", "execute_tool"),
            _attribute("gen_ai.conversation.id", "talk"),
            _attribute("gen_ai.agent.name", "refunds"),
            _attribute("gen_ai.tool.name", "search"),
            _attribute("gen_ai.tool.call.arguments", json.dumps(arguments)),
            _attribute("gen_ai.tool.call.result", spoken("got")),
            _attribute("gen_ai.input.messages", json.dumps(message)),
            _attribute("error.type", spoken("failed")),
        ],
    }


def _overflow() -> dict[str, Any]:
    """A model call that did not fit, with an error whose type says too much."""
    named = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.conversation.id": "talk",
        "gen_ai.agent.name": "refunds",
        "error.type": spoken("context_length_exceeded"),
    }
    attributes = [_attribute(key, value) for key, value in named.items()]
    return {**_call(31), "name": "chat gpt-4o-mini", "attributes": attributes}


LOOP = {"resourceSpans": [{"scopeSpans": [{"spans": [*map(_call, range(1, 31)), _overflow()]}]}]}
_JOB = {"loopwatch.job.id": "job-1", "loopwatch.job.type": "import", "error.type": spoken("Broken")}
JOBS = {
    "resourceLogs": [
        {
            "scopeLogs": [
                {
                    "logRecords": [
                        {
                            "eventName": "loopwatch.job.failed",
                            "timeUnixNano": str(time.time_ns()),
                            "attributes": [_attribute(key, value) for key, value in _JOB.items()],
                        }
                    ]
                }
            ]
        }
    ]
}


def _settings(folder: Path, server: Pair, pagerduty: str) -> dict[str, Any]:
    for right in ("read", "control"):
        (folder / right).write_text(SETTINGS[right])
    (folder / "routing").write_text(ROUTING_KEY)
    (folder / "referred").write_text(SETTINGS["referred"])
    (folder / "ingest").write_text(f"{SETTINGS['ingest']}\n{SETTINGS['ingest_next']}\n")
    return {
        "receive": {
            "grpc_port": 0,
            "http_port": 0,
            "grpc_tls": {"cert_file": str(server.cert), "key_file": str(server.key)},
        },
        "access": {
            "ingest": {"token_files": [str(folder / "ingest")]},
            "read": {"token_envs": ["LOOPWATCH_READ_TOKEN"]},
            "control": {"token_files": [str(folder / "control")]},
        },
        "capture": CAPTURE,
        "notify": {
            "pagerduty_url": pagerduty.replace("://", f"://user:{SETTINGS['pagerduty']}@"),
            "routes": [{"routing_key_file": str(folder / "routing")}],
            "heartbeat_url": f"http://127.0.0.1:1/{SETTINGS['beat']}",
            "apprise": [
                f"json://user:{SETTINGS['apprise']}@127.0.0.1:1/",
                f"mailto://user:{SETTINGS['smtp']}@mail.example:1?smtp=127.0.0.1&to=a@b.example",
                "json://${file:" + str(folder / "referred") + "}@127.0.0.1:1/",
            ],
        },
        "incidents": {"hold_s": 1, "settle_s": 0},
        "sinks": {"json_lines": {"path": str(folder / "findings.jsonl")}},
        "telemetry": {"log_level": "debug"},
    }


def _commands(service: Served) -> dict[str, str]:
    url = ("--url", f"http://127.0.0.1:{service.http}")
    commands = {
        "check-config": ("check-config",),
        "explain": ("check-config", "--explain", "shop/refunds"),
        "sessions": ("sessions", *url),
        "show": ("sessions", "show", "talk", *url),
        "kept": ("sessions", "show", "talk", "--journal"),
        "doctor": ("doctor", *url),
        "status": ("status", *url),
        "mutes": ("mute", "--list"),
        "reconcile": ("reconcile",),
        "notify": ("notify", "--test"),
    }
    return {name: service.run(*command) for name, command in commands.items()}


def test_no_secret_comes_out_of_the_whole(tmp_path: Path, server: Pair) -> None:
    """Logs at debug, metrics, pages, sessions, findings, the journal's files, and what each command prints."""
    api = EventsApi({"refunds": ROUTING_KEY})
    api.faults.append(Fault(status=401, count=1))
    variables = {
        "LOOPWATCH_READ_TOKEN": SETTINGS["read"],
        "LOOPWATCH_TOKEN": SETTINGS["read"],
        "LOOPWATCH_SKETCH_KEY": SETTINGS["sketch_key"],
    }
    with (
        serving(api) as pagerduty,
        served(_settings(tmp_path, server, pagerduty.url), tmp_path, variables) as (service, end),
    ):
        assert service.ask("POST", "/v1/traces", None, LOOP).status_code == 401
        assert service.ask("POST", "/v1/traces", "read", LOOP).status_code == 403
        assert service.ask("POST", "/v1/traces", "ingest", LOOP).status_code == 200
        assert service.ask("POST", "/v1/logs", "ingest_next", JOBS).status_code == 200
        until(lambda: api.answers)
        until(lambda: "search" in service.ask("GET", "/sessions/talk", "read").text)
        outputs: dict[str, str | bytes] = {
            page: service.ask("GET", page, "read").text
            for page in ("/metrics", "/sessions", "/sessions/talk", "/doctor", "/runbooks/", "/healthz", "/readyz")
        }
        outputs |= _commands(service)
        outputs["pages"] = json.dumps(api.record())
        outputs["log"] = end()
    outputs |= {path.name: path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()}
    outputs["findings"] = (tmp_path / "findings.jsonl").read_text()
    key = server.key.read_text().splitlines()[1]

    assert found(outputs, [*_SECRETS, key]) == []
    assert "cannot read" in outputs["log"]  # the bug was logged, with what it said
    assert "failed: a bug" in outputs["log"]
    assert "[redacted]" in outputs["show"] or "[redacted]" in outputs["/sessions/talk"]
    assert {'"detector":"loop"', '"detector":"context"'} <= set(re.findall(r'"detector":"\w+"', outputs["findings"]))
    assert any(b"job-1" in content for content in outputs.values() if isinstance(content, bytes))
    assert any(name.startswith("journal.db") for name in outputs)


class _Echo(BaseHTTPRequestHandler):
    """Refuses everything, and repeats what it was sent: a proxy that explains itself."""

    def do_POST(self) -> None:
        said = f"no: {self.headers}".encode()
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(401)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody listens."""


@pytest.fixture(name="echo")
def _echo() -> Iterator[str]:
    """The address of something that repeats its headers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_no_secret_is_repeated_from_what_others_say(tmp_path: Path, echo: str) -> None:
    """A downstream and an Alertmanager that quote our headers; a database that cannot be reached."""
    password, query = SETTINGS["journal_password"], SETTINGS["query_password"]
    config = {
        "receive": {"grpc_port": 0, "http_port": 0},
        "forward": {
            "endpoint": f"http://{echo}",
            "protocol": "http",
            "headers": {"authorization": "${env:FORWARD}", "x-tenant": f"Bearer {SETTINGS['forward_header']}"},
        },
        "journal": {"url": f"postgresql://loop:{password}@127.0.0.1:1/loop?password={query}"},
        "notify": {
            "min_severity": "info",
            "alertmanager": {
                "urls": [f"http://user:{SETTINGS['alertmanager_password']}@{echo}"],
                "headers": {"x-key": SETTINGS["alertmanager_header"]},
            },
        },
        "capture": CAPTURE,
        "telemetry": {"log_level": "debug"},
    }
    with served(config, tmp_path, {"FORWARD": f"Bearer {SETTINGS['referred']}"}) as (service, end):
        answer = service.ask("POST", "/v1/traces", None, LOOP)
        assert answer.status_code == 400
        until(lambda: "takes no alerts" in (tmp_path / "log").read_text())
        outputs = {"answer": answer.text, "metrics": service.ask("GET", "/metrics", None).text, **_commands(service)}
        outputs["log"] = end()

    assert found(outputs, _SECRETS) == []
    assert "takes no alerts" in outputs["log"]
    assert "HTTP 401" in answer.text
    assert "postgresql" in outputs["mutes"]


SECRET = "hunter2-Zq81xWv0"
MISPLACED = [
    f"forward=https://u:{SECRET}@h",
    f"forward.endpoint=http://u:{SECRET}@h:1",
    f"forward={{endpoint: 'http://h:1', headers: {SECRET}}}",
    f"forward={{endpoint: 'http://h:1', headers: {{authorization: [{SECRET}]}}}}",
    f"journal=postgresql://u:{SECRET}@h/d",
    f"journal.url=[{SECRET}]",
    f"journal..url={SECRET}",
    f"notify=slack://{SECRET}/x",
    f"notify.apprise=slack://{SECRET}/x",
    f"notify.apprise=[nosuch://{SECRET}]",
    f"notify.alertmanager=http://u:{SECRET}@am",
    f"notify.alertmanager.urls=http://u:{SECRET}@am",
    f"notify.alertmanager.urls=['ftp://u:{SECRET}@am']",
    f"notify.alertmanager.headers={SECRET}",
    f"notify.heartbeat_url={SECRET}",
    f"notify.routes={SECRET}",
    f"notify.routes=[{SECRET}]",
    f"access={SECRET}",
    f"access.ingest={SECRET}",
    f"access.ingest.token_files={SECRET}",
    f"access.ingest.token_envs=[{SECRET}]",
    "access.read.token_files=[4f1d7e0a9c3b4f1d7e0a9c3b4f1d7e0a]",
    "access.read.token_envs=[4f1d7e0a9c3b4f1d7e0a9c3b4f1d7e0a]",
    f"receive.grpc_tls={SECRET}",
]


@pytest.mark.parametrize("setting", MISPLACED)
def test_a_secret_in_the_wrong_place_is_not_repeated(
    setting: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The complaint says where, never what."""
    done = CliRunner().invoke(app, ["check-config", "--set", setting])
    said = f"{done.output}{done.exception}{capfd.readouterr()}{caplog.text}"
    assert done.exit_code != 0
    assert setting.partition("=")[0].split(".")[0] in said
    assert not any(secret in said for secret in (SECRET, "4f1d7e0a9c3b"))


@pytest.mark.parametrize("url", [f"postgresql://u:p@{SECRET}@h/d", f"{SECRET}", f"postgresql://u:{SECRET}@h:port/d"])
def test_a_database_url_that_makes_no_sense_is_not_repeated(url: str) -> None:
    """Also where part of the password is taken for the host."""
    done = CliRunner().invoke(app, ["check-config", "--set", f"journal.url={url}"])
    assert done.exit_code != 0
    assert "journal.url" in str(done.exception)
    assert SECRET not in f"{done.output}{done.exception}"
