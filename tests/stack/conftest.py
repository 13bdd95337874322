"""The Collector, for tests that run one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from stack import collector


@pytest.fixture(scope="session", name="otelcol")
def _otelcol() -> Path:
    """A Collector's binary; a machine without one skips, unless it was told to have it."""
    binary = collector.find()
    if binary is not None:
        return binary
    if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
        pytest.fail(f"there is no Collector: {collector.HOW}")
    pytest.skip(f"there is no Collector: {collector.HOW}")


@pytest.fixture(scope="session", name="otelcol_contrib")
def _otelcol_contrib(otelcol: Path) -> Path:
    """The same, where it can also sample by the tail."""
    components = subprocess.run([otelcol, "components"], capture_output=True, text=True, check=True).stdout
    if "tail_sampling" not in components:
        pytest.skip(f"{otelcol} has no tail_sampling processor: take the contrib distribution")
    return otelcol
