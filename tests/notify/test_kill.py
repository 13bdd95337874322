"""`kill -9` at any moment between a finding and its page: every incident pages, and exists once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.events_api import serving
from tests.notify.dying import MOMENTS
from tests.notify.incidents import KEY

ROOT = Path(__file__).parent.parent.parent


def live(journal: str, api: str, name: str, moment: str) -> int:
    command = [sys.executable, "-m", "tests.notify.dying", journal, api, name, moment]
    environment = {**os.environ, "PAGERDUTY_KEY": KEY, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_incident_survives_a_kill_and_exists_once(moment: str, tmp_path: Path) -> None:
    """The process is killed, and the next one, which sees the same spans again, goes on."""
    journal = f"sqlite:///{tmp_path}/journal.db"
    with serving() as server:
        assert live(journal, server.url, "refunds", moment) == -signal.SIGKILL
        assert live(journal, server.url, "refunds", "") == 0
    (incident,) = server.api.incidents
    assert incident.status == "triggered"
    assert incident.dedup_key == "loopwatch/prod/billing/refunds/loop"


@pytest.mark.parametrize("moment", ["after commit", "before send", "after send"])
def test_what_is_in_the_journal_pages_though_its_spans_never_come_again(moment: str, tmp_path: Path) -> None:
    """The next process hears of another incident only; the killed one's page comes out of the journal."""
    journal = f"sqlite:///{tmp_path}/journal.db"
    with serving() as server:
        assert live(journal, server.url, "refunds", moment) == -signal.SIGKILL
        assert live(journal, server.url, "other", "") == 0
    assert sorted((item.dedup_key, item.status) for item in server.api.incidents) == [
        ("loopwatch/prod/billing/other/loop", "triggered"),
        ("loopwatch/prod/billing/refunds/loop", "triggered"),
    ]
