"""Prometheus, for tests that ask it what a panel would."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.dashboards.scraping import Prometheus, scraped_demo

_ABSENT = "there is no Prometheus: install it (Debian: apt-get install prometheus) or put it on the PATH"


@pytest.fixture(scope="session", name="prometheus")
def _prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One that saw the demo; a machine without it skips, unless it was told to have it."""
    binary = shutil.which("prometheus")
    if binary is None and os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
        pytest.fail(_ABSENT)
    if binary is None:
        pytest.skip(_ABSENT)
    with scraped_demo(binary, tmp_path_factory.mktemp("scraped")) as prometheus:
        yield prometheus
