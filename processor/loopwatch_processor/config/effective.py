"""What holds for one agent: the first rule that matches it, else the top-level settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loopwatch_processor.config.settings import Config, Detectors
from loopwatch_processor.detectors.budget_settings import Budgets


@dataclass(frozen=True, slots=True)
class AgentPolicy:
    """The settings for one agent."""

    rule: int | None
    """Index of the rule in `agents` that matched; None where none did."""
    type: str
    budgets: Budgets
    detectors: Detectors


def effective(config: Config, service: str, agent: str, environment: str) -> AgentPolicy:
    """The settings that hold for *agent* in *service*; any of them may be ""."""
    for index, rule in enumerate(config.agents):
        if rule.match.matches(service, agent, environment):
            return AgentPolicy(index, rule.type, rule.budgets, rule.detectors)
    return AgentPolicy(None, "", config.budgets, config.detectors)


def explain(config: Config, service: str, agent: str, environment: str = "") -> dict[str, Any]:
    """The settings that hold for *agent* as plain data, with the rule that they come from."""
    policy = effective(config, service, agent, environment)
    return {
        "service": service,
        "agent": agent,
        "environment": environment,
        "rule": None if policy.rule is None else f"agents.{policy.rule}",
        "type": policy.type or None,
        "budgets": policy.budgets.model_dump(mode="json", include=set(Budgets.model_fields)),
        "detectors": policy.detectors.model_dump(mode="json"),
        "tools": [tool.model_dump(mode="json") for tool in config.tools],
    }
