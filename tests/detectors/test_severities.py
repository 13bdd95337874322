"""What may be critical out of the box: the table in docs/architecture.md, held here. A false page costs a night."""

from __future__ import annotations

import pytest

from loopwatch_processor.baselines import Baselines
from loopwatch_processor.detectors.base import Detector
from loopwatch_processor.detectors.budget import BudgetDetector, Budgets, BudgetSettings
from loopwatch_processor.detectors.context import ContextDetector, ContextSettings
from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.detectors.outliers import OutliersDetector, OutliersSettings
from loopwatch_processor.detectors.progress import ProgressDetector, ProgressSettings
from loopwatch_processor.detectors.stream import StreamDetector, StreamSettings
from loopwatch_processor.finding import Severity
from loopwatch_processor.prices import Prices
from loopwatch_processor.run import Run, Totals
from loopwatch_processor.step import Step, StreamTimings
from tests.builders import Watch, model_step, tool_step

STALLED = StreamTimings(ttft_s=86_400.0, max_gap_s=86_400.0, completed=False)


def filling(at_s: float, tokens: int) -> Step:
    return model_step(at_s=at_s, provider="openai", request_model="gpt-4o-mini", input_tokens=tokens)


def same_calls(count: int) -> list[Step]:
    return [tool_step(at_s=10.0 * n, arguments='{"q":"x"}', result="nothing") for n in range(count)]


def news(count: int) -> list[Step]:
    return [tool_step(at_s=10.0 * n, arguments=f'{{"n":{n}}}', result="seen before") for n in range(count)]


def short_runs(agent_type: str) -> Baselines:
    baselines = Baselines()
    for _ in range(100):
        baselines.learn((agent_type, "", ""), Run("r", totals=Totals(steps=1)))
    return baselines


OUTLIERS = OutliersDetector(OutliersSettings(), short_runs("research"))
WORST: list[tuple[str, Detector, list[Step], Severity]] = [
    ("a full context", ContextDetector(ContextSettings(), Prices().window), [filling(0, 127_999)], Severity.WARNING),
    ("context 70 %", ContextDetector(ContextSettings(), Prices().window), [filling(0, 90_000)], Severity.INFO),
    ("a stream silent for a day", StreamDetector(StreamSettings()), [model_step(stream=STALLED)], Severity.WARNING),
    ("a built-in cap", BudgetDetector(BudgetSettings()), [model_step(cost_usd=9.0, input_tokens=1)], Severity.WARNING),
    ("no progress without a report", ProgressDetector(ProgressSettings()), news(30), Severity.INFO),
    ("a thousand times its peers' steps and time", OUTLIERS, news(1_000), Severity.INFO),
    ("a loop at its warning", LoopDetector(LoopSettings()), same_calls(4), Severity.WARNING),
]
BUDGETS = Budgets.model_validate({"per_session": {"max_usd": 1.0}})
CRITICAL: list[tuple[str, Detector, list[Step]]] = [
    ("a limit of the user's", BudgetDetector(BudgetSettings(), BUDGETS), [model_step(cost_usd=2.0, input_tokens=1)]),
    ("a loop five repetitions later", LoopDetector(LoopSettings()), same_calls(9)),
]


@pytest.mark.parametrize(("what", "detector", "steps", "severity"), WORST, ids=[case[0] for case in WORST])
def test_by_default_nothing_else_is_worse(what: str, detector: Detector, steps: list[Step], severity: Severity) -> None:
    """However bad it gets: a ticket, or context, but no page."""
    seen = Watch(detector)
    seen.session.agent_type = "research"
    seen.feed(*steps)

    assert max(item.severity for item in seen.findings) is severity, what


@pytest.mark.parametrize(("what", "detector", "steps"), CRITICAL, ids=[case[0] for case in CRITICAL])
def test_what_may_wake_somebody_does(what: str, detector: Detector, steps: list[Step]) -> None:
    """The two reasons that there are by default."""
    seen = Watch(detector)
    seen.feed(*steps)

    assert max(item.severity for item in seen.findings) is Severity.CRITICAL, what


def test_an_agent_of_unknown_type_has_no_limit() -> None:
    """Neither of money nor of steps: three quarters of healthy coding runs pass 25 calls."""
    seen = Watch(BudgetDetector(BudgetSettings()))
    seen.feed(*(model_step(at_s=float(n), cost_usd=1e3, input_tokens=10**6) for n in range(200)))

    assert seen.findings == []
