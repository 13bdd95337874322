"""The limits that dashboards draw are the defaults of the detectors, and those of the alerts."""

from __future__ import annotations

import re

import pytest

from dashboards.boards import context, fleet, itself, jobs, money, streams
from loopwatch_processor.detectors.context_settings import ContextSettings
from loopwatch_processor.detectors.stream_settings import StreamSettings
from tests.dashboards.boards import FOLDER

_RULES = {file.name: file.read_text("utf-8") for file in (FOLDER.parent / "alert_rules").glob("*.rules.yaml")}


def test_context_and_streams_draw_the_limits_of_their_detectors() -> None:
    """Where a detector speaks up by default, a line is drawn."""
    assert [limit for limit, _ in context.LIMITS] == [ContextSettings().info_ratio, ContextSettings().warning_ratio]
    assert (StreamSettings().max_ttft_s, StreamSettings().max_gap_s) == (streams.SLOW_S, streams.STALLED_S)


@pytest.mark.parametrize(
    ("alert", "limit"),
    [
        *(("FleetBudgetBurn", limit) for limit, _ in money.BURN_LIMITS),
        *(("AgentTypeBudgetBurn", limit) for limit, _ in money.BURN_LIMITS),
        ("AgentToolErrors", jobs.FAILED_LIMIT),
        ("AgentToolSchemaErrors", jobs.SCHEMA_LIMIT),
        ("AgentStopReasonsUnknown", jobs.UNKNOWN_LIMIT),
        ("AgentStopReasonsUnknown", fleet.UNKNOWN_SHARE),
        ("LoopwatchSpansUnscored", itself.ALERT_UNSCORED),
        ("LoopwatchQueueFilling", itself.ALERT_WAITING),
        ("LoopwatchNotificationsFailing", itself.ALERT_OLDEST_S),
    ],
)
def test_graphs_draw_the_limits_of_their_alerts(alert: str, limit: float) -> None:
    """A line that a graph draws for an alert is where the alert begins."""
    rules = re.findall(rf"- alert: {alert}\n(.*?)(?=\n      - |\Z)", "".join(_RULES.values()), re.DOTALL)

    assert rules
    assert any(re.search(rf"> {re.escape(f'{limit:g}')}\b", rule) for rule in rules)
