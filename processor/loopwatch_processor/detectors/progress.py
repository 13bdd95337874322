"""Steps without a change of state, and drift away from the goal. See docs/detectors/progress.md."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from loopwatch.attributes import StopReason
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.session import AgentState, Place
from loopwatch_processor.step import Step, StepKind

_MAX_REPORTS = 64


class ProgressSettings(BaseModel):
    """Thresholds of the progress detector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether to look at progress at all.")
    unchanged_reports: int = Field(
        default=5,
        ge=2,
        description="Reports in a row that show the state (and the score, if any) as it was before. "
        "Source: the suggestion to halt after five steps without change.",
    )
    drift_reports: int = Field(
        default=4,
        ge=2,
        description="Reports of a progress score to look back: further from the goal than all of them were. "
        "Source: our own choice; a step back or two is how search works.",
    )
    drift_ratio: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="How far the score has to be below each of these, on its scale of 0 to 1. Source: our own choice.",
    )
    stale_results: int = Field(
        default=8,
        ge=2,
        le=31,
        description="Tool results in a row that this agent had seen before, where it reports neither state nor score. "
        "Information only. Source: our own choice; reading again is normal.",
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What one step said about the state of the work."""

    step: Step

    def shows_change_since(self, earlier: Report) -> bool:
        """Whether the state or the score is another one than in *earlier*; what was not said is unknown."""
        return _differ(self.step.state_hash or None, earlier.step.state_hash or None) or _differ(
            self.step.progress, earlier.step.progress
        )


@dataclass(slots=True)
class _Memory:
    """Reports of one run, by end time."""

    reports: deque[Report] = field(default_factory=lambda: deque(maxlen=_MAX_REPORTS))

    def add(self, step: Step) -> None:
        kept = [report for report in self.reports if report.step.span_id != step.span_id]
        kept.append(Report(step))
        kept.sort(key=lambda report: report.step.end_ns)
        self.reports = deque(kept, maxlen=_MAX_REPORTS)


class ProgressDetector:
    """Watches the state hash and the progress score that steps carry; without them, only the novelty of results."""

    name = "progress"

    def __init__(self, settings: ProgressSettings) -> None:
        self._settings = settings

    def update(self, step: Step, place: Place) -> Iterator[Finding]:
        """Look at what *step* reports: warning for a standing state or a falling score, info for stale results."""
        memory: _Memory = place.run.memo.setdefault(self.name, _Memory())
        if step.state_hash or step.progress is not None:
            memory.add(step)
            if (found := self._unchanged(memory, place)) is not None:
                yield found
            if (found := self._drift(memory, place)) is not None:
                yield found
        elif step.kind is StepKind.TOOL_CALL and not memory.reports and (stale := self._stale(place)) is not None:
            yield stale

    def _unchanged(self, memory: _Memory, place: Place) -> Finding | None:
        reports = list(memory.reports)
        first = len(reports) - 1
        while first > 0 and not reports[first].shows_change_since(reports[first - 1]):
            first -= 1
        count = len(reports) - 1 - first
        if count < self._settings.unchanged_reports:
            return None
        what = "state" if reports[-1].step.state_hash else "progress score"
        tokens, usd = _spent(place.agent, reports[first].step.end_ns)
        return Finding(
            detector=self.name,
            pattern="unchanged",
            severity=Severity.WARNING,
            score=round(1 - 0.5 ** (count / self._settings.unchanged_reports), 3),
            stop_reason=StopReason.NO_PROGRESS.value,
            summary=f"The {what} has not changed over the last {count} reports{_cost(tokens)}; "
            f"a changed {what} would count as progress.",
            span_ids=tuple(report.step.span_id for report in reports[first:]),
            values={"unchanged_reports": count},
            threshold=float(self._settings.unchanged_reports),
            wasted_tokens=tokens,
            wasted_usd=usd,
        )

    def _drift(self, memory: _Memory, place: Place) -> Finding | None:
        back = self._settings.drift_reports
        scored = [(report.step, report.step.progress) for report in memory.reports if report.step.progress is not None]
        if len(scored) <= back:
            return None
        (step, now), before = scored[-1], scored[-1 - back : -1]
        lowest = min(score for _, score in before)
        if lowest - now < self._settings.drift_ratio - 1e-9:
            return None
        tokens, usd = _spent(place.agent, before[0][0].end_ns)
        return Finding(
            detector=self.name,
            pattern="drift",
            severity=Severity.WARNING,
            score=round(min(1.0, (before[0][1] - now) / max(before[0][1], 1e-9)), 3),
            stop_reason=StopReason.NO_PROGRESS.value,
            summary=f"The agent is further from its goal than in each of the last {back} reports: progress score "
            f"{now:.2f} after {before[0][1]:.2f}{_cost(tokens)}; a score above {lowest:.2f} would count as progress.",
            span_ids=(before[0][0].span_id, step.span_id),
            values={"progress_score": now, "earlier_score": before[0][1], "lowest_earlier_score": lowest},
            threshold=self._settings.drift_ratio,
            wasted_tokens=tokens,
            wasted_usd=usd,
        )

    def _stale(self, place: Place) -> Finding | None:
        calls = place.agent.tool_calls
        known = [_result(call) for call in calls]
        first = len(known)
        while first > 0 and known[first - 1] is not None and known[first - 1] in known[: first - 1]:
            first -= 1
        count = len(known) - first
        if count < self._settings.stale_results:
            return None
        return Finding(
            detector=self.name,
            pattern="stale_results",
            severity=Severity.INFO,
            score=0.3,
            stop_reason=StopReason.NO_PROGRESS.value,
            summary=f"The last {count} tool calls brought only results that the agent had seen before; it reports "
            "neither state nor progress, so this is information only.",
            span_ids=tuple(call.span_id for call in calls[first:]),
            values={"stale_results": count},
            threshold=float(self._settings.stale_results),
        )


def _differ(now: object, before: object) -> bool:
    return now is not None and before is not None and now != before


def _result(call: Step) -> tuple[str, str] | None:
    """What identifies the result of *call*; None where it is not captured: unknown is new."""
    if call.tool is None:
        return None
    if call.error is not None:
        return call.tool.name, f"error:{call.error.type}:{call.error.message}"
    if call.tool.result is None and not call.tool.result_hash:
        return None
    return call.tool.name, call.tool.result_hash or call.tool.result or ""


def _spent(agent: AgentState, since_ns: int) -> tuple[int | None, float | None]:
    """Tokens and money of the agent's model calls after *since_ns*, as far as its window goes back."""
    calls = [call for call in agent.model_calls if call.end_ns > since_ns]
    tokens = [call.usage.total_tokens for call in calls if call.usage is not None]
    money = [call.cost_usd for call in calls if call.cost_usd is not None]
    return sum(tokens) if tokens else None, sum(money) if money else None


def _cost(tokens: int | None) -> str:
    return f", {tokens:,} tokens spent meanwhile" if tokens else ""
