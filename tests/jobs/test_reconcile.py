"""A thousand jobs of which some are lost: the command names exactly those."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.paging.services import Service
from tests.stack.processes import PATIENCE_S, ROOT, until

JOBS, LOST = 1_000, 30
AT_ONCE = "jobs.unpromised_s=0.001"
"""Every job should have ended as soon as it is submitted."""


def sent(url: str, lost: int) -> list[str]:
    """Have the jobs submitted and worked on; the ids of those whose worker was killed over them."""
    command = [sys.executable, "-m", "tests.jobs.worker", url, str(JOBS), str(lost), "7"]
    done = subprocess.run(command, check=True, timeout=PATIENCE_S * 3, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.split()


def reconciled(service: Service, *arguments: str) -> tuple[int, str]:
    """What `loopwatch reconcile` ends with and prints."""
    command = [sys.executable, "-m", "loopwatch", "reconcile", *arguments]
    settings = ["--set", AT_ONCE, "--set", f"journal.url={service.journal}"]
    done = subprocess.run(
        [*command, *settings], check=False, timeout=PATIENCE_S, cwd=ROOT, capture_output=True, text=True
    )
    return done.returncode, done.stdout


def settled(service: Service, terminal: int) -> dict[str, Any]:
    """The one account, once the service has written all that it was sent."""

    def found() -> dict[str, Any] | None:
        accounts = json.loads(reconciled(service, "--format", "json")[1])
        complete = [account for account in accounts if account["terminal"] == terminal]
        return complete[0] if sum(account["submitted"] for account in accounts) == JOBS and complete else None

    return until("every job to be in the journal", found)


@pytest.mark.parametrize("lost", [LOST, 0])
def test_reconciliation_names_exactly_the_lost_jobs(tmp_path: Path, lost: int) -> None:
    """Workers die by SIGKILL over 3 % of the jobs, at random: those are missing, and no other; without deaths none."""
    service = Service(tmp_path, AT_ONCE)
    with service.running():
        missing = sent(service.url, lost)
        account = settled(service, JOBS - lost)
        assert (account["submitted"], account["terminal"], account["swept"]) == (JOBS, JOBS - lost, 0)
        assert sorted(account["missing"]) == sorted(missing)
        assert account["lost_ratio"] == pytest.approx(lost / JOBS)
        code, table = reconciled(service)
    assert code == (1 if lost else 0)
    assert ("Missing, 30 in all" in table) == bool(lost)
