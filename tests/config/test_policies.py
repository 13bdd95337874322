"""Which settings hold for which agent."""

from __future__ import annotations

from typing import Any

import pytest

from loopwatch_processor.config import Config, explain
from loopwatch_processor.detectors.base import Detector
from loopwatch_processor.finding import Finding
from loopwatch_processor.policies import ConfiguredPolicies
from loopwatch_processor.policy import Policies
from loopwatch_processor.step import StreamTimings
from tests.builders import Watch, model_step


def policies(**settings: Any) -> Policies:
    """The policies of a configuration."""
    return ConfiguredPolicies(Config(**settings), lambda _step: None)


def detector(found: Policies, name: str, agent: str = "refunds", service: str = "billing-eu") -> Detector | None:
    """The detector *name* that watches *agent*."""
    policy = found.of(service, agent, "prod", "")
    return next((item for item in policy.detectors if item.name == name), None)


def stalls(watching: Detector | None, gap_s: float) -> list[Finding]:
    """What is said about a gap of *gap_s*."""
    assert watching is not None
    return Watch(watching).feed(model_step(request_model="m", stream=StreamTimings(max_gap_s=gap_s)))


RULES = [
    {"match": {"service": "billing-*", "environment": "prod"}, "detectors": {"stream": {"max_gap_s": 2.0}}},
    {"match": {"agent": "refunds"}, "type": "operational", "detectors": {"stream": {"max_gap_s": 1.0}}},
]


def test_the_first_rule_that_matches_wins() -> None:
    """A second rule that matches as well adds nothing."""
    found = policies(agents=RULES)
    assert not stalls(detector(found, "stream"), 1.5)
    assert stalls(detector(found, "stream"), 2.5)
    assert found.of("billing-eu", "refunds", "prod", "").agent_type == ""
    assert found.of("billing-eu", "refunds", "test", "").agent_type == "operational"


@pytest.mark.parametrize(
    ("service", "agent", "environment", "rule"),
    [
        ("billing-eu", "x", "prod", "agents.0"),
        ("billing-eu", "x", "", None),
        ("Billing-eu", "x", "prod", None),
        ("", "refunds", "", "agents.1"),
        ("", "", "", None),
    ],
)
def test_every_pattern_of_a_rule_must_match(service: str, agent: str, environment: str, rule: str | None) -> None:
    """Patterns are shell-style, case counts, and what a span leaves out matches only a star."""
    assert explain(Config(agents=RULES), service, agent, environment)["rule"] == rule  # type: ignore[arg-type]


def test_a_rule_is_laid_over_the_top_level_settings() -> None:
    """What a rule leaves out is what holds for everybody."""
    rule = {"detectors": {"stream": {"max_gap_s": 1}}, "budgets": {"per_session": {"max_usd": 1}}}
    config = Config(
        detectors={"stream": {"max_ttft_s": 7.0}, "context": {"enabled": False}},  # type: ignore[arg-type]
        budgets={"per_session": {"max_usd": 3.0, "max_steps": 9}},  # type: ignore[arg-type]
        agents=[{"match": {"agent": "a"}, **rule}],  # type: ignore[arg-type]
    )
    explained = explain(config, "s", "a")
    stream = explained["detectors"]["stream"]
    assert (stream["enabled"], stream["max_ttft_s"], stream["max_gap_s"]) == (True, 7.0, 1.0)
    assert explained["detectors"]["context"]["enabled"] is False
    assert explained["budgets"]["per_session"]["max_usd"] == 1.0
    assert explained["budgets"]["per_session"]["max_steps"] == 9
    assert explain(config, "s", "b")["budgets"]["per_session"]["max_usd"] == 3.0


def test_the_budget_of_the_fleet_is_no_budget_of_an_agent() -> None:
    """It stays at the top level, whether a rule lays its own budgets over the others or not."""
    budgets = {"fleet_usd_per_30d": 900.0, "fleet_usd_per_30d_by_type": {"batch": 50.0}, "per_step": {"max_usd": 1.0}}
    rule = {"match": {"agent": "a"}, "budgets": {"per_turn": {"max_usd": 2.0}}}
    config = Config(budgets=budgets, agents=[rule])  # type: ignore[arg-type]

    assert config.budgets.usd_per_30d() == {"": 900.0, "batch": 50.0}
    assert explain(config, "s", "a")["budgets"].keys() == explain(config, "s", "b")["budgets"].keys()
    assert explain(config, "s", "a")["budgets"]["per_step"]["max_usd"] == 1.0
    assert "fleet_usd_per_30d" not in explain(config, "s", "b")["budgets"]


def test_a_fleet_without_a_budget_has_none() -> None:
    """Unset is absent, not 0."""
    assert Config().budgets.usd_per_30d() == {}


def test_a_detector_that_is_not_enabled_does_not_watch() -> None:
    """Switching off is per agent."""
    found = policies(agents=[{"match": {"agent": "quiet"}, "detectors": {"stream": {"enabled": False}}}])
    assert detector(found, "stream", agent="quiet") is None
    assert detector(found, "stream", agent="loud") is not None


def test_agents_of_one_rule_share_their_detectors() -> None:
    """Any number of agent names costs no more memory than there are rules."""
    found = policies(agents=RULES)
    assert found.of("a", "x", "", "") is found.of("b", "y", "", "")
    assert found.of("a", "x", "", "") is not found.of("a", "refunds", "", "")


def test_every_detector_can_be_switched_off_and_none_is_forgotten() -> None:
    """What has settings watches, under the name of its settings."""
    names = list(type(Config().detectors).model_fields)
    everything = policies().of("s", "a", "", "")
    watching = {item.name for item in (*everything.detectors, *everything.open_detectors)}
    assert sorted(watching) == sorted(names)
    nothing = policies(detectors={name: {"enabled": False} for name in names}).of("s", "a", "", "")
    assert not nothing.detectors
    assert not nothing.open_detectors
    assert nothing.lifecycle is None
