"""What Prometheus's own linter says of the metrics."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from prometheus_client.exposition import generate_latest

from loopwatch_processor.finding import Severity
from loopwatch_processor.session import Place, Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import StreamTimings
from loopwatch_processor.telemetry import Telemetry
from loopwatch_processor.telemetry.metric import Kind
from loopwatch_processor.telemetry.table import METRICS
from tests.builders import model_step
from tests.sinks.findings import raised

_ABSENT = "there is no promtool: install Prometheus (Debian: apt-get install prometheus) or put it on the PATH"


@pytest.fixture(scope="module")
def promtool() -> str:
    """The binary; a machine without it skips, unless it was told to have it."""
    binary = shutil.which("promtool")
    if binary is None:
        (pytest.fail if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1" else pytest.skip)(_ABSENT)
    assert binary is not None
    return binary


def everything() -> bytes:
    """A scrape in which every declared metric has a value."""
    telemetry = Telemetry()
    telemetry.watch_sessions(Sessions())
    step = model_step(input_tokens=1, stream=StreamTimings(ttft_s=0.4, max_gap_s=0.2))
    session = Session("s")
    place = Place(session, session.run("run"), session.agent_state(("a", "")), True, 1)
    telemetry.stepped(step, place)
    telemetry.filled(step, place, 0.5)
    telemetry.raised(raised(Severity.CRITICAL))
    served = {family.name for family in telemetry.registry.collect() if family.samples}
    for metric in METRICS:
        if metric.name in served:
            continue
        if metric.kind is Kind.COUNTER:
            telemetry.begin(metric, [("x",) * len(metric.labels)])
        else:
            telemetry.watch_series(metric, lambda metric=metric: {("x",) * len(metric.labels): 1.0})  # type: ignore[misc]
    return generate_latest(telemetry.registry)


def test_promtool_finds_nothing_to_say(promtool: str) -> None:
    """Names, units, help and types are as Prometheus wants them."""
    scrape = everything()
    assert all(f"\n{metric.name}".encode() in scrape for metric in METRICS)
    checked = subprocess.run([promtool, "check", "metrics"], input=scrape, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr.decode()) == (0, "")


def test_promtool_would_say_something(promtool: str) -> None:
    """The check is one: a counter without _total is refused."""
    text = b"# TYPE loopwatch_bad counter\nloopwatch_bad 1\n"
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert checked.returncode != 0
