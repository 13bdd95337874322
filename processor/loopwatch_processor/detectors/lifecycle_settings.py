"""Thresholds of the lifecycle detector."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class LifecycleSettings(BaseModel):
    """Thresholds of the lifecycle detector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether to look at workers and idle agents at all.")
    heartbeat_s: float = Field(
        default=10.0,
        gt=0,
        description="How often a process tells of its open spans, where its beats do not say that themselves.",
    )
    missed_beats: int = Field(
        default=3,
        ge=2,
        description="So many beats of a process missing, with spans still open, mean that its worker is lost.",
    )
    worker_sla_s: float | None = Field(
        default=None,
        gt=0,
        description="Silence of a worker with open spans from which it is critical: a promise that you gave; null: a "
        "lost worker is a warning.",
    )
    idle_s: float | None = Field(
        default=1_800.0,
        gt=0,
        description="An open agent run in which no step began, went on or ended for so long is idle, though its "
        "process lives; null: never.",
    )
    idle_severity: Literal["info", "warning"] = Field(
        default="info", description="How bad an idle run is: some wait for people on purpose."
    )
