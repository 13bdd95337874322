"""Settings of what all agents together may spend."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from loopwatch_processor.detectors.budget_settings import Budgets


class FleetBudgets(Budgets):
    """Limits that you set: exceeding one is critical. The fleet's are alerts of Prometheus, by how fast they burn."""

    fleet_usd_per_30d: float | None = Field(
        default=None, gt=0, description="What all agents together may spend in 30 days; null: no alert."
    )
    fleet_usd_per_30d_by_type: dict[Annotated[str, Field(min_length=1)], Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="What the agents of a type may spend in 30 days, by type."
    )

    def usd_per_30d(self) -> dict[str, float]:
        """The budgets that are set, by agent type; "" is the whole fleet."""
        fleet = {} if self.fleet_usd_per_30d is None else {"": self.fleet_usd_per_30d}
        return fleet | self.fleet_usd_per_30d_by_type


OF_FLEET = FleetBudgets.model_fields.keys() - Budgets.model_fields.keys()
"""The budgets that no single agent can have."""


def without_fleet(budgets: Any) -> Any:
    """*budgets* as data, without what holds for all agents together."""
    return {key: budgets[key] for key in budgets if key not in OF_FLEET} if isinstance(budgets, dict) else budgets


def refuse_fleet(budgets: Any) -> Any:
    """*budgets* of one agent; raises ValueError where they hold what only all agents together can have."""
    wrong = sorted(OF_FLEET & budgets.keys()) if isinstance(budgets, dict) else []
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: holds for all agents together; write it in the top-level budgets")
    return budgets
