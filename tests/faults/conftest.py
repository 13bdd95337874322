"""The counts of every fault, printed at the end of the run; and the programs of others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import collector
from tests.fakes.events_api import EventsApi, Server, serving
from tests.faults.counting import KEPT, Counts, lines


@pytest.fixture(name="counts")
def _counts(request: pytest.FixtureRequest) -> Iterator[Counts]:
    """Where a test writes down what it counted."""
    counts = Counts(request.node.name.removeprefix("test_").replace("_", " "))
    yield counts
    request.config.stash.setdefault(KEPT, []).append((counts.fault, counts.found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What each fault cost."""
    rows = config.stash.get(KEPT, [])
    if rows:
        terminalreporter.section("what each fault cost")
        for line in lines(rows):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", name="otelcol")
def _otelcol() -> Path:
    """A Collector's binary; a machine without one skips, unless it was told to have it."""
    binary = collector.find()
    if binary is None:
        missing(f"there is no Collector: {collector.HOW}")
    assert binary is not None
    return binary


@pytest.fixture(name="events")
def _events() -> Iterator[Server]:
    """A PagerDuty that nobody has written to yet."""
    with serving(EventsApi()) as server:
        yield server


@pytest.fixture(scope="session", name="prometheus")
def _prometheus() -> Path:
    return _program("prometheus")


@pytest.fixture(scope="session", name="alertmanager")
def _alertmanager() -> Path:
    return _program("prometheus-alertmanager")


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        missing(f"there is no {name}: apt-get install --no-install-recommends prometheus prometheus-alertmanager")
    return Path(found or "")


def missing(what: str) -> None:
    """A machine without a program skips, unless it was told to have it."""
    if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
        pytest.fail(what)
    pytest.skip(what)
