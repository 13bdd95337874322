"""Runs that take far more steps or time than their peers' did. See docs/detectors/outliers.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from loopwatch.attributes import StopReason
from loopwatch_processor.baselines import Baselines, Norm, peers_of
from loopwatch_processor.detectors.outliers_settings import OutliersSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.kinds import COUNTED
from loopwatch_processor.run import Run
from loopwatch_processor.session import Place
from loopwatch_processor.step import Step


@dataclass(frozen=True, slots=True)
class _Trait:
    """What of a run is held against its peers."""

    pattern: str
    unit: str
    value: str
    """Its name in the evidence."""
    stop_reason: StopReason
    usual: Callable[[Norm], float]


_STEPS = _Trait("steps", "steps", "steps", StopReason.STEP_BUDGET, lambda norm: norm.steps)
_DURATION = _Trait("duration", "seconds", "duration_s", StopReason.TIME_BUDGET, lambda norm: norm.duration_s)


class OutliersDetector:
    """Holds a run against the 99th percentile of its peers: the runs of its agent type, else of the same agent."""

    name = "outliers"
    kinds = COUNTED

    def __init__(self, settings: OutliersSettings, baselines: Baselines) -> None:
        self._settings = settings
        self._min_steps, self._min_ns = settings.min_steps, settings.min_duration_s * 1e9
        self._min_runs, self._days = settings.min_runs, settings.days
        self._baselines = baselines

    def update(self, step: Step, place: Place) -> Iterable[Finding]:
        """Look at what the run has taken with *step*; its own end is the last that is looked at."""
        run = place.run
        if run.totals.steps <= self._min_steps and run.ended_ns - run.started_ns <= self._min_ns:
            return ()
        norm = self._baselines.norm(peers_of(place.session, run), self._days)
        return self._found(step, run, norm) if norm.runs >= self._min_runs else ()

    def _found(self, step: Step, run: Run, norm: Norm) -> Iterator[Finding]:
        settings, steps, duration_s = self._settings, run.totals.steps, run.duration_s
        if steps > (most_steps := max(float(settings.min_steps), norm.steps * settings.factor)):
            yield self._finding(_STEPS, steps, most_steps, norm, step)
        if duration_s > (most_s := max(settings.min_duration_s, norm.duration_s * settings.factor)):
            yield self._finding(_DURATION, duration_s, most_s, norm, step)

    def _finding(self, trait: _Trait, taken: int | float, limit: float, norm: Norm, step: Step) -> Finding:
        usual = trait.usual(norm)
        return Finding(
            detector=self.name,
            pattern=trait.pattern,
            severity=Severity.INFO,
            score=round(min(1.0, taken / limit / 2), 3),
            stop_reason=trait.stop_reason.value,
            summary=f"The run has taken {taken:,.0f} {trait.unit}; 99 of 100 of the {norm.runs:,} runs like it that "
            f"ended in {self._settings.days} days took {usual:,.0f} at most.",
            span_ids=(step.span_id,),
            values={trait.value: _rounded(taken), f"p99_{trait.value}": round(usual, 3), "ended_runs": norm.runs},
            threshold=round(limit, 3),
        )


def _rounded(number: int | float) -> int | float:
    """To a thousandth, and steps as they are: of either, `round` makes a float where it is compiled."""
    return number if isinstance(number, int) else round(number, 3)
