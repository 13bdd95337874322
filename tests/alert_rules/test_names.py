"""The rules say only what loopwatch serves, and everything that leads from them is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from loopwatch.attributes import StopReason, ToolErrorClass
from loopwatch_processor.rules import DASHBOARDS, RUNBOOKS
from loopwatch_processor.telemetry.metric import Kind, Metric
from loopwatch_processor.telemetry.table import METRICS
from tests.alert_rules.promql import asked
from tests.alert_rules.shipped_alerts import FOLDER, OF_INCIDENTS, SEVERITIES, alerts, rules

OF_ALERTS = {
    *("AgentLoop", "AgentNoProgress", "AgentContextFilling", "AgentContextNearlyFull", "AgentFirstTokenSlow"),
    *("AgentStreamStalled", "AgentLimitExceeded", "AgentBudgetHigh", "AgentStepsUnusual", "AgentFinding"),
    *("AgentWorkerLost", "AgentJobStuck", "AgentJobsLost"),
    *("FleetBudgetBurn", "AgentTypeBudgetBurn", "AgentRunCostRising", "AgentRunsSlow", "AgentToolErrors"),
    *("AgentToolSchemaErrors", "AgentStopReasonsUnknown"),
    *("LoopwatchDown", "LoopwatchSpansUnscored", "LoopwatchSpansRefused", "LoopwatchQueueFilling"),
    *("LoopwatchScoringFailing", "LoopwatchNotificationsFailing", "LoopwatchJournalFailing", "LoopwatchModelsUnknown"),
    *("LoopwatchCoverageFalling", "LoopwatchDeadMansSwitch"),
}
DASHBOARD_UIDS = {f"loopwatch-{name}" for name in ("fleet", "loops", "context", "streams", "money", "jobs", "self")}
OF_TARGETS = {"job", "instance"}
"""Labels that Prometheus itself puts on what it scrapes."""


def _served(metric: Metric) -> dict[str, set[str]]:
    """The series of *metric* by name, with the labels of each."""
    labels = set(metric.labels)
    if metric.kind is Kind.HISTOGRAM:
        name = metric.served_name
        return {f"{name}_sum": labels, f"{name}_count": labels, f"{name}_bucket": {*labels, "le"}}
    return {metric.served_name: labels}


SERVED = {name: labels | OF_TARGETS for metric in METRICS for name, labels in _served(metric).items()} | {
    "up": OF_TARGETS
}


def _recorded() -> dict[str, set[str]]:
    """The labels that a recording's expression groups by, or takes from other recordings."""
    known: dict[str, set[str]] = {}
    for _, rule in rules():
        if "record" in rule:
            question = asked(rule["expr"])
            known[rule["record"]] = question.grouped.union(*(known.get(name, set()) for name in question.metrics))
    return known


KNOWN = SERVED | _recorded()
EXPRESSIONS = [pytest.param(rule["expr"], id=rule.get("alert") or rule["record"]) for _, rule in rules()]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_and_label_is_one_that_is_served(expression: str) -> None:
    """By the table of metrics; recordings by the rule that records them."""
    question = asked(expression)

    assert question.metrics <= KNOWN.keys()
    assert question.matched.keys() <= question.metrics
    for metric, labels in question.matched.items():
        assert labels <= KNOWN[metric], metric
    assert question.grouped <= set().union(*(KNOWN[metric] for metric in question.metrics))


def test_the_reader_of_expressions_sees_what_is_wrong() -> None:
    """A metric or a label that nobody serves is seen wherever it stands."""
    question = asked('sum by (agnet) (rate(loopwatch_setps_total{kind="x", kidn!~"a{b}"}[5m])) / a:loopwatch_b:rate5m')

    assert question.metrics == {"loopwatch_setps_total", "a:loopwatch_b:rate5m"}
    assert question.matched == {"loopwatch_setps_total": {"kind", "kidn"}}
    assert question.grouped == {"agnet"}


def test_values_of_closed_sets_exist() -> None:
    """A misspelt stop reason or error class would be an alert that never fires."""
    expressions = " ".join(rule["expr"] for _, rule in rules())

    named = {
        value for values in re.findall(r'error_class(?:=|!~)"([^"]*)"', expressions) for value in values.split("|")
    }
    assert named - {""} <= {each.value for each in ToolErrorClass}
    assert set(re.findall(r'stop_reason="([^"]*)"', expressions)) <= {each.value for each in StopReason}


def test_the_alerts_are_those_that_are_promised() -> None:
    """No more, no fewer."""
    assert {rule["alert"] for rule in alerts()} == OF_ALERTS


@pytest.mark.parametrize(("group", "rule"), [(g, r) for g, r in rules() if "alert" in r])
def test_an_alert_says_what_how_bad_and_where_to_go(group: str, rule: Mapping[str, Any]) -> None:
    """Severity (an incident's own, or a label), what happened with its values, runbook and dashboard."""
    notes = rule["annotations"]

    assert notes.keys() == {"summary", "description", "runbook_url", "dashboard_url"}
    assert "{{" in notes["description"]
    assert notes["runbook_url"] == RUNBOOKS.format(alert=rule["alert"])
    assert (FOLDER / "runbooks" / f"{rule['alert']}.md").is_file()
    uid, _, query = notes["dashboard_url"].removeprefix(DASHBOARDS.format(uid="")).partition("?")
    assert uid in DASHBOARD_UIDS
    assert ("var-agent" in query) == ("agent" in asked(rule["expr"]).grouped | _labels_of(rule["expr"]))
    if group == OF_INCIDENTS:
        assert "severity" in asked(rule["expr"]).grouped
    else:
        assert rule["labels"]["severity"] in SEVERITIES


def _labels_of(expression: str) -> set[str]:
    return set().union(*(KNOWN[metric] for metric in asked(expression).metrics if ":" in metric))


def test_rules_about_detectors_restate_no_threshold() -> None:
    """They ask whether an incident is open, and look back far enough for a restart."""
    expressions = [rule["expr"] for group, rule in rules() if group == OF_INCIDENTS]

    shape = re.compile(
        r"max by \(environment, service, agent, detector, severity\) \(\n"
        r"  last_over_time\(loopwatch_open_incidents\{[^}]+\}\[10m\]\)\n"
        r"\) > 0\n"
    )
    assert all(shape.fullmatch(expression) for expression in expressions)


def test_nothing_else_reads_the_gauge_of_incidents() -> None:
    """What a detector judges is judged once."""
    groups = {group for group, rule in rules() if "loopwatch_open_incidents" in rule["expr"]}

    assert groups == {OF_INCIDENTS}


def test_nothing_counts_a_series_that_is_born_with_its_event() -> None:
    """increase() does not see the event that begins a series: only what is served from 0 on may be counted."""
    begun = {
        *("loopwatch_fleet_cost_usd_total", "loopwatch_tool_results_total", "loopwatch_run_cost_usd_count"),
        *("loopwatch_run_cost_usd_sum", "loopwatch_run_duration_seconds_bucket", "loopwatch_spans_unscored_total"),
        *("loopwatch_requests_answered_total", "loopwatch_forward_full_total", "loopwatch_scoring_failures_total"),
        *("loopwatch_notifications_total", "loopwatch_journal_writes_total"),
        # A share of all spans, in which a first one that is not seen is lost.
        "loopwatch_spans_received_total",
        # Of its reasons only completed and unknown are.
        "loopwatch_runs_ended_total",
    }
    counted = {name for _, rule in rules() for name in re.findall(r"(?:increase|rate)\(\s*(\w+)", rule["expr"])}

    assert counted <= begun
    reasons = {
        reason
        for _, rule in rules()
        for reason in re.findall(r"loopwatch_runs_ended_total(?:\{stop_reason=\"(\w+)\"\})?\[", rule["expr"])
    }
    assert reasons == {"completed", "unknown"}


def test_only_what_may_page_is_critical() -> None:
    """Of the rules that judge by themselves only money that burns fast; loopwatch itself is a ticket at most."""
    critical = {rule["alert"] for rule in alerts() if rule.get("labels", {}).get("severity") == "critical"}

    assert critical == {"FleetBudgetBurn", "AgentTypeBudgetBurn"}


@pytest.mark.parametrize("alert", sorted(OF_ALERTS))
def test_every_alert_has_a_test_that_fires_and_one_that_stays_silent(alert: str) -> None:
    """The dead man's switch alone is never silent."""
    cases = [
        case
        for file in FOLDER.glob("tests/*.test.yaml")
        for test in yaml.safe_load(file.read_text("utf-8"))["tests"]
        for case in test.get("alert_rule_test", ())
        if case["alertname"] == alert
    ]

    fires = [expected for case in cases for expected in case["exp_alerts"]]
    assert fires
    assert all("exp_annotations" in expected for expected in fires)
    if alert != "LoopwatchDeadMansSwitch":
        assert any(not case["exp_alerts"] for case in cases)
