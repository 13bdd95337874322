"""`loopwatch notify --test`, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.fakes.events_api import EventsApi, Fault, serving
from tests.notify.incidents import KEY


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loopwatch", "notify", *arguments]
    environment = {**os.environ, "PAGERDUTY_KEY": KEY, **variables}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def config(tmp_path: Path, url: str, more: str = "") -> str:
    file = tmp_path / "loopwatch.yaml"
    file.write_text(f"notify:\n  pagerduty_url: {url}\n  routes: [{{routing_key_env: PAGERDUTY_KEY}}]\n{more}")
    return str(file)


def test_a_test_page_is_sent_and_resolved(tmp_path: Path) -> None:
    """One line for each receiver, also in a dry run."""
    with serving() as server:
        done = run("--test", "--config", config(tmp_path, server.url), "--set", "notify.dry_run=true")
    assert done.stdout == "pagerduty env:PAGERDUTY_KEY: delivered (HTTP 202 Event processed) and resolved\n"
    assert (done.returncode, done.stderr) == (0, "")
    (incident,) = server.api.incidents
    assert (incident.status, incident.urgency) == ("resolved", "high")
    assert "This is a test" in incident.summary


def test_a_receiver_that_does_not_answer_is_named(tmp_path: Path) -> None:
    """A firewall's administrator wants the host; a password in the address is not for them."""
    done = run("--test", "--config", config(tmp_path, "http://me:secret@127.0.0.1:9/v2/enqueue"))
    assert done.returncode == 1
    assert "not delivered: no answer from 127.0.0.1:9: ConnectError: " in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_every_receiver_has_a_line_and_one_failure_is_exit_code_1(tmp_path: Path) -> None:
    """PagerDuty works, the chat and the heartbeat do not; the chat's token is not shown."""
    more = "  apprise: ['json://127.0.0.1:9/token-abc']\n  heartbeat_url: http://127.0.0.1:9/token-abc\n"
    with serving() as server:
        done = run("--test", "--config", config(tmp_path, server.url, more))
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert [line.split()[0] for line in lines] == ["pagerduty", "apprise", "heartbeat"]
    assert "not delivered" in lines[1]
    assert "failed" in lines[2]
    assert "token-abc" not in done.stdout + done.stderr


def test_a_refusal_is_told_in_pagerdutys_words(tmp_path: Path) -> None:
    """A key that nobody knows."""
    with serving(EventsApi({"other": "f" * 32})) as server:
        done = run("--test", "--config", config(tmp_path, server.url))
    assert done.returncode == 1
    assert "not delivered: HTTP 400 Event object is invalid: Invalid routing key" in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_a_page_that_stays_open_is_told(tmp_path: Path) -> None:
    """Delivered is not enough."""
    api = EventsApi()
    api.faults.extend([Fault(status=0, count=1), Fault(status=500, count=1)])
    with serving(api) as server:
        done = run("--test", "--config", config(tmp_path, server.url))
    assert done.returncode == 1
    assert "delivered, but not resolved: HTTP 500" in done.stdout


def test_nobody_to_notify_is_exit_code_2(tmp_path: Path) -> None:
    """With what to set."""
    file = tmp_path / "loopwatch.yaml"
    file.write_text("notify: {}\n")
    done = run("--test", "--config", str(file))
    assert done.returncode == 2
    assert "nobody is to be notified: set notify.routes" in done.stderr


def test_alertmanager_is_somebody_and_tested_by_its_own_means(tmp_path: Path) -> None:
    """Who pages through it is not told that nobody is paged."""
    file = tmp_path / "loopwatch.yaml"
    file.write_text("notify: {alertmanager: {urls: ['http://127.0.0.1:9']}}\n")
    done = run("--test", "--config", str(file))
    assert done.returncode == 2
    assert "alert add" in done.stderr
    assert "nobody" not in done.stderr


def test_without_test_it_says_what_it_does() -> None:
    """No page by mistake."""
    done = run()
    assert done.returncode == 2
    assert "loopwatch notify --test" in done.stderr


def test_the_fake_runs_as_a_process() -> None:
    """For the stack and for people who try things out."""
    command = [sys.executable, "-m", "tests.fakes.events_api", "--port", "0", "--key", f"team={KEY}"]
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        event = {"routing_key": KEY, "event_action": "resolve", "dedup_key": "x"}
        assert httpx.post(url, json=event).status_code == 202
        record = httpx.get(url.replace("/v2/enqueue", "/record")).json()
        process.terminate()
    assert json.loads(json.dumps(record["events"]))[0]["key"] == "team"
