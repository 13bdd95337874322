"""What holds for one agent: its type, its detectors with their thresholds, its budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from loopwatch_processor.detectors.base import Detector, OpenDetector
from loopwatch_processor.detectors.lifecycle import LifecycleDetector
from loopwatch_processor.finding import Finding
from loopwatch_processor.kinds import COUNTED
from loopwatch_processor.session import Place
from loopwatch_processor.step import Step, StepKind

Update = Callable[[Step, Place], Iterable[Finding]]
"""`Detector.update` of one of them."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The detectors that watch one agent, each holding the thresholds that apply to it."""

    detectors: tuple[Detector, ...]
    agent_type: str = ""
    open_detectors: tuple[OpenDetector, ...] = ()
    """Those that also look at what has not ended."""
    lifecycle: LifecycleDetector | None = None
    """That of them which looks at workers, too."""
    looking: Mapping[StepKind, tuple[tuple[str, Update], ...]] = field(init=False)
    """What those of `detectors` that look at steps of a kind are asked by, each with its name."""

    def __post_init__(self) -> None:
        looking = {
            kind: tuple((each.name, each.update) for each in self.detectors if kind in each.kinds) for kind in COUNTED
        }
        object.__setattr__(self, "looking", looking)


class Policies(Protocol):
    """Finds the policy of an agent; implementations cache, as this is asked for every step."""

    def of(self, service: str, agent: str, environment: str, agent_type: str) -> Policy:
        """The policy of *agent* in *service*; any of them may be ""."""
