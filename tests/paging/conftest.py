"""The programs of others, for tests that run them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.events_api import EventsApi, Server, serving
from tests.journal import postgres


def _missing(what: str) -> None:
    """A machine without a program skips, unless it was told to have it."""
    if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session", name="prometheus")
def _prometheus() -> Path:
    return _program("prometheus")


@pytest.fixture(scope="session", name="alertmanager")
def _alertmanager() -> Path:
    return _program("prometheus-alertmanager")


@pytest.fixture(scope="session", name="postgresql")
def _postgresql() -> Iterator[str]:
    """The URL of an empty database."""
    programs = postgres.find()
    if programs is None:
        _missing(f"there is no PostgreSQL: {postgres.HOW}")
    assert programs is not None
    server = postgres.Server(programs)
    try:
        server.start()
        yield server.new_database()
    finally:
        server.remove()


@pytest.fixture(name="events")
def _events() -> Iterator[Server]:
    """A PagerDuty that nobody has written to yet."""
    with serving(EventsApi()) as server:
        yield server


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found is None:
        _missing(f"there is no {name}: apt-get install --no-install-recommends prometheus prometheus-alertmanager")
    return Path(found or "")
