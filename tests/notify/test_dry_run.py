"""A dry run says what it would send, and sends nothing."""

from __future__ import annotations

import logging

import pytest

from loopwatch_processor.finding import Severity
from tests.fakes.events_api import EventsApi
from tests.notify.incidents import Make, play, snapshot


def test_a_dry_run_logs_and_sends_nothing(stage: Make, api: EventsApi, caplog: pytest.LogCaptureFixture) -> None:
    """What would have been sent, with the same rules."""

    async def scene() -> None:
        here, incident = stage(dry_run=True), snapshot()
        assert here.messages(incident) == []
        assert here.messages(snapshot(Severity.WARNING)) == []
        assert here.messages(incident, "escalated", sessions_total=50) == []
        assert here.messages(incident, "resolved") == []
        await here.deliver_all()
        assert here.counts == [("pagerduty", "dry_run")] * 3

    with caplog.at_level(logging.INFO):
        play(scene())
    assert api.events == []
    said = "pagerduty env:PAGERDUTY_KEY: [prod] refunds (billing): loop/rephrased"
    assert caplog.text.count(f"dry run: would trigger {said}") == 1  # who counts these lines counts pages
    assert f"dry run: would say more on {said}" in caplog.text


def test_a_dry_run_needs_no_routing_key(stage: Make) -> None:
    """It is the way to start, before there is one."""
    here = stage(dry_run=True, routes=[])
    here.messages(snapshot())
    assert here.counts == [("pagerduty", "dry_run")]
