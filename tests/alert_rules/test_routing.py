"""Who is told of what: the shipped Alertmanager configuration, asked with Alertmanager's own tool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.alert_rules.shipped_alerts import FOLDER, OF_INCIDENTS, alerts, rules, severities

FILE = FOLDER / "alertmanager.yaml"
RECEIVER = {"critical": "pagerduty", "warning": "tickets", "info": "nobody"}
DEAD_MAN = "LoopwatchDeadMansSwitch"
ALERTS = sorted((name, severity) for name in {rule["alert"] for rule in alerts()} for severity in severities(name))
CONFIG = yaml.safe_load(FILE.read_text("utf-8"))


def _receivers(amtool: Path, **labels: str) -> list[str]:
    asked = [f"{name}={value}" for name, value in labels.items()]
    command = [str(amtool), "config", "routes", "test", f"--config.file={FILE}", *asked]
    answer: str = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return answer.strip().split(",")


def test_alertmanager_accepts_the_configuration(amtool: Path) -> None:
    """Every receiver that is named exists."""
    done = subprocess.run([amtool, "check-config", FILE], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("alert", "severity"), ALERTS)
def test_an_alert_goes_where_its_severity_says(amtool: Path, alert: str, severity: str) -> None:
    """critical wakes a person, warning is a ticket, info is told to nobody; the dead man's switch has its own way."""
    expected = "dead-mans-switch" if alert == DEAD_MAN else RECEIVER[severity]

    assert _receivers(amtool, alertname=alert, severity=severity, service="shop", agent="planner") == [expected]


@pytest.mark.parametrize("severity", ["critical", "warning", "info", ""])
def test_the_dead_mans_switch_never_pages(amtool: Path, severity: str) -> None:
    """Whatever severity somebody gives it."""
    assert _receivers(amtool, alertname=DEAD_MAN, severity=severity) == ["dead-mans-switch"]


def test_a_severity_of_your_own_is_a_ticket(amtool: Path) -> None:
    """It is neither lost nor does it page."""
    assert _receivers(amtool, alertname="AgentLoop", severity="page") == ["tickets"]


def test_pagerduty_is_told_of_nothing_but_what_is_critical() -> None:
    """Only one receiver can page, and only one route leads to it."""
    paging = {each["name"] for each in CONFIG["receivers"] if "pagerduty_configs" in each}
    leading = [route for route in CONFIG["route"]["routes"] if route["receiver"] in paging]

    assert paging == {"pagerduty"}
    assert [route["matchers"] for route in leading] == [['severity="critical"']]


def test_one_problem_of_one_agent_is_one_group() -> None:
    """By what rules and pushes have in common; no route groups by anything else."""
    assert CONFIG["route"]["group_by"] == ["alertname", "environment", "service", "agent"]
    assert not any("group_by" in route for route in CONFIG["route"]["routes"])
    for group, rule in rules():
        if group == OF_INCIDENTS:
            assert "by (environment, service, agent, detector, severity)" in rule["expr"]


def test_only_alerts_of_one_named_agent_silence_each_other() -> None:
    """Where a label is missing it equals every other missing one, so both sides ask for all three."""
    set_labels = {'environment!=""', 'service!=""', 'agent!=""'}
    for rule in CONFIG["inhibit_rules"]:
        if "agent" in rule["equal"]:
            assert rule["equal"] == ["environment", "service", "agent"]
            assert set_labels < set(rule["source_matchers"])
            assert set_labels < set(rule["target_matchers"])
        else:
            of_money = 'alertname=~"FleetBudgetBurn|AgentTypeBudgetBurn"'
            assert of_money in rule["source_matchers"]
            assert of_money in rule["target_matchers"]
            assert rule["equal"] == ["alertname", "agent_type"]


def test_no_routing_key_is_in_the_configuration() -> None:
    """It is read from a file."""
    assert "routing_key_file:" in FILE.read_text("utf-8")
    assert "routing_key:" not in FILE.read_text("utf-8")
