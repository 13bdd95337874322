"""A provider that hangs, read through the real SDKs and instrumentations, each in its own environment and process."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.connect import pages
from tests.connect.environments import REPOSITORY, python_with
from tests.inflight.agent import AGENTS
from tests.inflight.collector import Collector, Told
from tests.inflight.hanging import TOKENS_AFTER, TOKENS_BEFORE, Hanging

AGENT = Path(__file__).with_name("agent.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'semconv'}{os.pathsep}{REPOSITORY}"}


def silent(told: list[Told]) -> list[Told]:
    """Heartbeats of a stream that stands at the last token before the silence."""
    return [
        event
        for event in told
        if event.name == "loopwatch.heartbeat" and event.attributes.get("loopwatch.stream.chunks") == TOKENS_BEFORE
    ]


def command_of(which: str, server: Hanging, *arguments: str) -> list[str]:
    """The command that runs the agent in its own environment."""
    page = which if which == "pydantic-ai" else which.partition("-")[0]
    base = f"{server.scheme}://127.0.0.1:{server.port}" + ("" if page == "anthropic" else "/v1")
    python = python_with(page, pages.requirements(page))
    return [str(python), str(AGENT), which, arguments[0], base, *arguments[1:]]


@pytest.mark.parametrize("which", AGENTS)
def test_a_provider_that_hangs_is_told_of_while_it_does(which: str, server: Hanging, logs: Collector) -> None:
    """After 40 tokens only keep-alives come: heartbeats say for how long; in the end the span knows its whole story."""
    command = command_of(which, server, logs.endpoint)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY, env=ENVIRONMENT
    ) as agent:
        try:
            told = logs.wait_for(lambda told: len(silent(told)) >= 4, within_s=60.0)
            assert agent.poll() is None
        finally:
            server.goes_on.set()
            out, err = agent.communicate(timeout=60)

    assert agent.returncode == 0, err
    gaps_s = [event.attributes["loopwatch.stream.current_gap"] for event in silent(told)]
    assert gaps_s == sorted(gaps_s)
    assert gaps_s[-1] - gaps_s[0] > 0.3
    (stream,) = [span for span in map(json.loads, out.splitlines()) if "loopwatch.stream.chunks" in span]
    assert stream["loopwatch.stream.chunks"] == TOKENS_BEFORE + TOKENS_AFTER
    assert stream["loopwatch.stream.max_gap"] >= gaps_s[-1]
    assert stream["loopwatch.stream.completed"] is True


@pytest.mark.parametrize("which", ["openai-genai-async", "openai-openllmetry", "anthropic-genai"])
def test_a_limit_frees_a_reader_through_what_instrumentations_wrap(which: str, server: Hanging) -> None:
    """Only stream(max_gap_s=…) is around the SDK's stream, which the instrumentation has wrapped before."""
    command = command_of(which, server, "none", "0.3")
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=REPOSITORY, env=ENVIRONMENT, timeout=60, check=True
    )

    assert not server.goes_on.is_set()
    assert {"stalled_after": TOKENS_BEFORE} in [json.loads(line) for line in done.stdout.splitlines()]
