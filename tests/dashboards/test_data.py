"""Every panel has data: its queries run against a real Prometheus that scraped the demo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.dashboards.boards import FILES, FOLDER, Target, load, selected, targets, variables
from tests.dashboards.scraping import Prometheus, filled_in, has_data

NOT_WIRED_YET = (
    # Declared, but the service does not count them yet. The test below fails as soon as it does.
    "loopwatch_open_incidents",
    "loopwatch_mutes_active",
    "loopwatch_notifications_total",
    "loopwatch_notifications_waiting",
    "loopwatch_notifications_oldest_seconds",
    "loopwatch_journal_writes_total",
)
TARGETS = tuple(targets())
each_target = pytest.mark.parametrize("target", TARGETS, ids=str)


@each_target
def test_the_query_returns_data(target: Target, prometheus: Prometheus) -> None:
    """No panel is empty after the demo: what is legitimately none is 0."""
    ask = prometheus.instant if target.data.get("instant") else prometheus.range
    found = has_data(ask(filled_in(target.expr)))
    if not found and any(name in NOT_WIRED_YET for name, _ in selected(target.expr)):
        pytest.skip("the service does not serve its metric yet")
    assert found


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


@pytest.mark.parametrize("name", NOT_WIRED_YET)
def test_what_is_listed_as_missing_is_missing(name: str, prometheus: Prometheus) -> None:
    """Fails once the metric is served: then take it off the list, so that its panels are held to having data."""
    assert not prometheus.instant(name), f"{name} is served now: take it out of NOT_WIRED_YET"
