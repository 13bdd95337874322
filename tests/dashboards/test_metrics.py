"""Panels and variables ask only for metrics and labels that loopwatch serves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dashboards.open_incidents import ALERTS
from loopwatch_processor.alerts import alert_name
from loopwatch_processor.finding import Severity
from loopwatch_processor.telemetry.metric import Kind
from loopwatch_processor.telemetry.table import METRICS
from tests.dashboards.boards import FILES, grouped, load, marks, selected, targets, variables

_TARGET_LABELS = frozenset({"job", "instance"})
"""What Prometheus itself puts on every series."""
_PROCESS = (
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
)


def _served() -> dict[str, frozenset[str]]:
    """The labels of every metric by the names that queries use."""
    served: dict[str, frozenset[str]] = dict.fromkeys(("up", *_PROCESS), _TARGET_LABELS)
    for metric in METRICS:
        labels = _TARGET_LABELS | set(metric.labels)
        if metric.kind is Kind.HISTOGRAM:
            served |= {f"{metric.name}_bucket": labels | {"le"}, f"{metric.name}_count": labels}
            served |= {f"{metric.name}_sum": labels}
        else:
            served[metric.served_name] = labels
    return served


SERVED = _served()


def test_queries_ask_for_what_is_served() -> None:
    """A renamed metric or label breaks this test, not a dashboard at night."""
    for target in targets():
        labels: set[str] = set()
        for name, matched in selected(target.expr):
            assert matched <= SERVED[name], target
            labels |= SERVED[name]
        assert labels, target
        assert grouped(target.expr) <= labels, target


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_variables_and_annotations_ask_for_what_is_served(file: Path) -> None:
    """The same for the choices above a dashboard and the marks on its graphs."""
    for item in marks(load(file)):
        for name, matched in selected(item["expr"]):
            assert matched <= SERVED[name]
    for item in variables(load(file)).values():
        if item["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", item["definition"])
            assert asked, item["name"]
            ((name, matched),) = selected(asked[1])
            assert matched | {asked[2]} <= SERVED[name]


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize(
    ("detector", "pattern"),
    [
        ("loop", "exact_repeat"),
        ("progress", "no_progress"),
        ("context", "utilization"),
        ("stream", "ttft"),
        ("stream", "max_gap"),
        ("budget", "session_usd"),
        ("outliers", "steps"),
        ("tools", "schema"),
    ],
)
def test_incidents_have_the_name_of_their_alert(detector: str, pattern: str, severity: Severity) -> None:
    """The table calls an incident what the page about it did."""
    key = f"{detector}/{severity.label}/{pattern}"
    matching = [alert for regex, alert in ALERTS if re.fullmatch(regex, key)]

    assert matching[-1] == alert_name(detector, pattern, severity)
