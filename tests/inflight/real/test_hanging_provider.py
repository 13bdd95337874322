"""A provider that hangs or breaks off, an agent that is killed, and a running service: who is told, while it is so.

Real processes: `loopwatch serve`; agents with SDKs and instrumentations from PyPI that export over OTLP.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest

from tests.inflight.hanging import TOKENS_BEFORE, Hanging, hanging
from tests.inflight.test_instrumentations import ENVIRONMENT, command_of
from tests.paging.services import QUICK, Service
from tests.stack.processes import PATIENCE_S, ROOT, until

MAX_GAP_S = 1.5
LOST_AFTER_S = 6.0
"""Three beats; nobody is called lost before five seconds."""
SETTINGS = (*QUICK, "sessions.open_grace_s=0", f"detectors.stream.max_gap_s={MAX_GAP_S}")
AGENTS = ("openai-genai", "openai-openllmetry", "openai-openinference", "openai-helpers")
"""Three instrumentations of others, and our own helpers."""
MORE = [pytest.param(which, marks=pytest.mark.slow_install) for which in ("anthropic-native", "pydantic-ai")]
"""Their environments are larger; test_instrumentations.py runs both, without a service."""


@pytest.fixture(scope="module", name="service")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service"), *SETTINGS)
    with service.running():
        yield service


@pytest.fixture(name="models")
def _models() -> Iterator[Hanging]:
    with hanging() as kept:
        yield kept


@contextmanager
def agent(
    which: str, name: str, service: Service, models: Hanging, beat_s: float = 0.2
) -> Iterator[subprocess.Popen[bytes]]:
    """One answer is read by *which*, whose service is called *name*."""
    environment = {**ENVIRONMENT, "OTEL_SERVICE_NAME": name, "BEAT_S": str(beat_s), "OTEL_BSP_SCHEDULE_DELAY": "100"}
    command, quiet = command_of(which, models, service.url), subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=quiet, stderr=quiet) as process:
        try:
            yield process
        finally:
            models.goes_on.set()
            process.kill()


def is_open(service: Service, name: str, **labels: str) -> bool:
    """Whether such an incident of the agent is open."""
    return service.metric("loopwatch_open_incidents", service=name, **labels) >= 1


def calls(service: Service, name: str) -> float:
    """The model calls of the agent that have ended."""
    return service.metric("loopwatch_steps_total", service=name, kind="model_call")


def beats(service: Service) -> float:
    """What processes have said of their open spans, so far."""
    return service.metric("loopwatch_spans_received_total", signal="logs", dialect="loopwatch")


def findings(service: Service, name: str) -> list[dict[str, Any]]:
    """What was found in the agent, so far."""
    lines = map(json.loads, service.findings.read_text().splitlines())
    return [line for line in lines if line["service"] == name]


@pytest.mark.parametrize("which", [*AGENTS, *MORE])
def test_a_provider_that_stops_after_the_40th_token_is_reported_while_it_hangs(
    service: Service, models: Hanging, which: str
) -> None:
    """The agent waits and no span has ended: an incident is open; content flows again, and it resolves."""
    name = f"stalls-{which}"
    with agent(which, name, service, models) as process:
        until("the incident", lambda: is_open(service, name, detector="stream", pattern="max_gap"))
        assert process.poll() is None
        assert calls(service, name) == 0
        (found,) = findings(service, name)
        assert found["values"]["chunks"] == TOKENS_BEFORE
        models.goes_on.set()
        assert process.wait(PATIENCE_S) == 0
        until("its end", lambda: not is_open(service, name))
    until("its span", lambda: calls(service, name) == 1)


@pytest.mark.parametrize("which", ["openai-genai", "openai-helpers"])
def test_a_stream_that_breaks_off_is_reported(service: Service, models: Hanging, which: str) -> None:
    """The connection ends after the 40th token, in the middle of an answer."""
    name = f"breaks-{which}"
    models.breaks_off = True
    with agent(which, name, service, models) as process:
        process.wait(PATIENCE_S)
        until("the incident", lambda: is_open(service, name, detector="stream", pattern="truncated"))
    assert calls(service, name) == 1


def test_an_agent_killed_by_sigkill_is_lost_within_its_heartbeat_budget(service: Service, models: Hanging) -> None:
    """Its call was well when it was killed, and says nothing any more."""
    models.pace_s = 0.5
    with agent("openai-helpers", "killed", service, models, beat_s=LOST_AFTER_S / 3) as process:
        until("its open span", lambda: service.metric("loopwatch_open_spans", kind="model_call"))
        process.send_signal(signal.SIGKILL)
        until("the incident", lambda: is_open(service, "killed", detector="lifecycle", pattern="worker_lost"))
    (found,) = findings(service, "killed")
    assert LOST_AFTER_S <= found["values"]["silent_s"] < 2 * LOST_AFTER_S


def test_agents_that_are_well_raise_nothing(service: Service, models: Hanging) -> None:
    """All of these at once, with as many tokens, over longer than any silence above; they are told of while open."""
    models.pace_s = 1.5 * LOST_AFTER_S / TOKENS_BEFORE
    models.goes_on.set()
    before, names = beats(service), [f"flows-{which}" for which in AGENTS]
    with ExitStack() as running:
        started = [running.enter_context(agent(which, f"flows-{which}", service, models)) for which in AGENTS]
        started.append(running.enter_context(agent("openai-helpers", "slow beats", service, models, LOST_AFTER_S / 3)))
        assert [process.wait(PATIENCE_S) for process in started] == [0] * len(started)
    for name in (*names, "slow beats"):
        until("its span", partial(calls, service, name))
        assert findings(service, name) == []
    assert beats(service) > before + len(started)
