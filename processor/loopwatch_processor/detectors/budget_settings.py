"""Thresholds of the budget detector, and the limits that a user sets."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from loopwatch_processor.detectors.budget_limits import NO_LIMITS
from loopwatch_processor.step import Limits

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class BudgetSettings(BaseModel):
    """The built-in limits, which warn and never page, and how to forecast."""

    model_config = _FROZEN

    enabled: bool = Field(default=True, description="Whether to look at budgets at all.")
    research_session_usd: float = Field(
        default=5.0, gt=0, description="Built-in limit of a session of an agent of type research."
    )
    operational_session_usd: float = Field(
        default=0.50, gt=0, description="Built-in limit of a session of an agent of type operational."
    )
    conversational_turn_usd: float = Field(
        default=0.10, gt=0, description="Built-in limit of a turn of an agent of type conversational."
    )
    approaching_ratio: float = Field(
        default=0.80, gt=0, le=1, description="Share of a limit of your own from which to say so, as context."
    )
    burn_window_s: float = Field(
        default=300.0,
        gt=0,
        description="How far back the burn rate looks, by span time. Five minutes is the short window of burn-rate "
        "alerts in Google's SRE workbook.",
    )


class StepBudget(BaseModel):
    """What one model call or tool call may use."""

    model_config = _FROZEN

    max_usd: float | None = Field(default=None, gt=0, description="Money.")


class ScopeBudget(BaseModel):
    """What a turn, a task or a session may use; nothing is limited where nothing is set."""

    model_config = _FROZEN

    max_usd: float | None = Field(default=None, gt=0, description="Money.")
    max_steps: int | None = Field(default=None, gt=0, description="Model calls and tool calls together.")
    max_tool_calls: int | None = Field(default=None, gt=0, description="Tool calls.")
    max_tokens: int | None = Field(default=None, gt=0, description="Input and output tokens together.")
    max_seconds: float | None = Field(default=None, gt=0, description="Time from the first start to the last end.")

    def limits(self) -> Limits:
        """The same, in the words of a span's own limits."""
        limits = Limits(self.max_usd, self.max_steps, self.max_tool_calls, self.max_tokens, self.max_seconds)
        return NO_LIMITS if limits == NO_LIMITS else limits


class Budgets(BaseModel):
    """Limits that the user sets for an agent: exceeding one is critical."""

    model_config = _FROZEN

    per_step: StepBudget = Field(default=StepBudget(), description="One model call or tool call.")
    per_turn: ScopeBudget = Field(default=ScopeBudget(), description="One run: the answer to one request.")
    per_task: ScopeBudget = Field(default=ScopeBudget(), description="One run that is a job, instead of per_turn.")
    per_session: ScopeBudget = Field(default=ScopeBudget(), description="All runs of one conversation.")
