"""docs/notify.md: its commands run, its settings are taken, and what it promises of bounds is so."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from loopwatch_processor.config import Config
from loopwatch_processor.notify.bucket import BURST, PER_MINUTE
from tests.fakes.events_api import serving
from tests.notify.incidents import KEY

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "notify.md").read_text()


def blocks(language: str, heading: str = "") -> list[str]:
    """The code blocks in *language*, without their indentation, of the whole page or below one heading."""
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0] if heading else PAGE
    found = re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", part, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, name, text in found if name == language]


def shell(script: str, folder: Path, **variables: str) -> str:
    """What *script* prints; it has to succeed."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PAGERDUTY_KEY": KEY, **variables}
    command = ["bash", "-euc", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_pagerduty_in_five_minutes_works(tmp_path: Path) -> None:
    """Every command of the section, and the output that it shows; with our API in the place of PagerDuty's."""
    section = "PagerDuty in five minutes"
    (settings,) = blocks("yaml", section)
    (tmp_path / "loopwatch.yaml").write_text(settings)
    with serving() as server:
        key, check = blocks("bash", section)
        printed = shell(key + check, tmp_path, LOOPWATCH_NOTIFY__PAGERDUTY_URL=server.url)
    (output,) = blocks("", section)
    assert printed == f"loopwatch.yaml is fine.\n{output}"
    assert [incident.status for incident in server.api.incidents] == ["resolved"]
    assert (tmp_path / "pagerduty.key").stat().st_mode & 0o777 == 0o600


def test_the_fake_api_can_be_tried_as_it_says(tmp_path: Path) -> None:
    """On a port that is free here; the process ends with the shell."""
    (script,) = blocks("bash", "Trying it without PagerDuty")
    with serving() as server:
        port = str(server.server_address[1])
    started, rest = script.replace("8099", port).split("&\n", 1)
    wait = f"until curl -s http://127.0.0.1:{port}/record >/dev/null; do :; done\n"
    printed = shell(f"{started} >/dev/null &\ntrap 'kill %1' EXIT\n{wait}{rest}", tmp_path)
    assert '"status": "resolved"' in printed


def test_the_other_commands_are_taken(tmp_path: Path) -> None:
    """`serve` with its setting, and the Apprise URLs of the environment, as check-config reads them."""
    (serve,) = blocks("bash", "Start with a dry run")
    shell(serve.replace("serve", "check-config"), tmp_path)
    (apprise,) = blocks("bash", "Other channels")
    export = next(line for line in apprise.splitlines() if line.startswith("export "))
    assert "fine" in shell(f"{export}\nloopwatch check-config", tmp_path)
    install = next(line for line in apprise.splitlines() if line.startswith("pip "))
    assert shlex.split(install, comments=True) == ["pip", "install", ".[processor,apprise]"]


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_settings_are_taken(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With keys where they say that keys are."""
    file = tmp_path / "pagerduty"
    file.write_text(KEY)
    monkeypatch.setenv("PAGERDUTY_KEY_BILLING", KEY)
    text = re.sub(r"(routing_key_file: )\S+", rf"\g<1>{file}", text)
    assert Config(**yaml.safe_load(text)).notify != Config().notify


def test_the_rate_is_what_it_says() -> None:
    """A burst and a minute of refills."""
    (said,) = re.findall(r"at or below (\d+) events a minute", PAGE)
    assert int(said) == BURST + PER_MINUTE


def test_the_defaults_are_what_it_says() -> None:
    """Storm and pace."""
    notify = Config().notify
    assert f"`storm_incidents` ({notify.storm_incidents})" in PAGE
    assert f"`storm_window_s` ({notify.storm_window_s:g} s)" in PAGE
    assert f"`update_after_s` ({notify.update_after_s:g} s)" in PAGE
