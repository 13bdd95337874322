"""Thresholds of the context detector."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ContextSettings(BaseModel):
    """Thresholds of the context detector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether to look at context windows at all.")
    info_ratio: float = Field(
        default=0.70,
        gt=0,
        le=1,
        description="Share of the window from which to say so as context. Answers get worse well before a window is "
        "full, and harnesses compact from about here.",
    )
    warning_ratio: float = Field(
        default=0.90,
        gt=0,
        le=1,
        description="Share of the window from which to warn: one large tool result may be the last.",
    )
    compaction_drop_ratio: float = Field(
        default=0.50,
        gt=0,
        lt=1,
        description="Share of the input that has to vanish from one model call to the next, and stay away, to count "
        "as a compaction.",
    )
    compaction_min_tokens: int = Field(
        default=4_000,
        gt=0,
        description="Input below which a drop is never a compaction: short contexts come and go.",
    )

    @model_validator(mode="after")
    def _info_comes_first(self) -> ContextSettings:
        if self.info_ratio > self.warning_ratio:
            raise ValueError(
                f"info_ratio {self.info_ratio:g} is above warning_ratio {self.warning_ratio:g}: "
                "set info_ratio to at most warning_ratio"
            )
        return self
