"""An agent spends money while loopwatch is killed: its budget is held against all of it, not anew from 0."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.events_api import Server
from tests.faults.counting import Counts
from tests.faults.load import INPUT_TOKENS, OUTPUT_TOKENS, calls
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import send
from tests.stack.processes import until

ALLOWED = 60
"""Calls that the budget allows."""
EVERY_S = 0.2
CALL_USD = INPUT_TOKENS * 0.15e-6 + OUTPUT_TOKENS * 0.60e-6
"""At the list price of the model."""
SESSION = "spender"


def test_a_budget_holds_over_kills(tmp_path: Path, events: Server, counts: Counts) -> None:
    """At a random moment: the limit is found at the true sum, and there is one page."""
    limit_usd = (ALLOWED + 0.5) * CALL_USD
    settings = (f"journal.snapshot_s={EVERY_S}", f"budgets.per_session.max_usd={limit_usd!r}")
    service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url), *settings)
    ahead = calls(SESSION, 200)
    spent = 0

    def spend(number: int) -> None:
        nonlocal spent
        for _ in range(number):
            send(service.url, [ahead.pop()])
            spent += 1

    with service.running():
        spend(random.randint(3, 20))
        until("the first of it in the journal", lambda: kept(service))
        spend(random.randint(0, 20))
        service.end(signal.SIGKILL)
        known = kept(service)
        counts.add(calls_since_the_last_snapshot=spent - known)
        spent = known
        service.start()
        spend(ALLOWED - spent)
        assert not over(service)
        spend(1)
        until("the page", lambda: events.api.incidents)
        until("it in the journal", lambda: kept(service) > ALLOWED)
        service.end(signal.SIGKILL)
        service.start()
        spend(5)
        assert [finding["values"]["used_usd"] for finding in over(service)] == [pytest.approx((ALLOWED + 1) * CALL_USD)]
    assert [page.triggers for page in events.api.incidents] == [1]
    assert not events.api.of("resolved")


def kept(service: Service) -> int:
    """How many calls the journal knows of the open session."""
    with sqlite3.connect(service.journal_file) as connection:
        row = connection.execute("SELECT state FROM snapshots WHERE key = ?", (SESSION,)).fetchone()
    return int(json.loads(row[0])["totals"][0]) if row is not None else 0


def over(service: Service) -> list[dict[str, Any]]:
    """What was found that wakes somebody, in all lives."""
    lines = service.findings.read_text("utf-8").splitlines() if service.findings.exists() else []
    found = [json.loads(line) for line in lines]
    return [item for item in found if item["detector"] == "budget" and item["severity"] == "critical"]
