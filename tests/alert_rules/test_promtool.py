"""The rules as Prometheus reads them, in its oldest supported version and its newest."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.alert_rules.shipped_alerts import FOLDER


def _run(promtool: Path, *arguments: str | Path) -> None:
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_every_rule_and_finds_nothing_to_say(promtool: Path) -> None:
    """With all its lints on, and fatal."""
    _run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *sorted(FOLDER.glob("*.rules.yaml")))


@pytest.mark.parametrize("file", sorted(FOLDER.glob("tests/*.test.yaml")), ids=lambda file: file.name.split(".")[0])
def test_alerts_fire_and_stay_silent_as_their_tests_say(promtool: Path, file: Path) -> None:
    """promtool's unit tests."""
    _run(promtool, "test", "rules", file)
