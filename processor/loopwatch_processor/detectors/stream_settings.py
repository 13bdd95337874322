"""Thresholds of the stream detector."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StreamSettings(BaseModel):
    """Thresholds of the stream detector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether to look at streams at all.")
    max_ttft_s: float = Field(
        default=60.0,
        gt=0,
        description="Time to the first content chunk from which a stream started too late. Reasoning models think "
        "for tens of seconds, so the default is a minute: beyond it most gateways give up.",
    )
    ttft_s_per_1k_tokens: float = Field(
        default=0.3,
        ge=0,
        description="Added to max_ttft_s for each thousand tokens of input, where they are known: a model reads its "
        "context before it speaks.",
    )
    max_gap_s: float = Field(
        default=30.0,
        gt=0,
        description="Silence between two content chunks from which a stream stalled. Healthy gaps are below a second; "
        "the default leaves room for a long tool argument or a pause to think.",
    )
    critical_gap_s: float | None = Field(
        default=300.0,
        gt=0,
        description="Silence of a stream that is still open from which it is critical, also before its first content "
        "(there with the addition for its context); null: never.",
    )
    max_open_s: float | None = Field(
        default=3_600.0,
        gt=0,
        description="Age of a model call that is still open from which it never ends, streamed or not; null: no limit.",
    )

    def ttft_limit_s(self, limit_s: float, tokens: int) -> float:
        """*limit_s* with the addition for an input of *tokens*."""
        return limit_s + self.ttft_s_per_1k_tokens * tokens / 1_000
