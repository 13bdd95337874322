"""What every detector is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from loopwatch_processor.finding import Finding
from loopwatch_processor.session import Place
from loopwatch_processor.step import Step


class Detector(Protocol):
    """One idea about one failure. No I/O, no clock, no state of its own.

    What it has to remember it keeps in `place.agent.memo[name]`, `place.run.memo[name]` or `place.session.memo[name]`.
    Its thresholds are its own frozen settings.
    """

    @property
    def name(self) -> str:
        """The name in configuration, findings and metrics."""

    def update(self, step: Step, place: Place) -> Iterable[Finding]:
        """Look at *step*, which has just been counted at *place*; give out what is wrong now.

        The same finding may be given out again at every step: only a new or more severe one is raised.
        """
