"""Every panel has data: its queries run against a real Prometheus that scraped the demo."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from loopwatch_processor.demo.agents import SCRIPTS
from tests.dashboards.boards import FILES, FOLDER, Target, load, selected, targets, variables
from tests.dashboards.scraping import Prometheus, filled_in, numbers

UNUSED = {
    # Nothing is in-line in the demo.
    "loopwatch_forward_delivered_total",
    "loopwatch_forward_full_total",
    "loopwatch_forward_in_flight_bytes",
    "loopwatch_forward_refused_total",
    "loopwatch_forward_rejected_total",
    "loopwatch_forward_unavailable_total",
    # Every model of the demo has a price and a window.
    "loopwatch_model_calls_unknown_window_total",
    "loopwatch_model_calls_unpriced_total",
}
"""What the demo gives no reason to count."""
TARGETS = tuple(targets())


def _unit(target: Target) -> str:
    return str(target.panel["fieldConfig"]["defaults"]["unit"])


def _ask(target: Target, prometheus: Prometheus) -> list[dict[str, Any]]:
    ask = prometheus.instant if target.data.get("instant") else prometheus.range
    return ask(filled_in(target.expr))


each_target = pytest.mark.parametrize("target", TARGETS, ids=str)


@each_target
def test_the_query_returns_data(target: Target, prometheus: Prometheus) -> None:
    """No panel is empty after the demo: what is legitimately none is 0."""
    assert numbers(_ask(target, prometheus))


@pytest.mark.parametrize("target", [item for item in TARGETS if _unit(item) == "percentunit"], ids=str)
def test_shares_are_between_none_and_all(target: Target, prometheus: Prometheus) -> None:
    """A ratio of the wrong things, or an operator that binds tighter than it reads, seldom stays below 100 %."""
    assert all(-1e-9 <= value <= 1 + 1e-6 for value in numbers(_ask(target, prometheus)))


@pytest.mark.parametrize(
    ("uid", "title", "counted"),
    [
        ("money", "Spend, last hour", "sum(loopwatch_cost_usd_total)"),
        ("money", "Forecast for 30 d", "30 * sum(loopwatch_fleet_cost_usd_total)"),
        ("jobs", "Runs ended, last hour", "sum(loopwatch_runs_ended_total)"),
        ("loops", "Findings, last hour", "sum(loopwatch_findings_raised_total)"),
        ("context", "Tokens, last hour", "sum(loopwatch_tokens_total)"),
        ("fleet", "Sessions open", f"vector({len(SCRIPTS)})"),
        ("money", "Cost per run against its week", "vector(1)"),
        ("jobs", "Duration against its week", "vector(1)"),
    ],
)
def test_figures_are_what_the_demo_did(uid: str, title: str, counted: str, prometheus: Prometheus) -> None:
    """All that was counted was counted in the last hour, also by series that appeared with their only event."""
    (target,) = (item for item in TARGETS if (item.board, item.panel["title"]) == (f"loopwatch-{uid}", title))
    expected = prometheus.scalar(counted)
    shown = numbers(_ask(target, prometheus))

    assert shown
    # increase() extrapolates by up to half a scrape.
    assert shown == pytest.approx([expected] * len(shown), rel=0.1)


@pytest.mark.parametrize("target", [item for item in TARGETS if item.data.get("exemplar")], ids=str)
def test_exemplars_lead_to_traces(target: Target, prometheus: Prometheus) -> None:
    """Where a panel shows exemplars, each of them has the trace of a step."""
    found = [item for series in prometheus.exemplars(filled_in(target.expr)) for item in series["exemplars"]]

    assert found
    assert all(re.fullmatch("[0-9a-f]{32}", item["labels"]["trace_id"]) for item in found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_variables_offer_values(file: Path, prometheus: Prometheus) -> None:
    """Each choice above a dashboard has something to choose from."""
    for item in variables(load(file)).values():
        if item["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", item["definition"])
            assert asked
            assert prometheus.label_values(filled_in(asked[1]), asked[2]), item["name"]


def test_all_jobs_are_loopwatch_only(prometheus: Prometheus) -> None:
    """What the dashboard of loopwatch itself offers as jobs leaves out the other program that is scraped."""
    job = variables(load(FOLDER / "loopwatch-self.json"))["job"]["definition"]

    assert len(prometheus.instant("process_open_fds")) == 2
    assert job == "label_values(loopwatch_build_info, job)"
    assert prometheus.label_values("loopwatch_build_info", "job") == ["loopwatch"]


@pytest.mark.parametrize("name", sorted({name for item in TARGETS for name, _ in selected(item.expr)} - UNUSED))
def test_every_metric_of_a_panel_has_series(name: str, prometheus: Prometheus) -> None:
    """A 0 that stands in for what has no series yet hides no metric that never has any."""
    assert prometheus.instant(name)
