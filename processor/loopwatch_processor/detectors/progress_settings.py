"""Thresholds of the progress detector."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ProgressSettings(BaseModel):
    """Thresholds of the progress detector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether to look at progress at all.")
    unchanged_reports: int = Field(
        default=5,
        ge=2,
        le=32,
        description="Reports in a row that show the state (and the score, if any) as it was before. "
        "Source: the suggestion to halt after five steps without change.",
    )
    drift_reports: int = Field(
        default=4,
        ge=3,
        le=32,
        description="Reports of a progress score to look back: the newest two are held against the two of so long "
        "ago. Source: our own choice; a step back or two is how search works.",
    )
    drift_ratio: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="How far the score has to be below these, on its scale of 0 to 1. Source: our own choice.",
    )
    stale_results: int = Field(
        default=8,
        ge=2,
        le=31,
        description="Tool results in a row that this agent had seen before, where it reports neither state nor score. "
        "Information only. Source: of 79 healthy coding sessions none reaches 8, three reach 5.",
    )
