"""Prometheus' and Alertmanager's own tools, for tests that ask them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.alert_rules import promtools

HOW = "apt-get install --no-install-recommends prometheus prometheus-alertmanager"


def needed(program: str) -> Path:
    """Where *program* is; a machine without it skips the test, unless it was told to have it."""
    found = shutil.which(program)
    if found:
        return Path(found)
    missing = f"there is no {program}: {HOW}"
    if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session", name="amtool")
def _amtool() -> Path:
    return needed("amtool")


@pytest.fixture(scope="session", name="promtool", params=["installed", "newest"])
def _promtool(request: pytest.FixtureRequest) -> Path:
    """The installed promtool, which is the oldest that the rules are for, and one of the newest Prometheus."""
    if request.param == "installed":
        return needed("promtool")
    newest = promtools.find()
    if newest is None:
        pytest.skip(f"there is no promtool of the newest Prometheus: {promtools.HOW}")
    return newest
