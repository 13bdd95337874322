"""Prometheus gives an incident's alert the name that loopwatch gives it."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import yaml

from loopwatch_processor.alerts import alert_name
from loopwatch_processor.finding import Severity
from loopwatch_processor.notify.links import dashboard_uid
from tests.alert_rules.shipped_alerts import FOLDER, OF_INCIDENTS, rules

DETECTORS = (
    "loop",
    "progress",
    "context",
    "stream",
    "budget",
    "outliers",
    "lifecycle",
    "jobs",
    "tools",
    "one_of_your_own",
)
PATTERNS = ("ttft", "max_gap", "never_ending", "worker_lost", "executing", "cost")


def test_every_incident_is_one_alert_of_the_same_name_as_its_push(promtool: Path, tmp_path: Path) -> None:
    """For every detector, pattern and severity: exactly the alert of `alert_name`, told apart here by its agent."""
    series, fires = [], []
    for number, (detector, pattern, severity) in enumerate(itertools.product(DETECTORS, PATTERNS, Severity)):
        of = f'agent="a{number}", detector="{detector}", severity="{severity.label}"'
        series.append({"series": f'loopwatch_open_incidents{{{of}, pattern="{pattern}"}}', "values": "1"})
        name = alert_name(detector, pattern, severity)
        fires.append({"labels": f'ALERTS{{alertname="{name}", alertstate="firing", {of}}}', "value": 1})
    test = {
        "rule_files": [str(FOLDER / "agents.rules.yaml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [{"expr": "ALERTS", "eval_time": "0m", "exp_samples": fires}],
            }
        ],
    }
    file = tmp_path / "names.test.yaml"
    file.write_text(yaml.safe_dump(test), "utf-8")

    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_name_of_an_incident_has_a_rule_and_the_other_way_round() -> None:
    """Whatever alert_name says leads to a rule, and every rule about incidents is reached."""
    named = {alert_name(*each) for each in itertools.product(DETECTORS, PATTERNS, Severity)}

    assert named == {rule["alert"] for group, rule in rules() if group == OF_INCIDENTS}


def test_rule_and_page_lead_to_the_same_dashboard() -> None:
    """One incident, one place to look at it."""
    dashboards = {
        rule["alert"]: rule["annotations"]["dashboard_url"].partition("?")[0].rpartition("/")[2]
        for group, rule in rules()
        if group == OF_INCIDENTS
    }

    for detector, pattern, severity in itertools.product(DETECTORS, PATTERNS, Severity):
        assert dashboards[alert_name(detector, pattern, severity)] == dashboard_uid(detector)
