"""What the loop detector says of a session."""

from __future__ import annotations

from collections.abc import Iterable

from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.step import Step
from tests.builders import Watch
from tests.sketching import sketched_step


def watch(**thresholds: object) -> Watch:
    """A session under the loop detector."""
    return Watch(LoopDetector(LoopSettings.model_validate(thresholds)))


def watched(steps: Iterable[Step]) -> Watch:
    """A session that took *steps*."""
    seen = watch()
    seen.feed(*steps)
    return seen


def sketched(steps: Iterable[Step]) -> Watch:
    """A session that took *steps*, of which only sketches arrived."""
    return watched(map(sketched_step, steps))


def patterns(seen: Watch) -> list[str]:
    """The patterns found, in order, each once."""
    return list(dict.fromkeys(item.pattern for item in seen.findings))
