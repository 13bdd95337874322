"""What every detector is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from loopwatch_processor.finding import Finding
from loopwatch_processor.open_span import OpenSpan
from loopwatch_processor.session import Place
from loopwatch_processor.step import Step, StepKind


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """What is known around an open span."""

    context_tokens: int = 0
    """Of the newest call of its agent that ended: about as many will be read by this one; 0 where nobody knows."""
    idle_s: float = 0.0
    """Of an agent's span: since any step of its trace began, went on or ended; 0 for any other."""


class OpenDetector(Protocol):
    """A detector that also looks at what has not ended. No I/O, no clock, no state."""

    @property
    def name(self) -> str:
        """The name in configuration, findings and metrics."""

    def watch(self, span: OpenSpan, place: OpenPlace) -> Iterable[Finding]:
        """Look at *span*, of which something was heard just now; give out all that is wrong with it now.

        What is not given out any more is over. A finding of this kind `lasts`.
        """

    def over(self, finding: Finding, span: OpenSpan, step: Step | None) -> str:
        """One sentence of how *finding* ended: with *step*, where the span has; else while it is still open."""


class Detector(Protocol):
    """One idea about one failure. No I/O, no clock, no state of its own.

    What it has to remember it keeps in `place.agent.memo[name]`, `place.run.memo[name]` or `place.session.memo[name]`.
    Its thresholds are its own frozen settings.
    """

    @property
    def name(self) -> str:
        """The name in configuration, findings and metrics."""

    @property
    def kinds(self) -> Collection[StepKind]:
        """The kinds of steps that it looks at: it is asked about no others."""

    def update(self, step: Step, place: Place) -> Iterable[Finding]:
        """Look at *step*, which has just been counted at *place*; give out what is wrong now.

        The same finding may be given out again at every step: only a new or more severe one is raised.
        """
