"""What may be limited: the limits that a user sets, and how use is measured against them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from loopwatch.attributes import StopReason
from loopwatch_processor.run import Run
from loopwatch_processor.session import Session
from loopwatch_processor.step import Limits

NO_LIMITS = Limits()
"""The one value of nothing being limited, so that the usual case is told by identity."""


_Number = TypeVar("_Number", int, float)


def tightest(own: Limits | None, configured: Limits) -> Limits:
    """The lower of both, limit by limit."""
    if own is None or configured is NO_LIMITS:
        return own or configured
    return Limits(
        _lower(own.max_usd, configured.max_usd),
        _lower(own.max_steps, configured.max_steps),
        _lower(own.max_tool_calls, configured.max_tool_calls),
        _lower(own.max_tokens, configured.max_tokens),
        _lower(own.max_seconds, configured.max_seconds),
    )


def _lower(one: _Number | None, other: _Number | None) -> _Number | None:
    return other if one is None else one if other is None else min(one, other)


def _money(value: float) -> str:
    return f"${value:,.2f}" if value >= 1 else f"${value:.4f}"


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing that can run out."""

    unit: str
    stop_reason: StopReason
    allowed: Callable[[Limits], int | float | None]
    used: Callable[[Run | Session], int | float]
    text: Callable[[float], str]


USD = Resource("usd", StopReason.COST_BUDGET, lambda it: it.max_usd, lambda it: it.totals.cost_usd, _money)
RESOURCES = (
    USD,
    Resource(
        "steps", StopReason.STEP_BUDGET, lambda it: it.max_steps, lambda it: it.totals.steps, lambda n: f"{n:.0f} steps"
    ),
    Resource(
        "tool_calls",
        StopReason.TOOL_BUDGET,
        lambda it: it.max_tool_calls,
        lambda it: it.totals.tool_calls,
        lambda n: f"{n:.0f} tool calls",
    ),
    Resource(
        "tokens",
        StopReason.TOKEN_BUDGET,
        lambda it: it.max_tokens,
        lambda it: it.totals.total_tokens,
        lambda n: f"{n:,.0f} tokens",
    ),
    Resource(
        "seconds",
        StopReason.TIME_BUDGET,
        lambda it: it.max_seconds,
        lambda it: max(0, it.ended_ns - it.started_ns) / 1e9,
        lambda value: f"{value:.1f} s",
    ),
)
