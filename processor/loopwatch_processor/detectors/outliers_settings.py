"""Thresholds of the outliers detector."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from loopwatch_processor.baselines import MAX_DAYS


class OutliersSettings(BaseModel):
    """When a run is out of the ordinary; information only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether to look for outliers at all.")
    factor: float = Field(
        default=3.0,
        ge=1,
        description="How many times the 99th percentile of its peers a run has to take. Source: our own choice; the "
        "tail of healthy runs is long.",
    )
    min_runs: int = Field(
        default=100, ge=100, description="Runs that must have ended before a 99th percentile means anything."
    )
    days: int = Field(default=MAX_DAYS, ge=1, le=MAX_DAYS, description="How far back to look, today included.")
    min_steps: int = Field(
        default=10, ge=1, description="Fewer steps are nobody's concern, however few the peers take. Our own choice."
    )
    min_duration_s: float = Field(
        default=60.0, ge=0, description="Nor is less time, however little the peers take. Our own choice."
    )
