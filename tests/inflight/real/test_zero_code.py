"""Under `opentelemetry-instrument` with a distro, having loopwatch installed is enough."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.connect.environments import python_with
from tests.inflight.hanging import TOKENS_BEFORE, Hanging, hanging
from tests.inflight.real.test_hanging_provider import SETTINGS, calls, findings, is_open
from tests.paging.services import Service
from tests.stack.processes import PATIENCE_S, ROOT, until

PACKAGES = (
    ".[otlp]",
    "openai==3.54.0",
    "opentelemetry-instrumentation-genai-openai==1.3b0",
    "opentelemetry-distro==0.66b1",
)
AGENT = Path(__file__).with_name("plain_agent.py")


@contextmanager
def agent(service: Service, models: Hanging, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """The agent, under the distro's command, as an operator starts it."""
    folder = python_with("inflight-zero-code", PACKAGES).parent
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "LOOPWATCH_", "PYTHON"))},
        "OTEL_SERVICE_NAME": name,
        "OTEL_EXPORTER_OTLP_ENDPOINT": service.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRICS_EXPORTER": "none",
    }
    command = [folder / "opentelemetry-instrument", folder / "python", AGENT, f"http://127.0.0.1:{models.port}/v1"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=quiet, stderr=quiet) as process:
        try:
            yield process
        finally:
            models.goes_on.set()
            process.kill()


def test_a_hanging_call_is_reported_without_a_line_of_code(tmp_path: Path) -> None:
    """In an agent of one SDK and nothing else, with the intervals that hold by default; its span comes all the same."""
    service = Service(tmp_path, *SETTINGS)
    with service.running(), hanging() as models, agent(service, models, "zero") as process:
        until("the incident", lambda: is_open(service, "zero", detector="stream", pattern="max_gap"))
        assert process.poll() is None
        (found,) = findings(service, "zero")
        assert found["values"]["chunks"] == TOKENS_BEFORE
        models.goes_on.set()
        assert process.wait(PATIENCE_S) == 0
        until("its span", lambda: calls(service, "zero") == 1)
