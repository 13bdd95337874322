"""The policies of agents, built from the configuration."""

from __future__ import annotations

from functools import lru_cache

from loopwatch_processor.baselines import Baselines
from loopwatch_processor.config.effective import AgentPolicy, effective
from loopwatch_processor.config.settings import Config
from loopwatch_processor.detectors.base import Detector
from loopwatch_processor.detectors.budget import BudgetDetector
from loopwatch_processor.detectors.context import ContextDetector, WindowOf
from loopwatch_processor.detectors.lifecycle import LifecycleDetector
from loopwatch_processor.detectors.loop import LoopDetector
from loopwatch_processor.detectors.outliers import OutliersDetector
from loopwatch_processor.detectors.progress import ProgressDetector
from loopwatch_processor.detectors.stream import StreamDetector
from loopwatch_processor.policy import Policy

MAX_AGENTS = 4_096
"""Agents whose policy is remembered; names come from spans, so there may be any number of them."""


class ConfiguredPolicies:
    """Finds the policy of an agent by the first rule that matches it; agents of one rule share their detectors."""

    def __init__(self, config: Config, window_of: WindowOf, baselines: Baselines | None = None) -> None:
        self._config = config
        self._baselines = baselines or Baselines()
        self._window_of = window_of
        self._by_rule: dict[int | None, Policy] = {}
        self._found = lru_cache(maxsize=MAX_AGENTS)(self._find)

    def of(self, service: str, agent: str, environment: str, agent_type: str) -> Policy:  # noqa: ARG002 - see Policies
        """The policy of *agent* in *service*; any of them may be ""."""
        return self._found(service, agent, environment)

    def _find(self, service: str, agent: str, environment: str) -> Policy:
        settings = effective(self._config, service, agent, environment)
        if settings.rule not in self._by_rule:
            self._by_rule[settings.rule] = self._policy(settings)
        return self._by_rule[settings.rule]

    def _policy(self, settings: AgentPolicy) -> Policy:
        by_name = settings.detectors
        stream = StreamDetector(by_name.stream) if by_name.stream.enabled else None
        lifecycle = LifecycleDetector(by_name.lifecycle) if by_name.lifecycle.enabled else None
        looking = tuple(detector for detector in (stream, lifecycle) if detector is not None)
        return Policy(self._detectors(settings), settings.type, looking, lifecycle)

    def _detectors(self, settings: AgentPolicy) -> tuple[Detector, ...]:
        by_name = settings.detectors
        built: list[tuple[bool, Detector]] = [
            (by_name.loop.enabled, LoopDetector(by_name.loop)),
            (by_name.progress.enabled, ProgressDetector(by_name.progress)),
            (by_name.context.enabled, ContextDetector(by_name.context, self._window_of)),
            (by_name.stream.enabled, StreamDetector(by_name.stream)),
            (by_name.budget.enabled, BudgetDetector(by_name.budget, settings.budgets)),
            (by_name.outliers.enabled, OutliersDetector(by_name.outliers, self._baselines)),
        ]
        return tuple(detector for enabled, detector in built if enabled)
