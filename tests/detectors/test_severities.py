"""What may be critical out of the box: the table in docs/architecture.md, held here. A false page costs a night."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loopwatch_processor.baselines import Baselines
from loopwatch_processor.detectors.base import Detector, OpenPlace
from loopwatch_processor.detectors.budget import BudgetDetector
from loopwatch_processor.detectors.budget_settings import Budgets, BudgetSettings
from loopwatch_processor.detectors.context import ContextDetector
from loopwatch_processor.detectors.context_settings import ContextSettings
from loopwatch_processor.detectors.lifecycle import LifecycleDetector
from loopwatch_processor.detectors.lifecycle_settings import LifecycleSettings
from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.detectors.outliers import OutliersDetector
from loopwatch_processor.detectors.outliers_settings import OutliersSettings
from loopwatch_processor.detectors.progress import ProgressDetector
from loopwatch_processor.detectors.progress_settings import ProgressSettings
from loopwatch_processor.detectors.stream import StreamDetector
from loopwatch_processor.detectors.stream_settings import StreamSettings
from loopwatch_processor.finding import Severity
from loopwatch_processor.open_span import OpenSpan, Said
from loopwatch_processor.prices import Prices
from loopwatch_processor.run import Run, Totals
from loopwatch_processor.step import Step, StepKind, StreamTimings
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


AN_HOUR_S = 3_600.0


def open_call(gap_s: float | None, chunks: int | None) -> OpenSpan:
    said = Said("t", "s", round(AN_HOUR_S * 1e9), StepKind.MODEL_CALL, gap_s=gap_s, chunks=chunks)
    return OpenSpan(said, began_ns=0)


@pytest.mark.parametrize(
    ("gap_s", "chunks", "severity"),
    [
        (None, None, Severity.WARNING),
        (0.1, 9_000, Severity.WARNING),
        (30.0, 40, Severity.WARNING),
        (299.0, 40, Severity.WARNING),
        (60.0, 0, Severity.WARNING),
        (299.0, 0, Severity.WARNING),
        (300.0, 40, Severity.CRITICAL),
        (300.0, 0, Severity.CRITICAL),
    ],
)
def test_only_an_open_stream_without_content_for_300_s_wakes_somebody(
    gap_s: float | None, chunks: int | None, severity: Severity
) -> None:
    """A call that is open for an hour is a ticket; silence is one from 30 s on, and a page from 300 s on."""
    found = list(StreamDetector(StreamSettings()).watch(open_call(gap_s, chunks), OpenPlace()))
    assert max(item.severity for item in found) is severity


def test_a_lost_worker_and_an_idle_agent_wake_nobody() -> None:
    """Nobody promised anything."""
    detector, span = LifecycleDetector(LifecycleSettings()), open_call(None, None)
    lost = detector.lost([span] * 1_000, 86_400.0)
    agent = OpenSpan(replace(span.said, kind=StepKind.AGENT_TURN), began_ns=0)
    (idle,) = detector.watch(agent, OpenPlace(idle_s=86_400.0))
    assert lost is not None
    assert (lost.severity, idle.severity) == (Severity.WARNING, Severity.INFO)


def test_an_agent_of_unknown_type_has_no_limit() -> None:
    """Neither of money nor of steps: three quarters of healthy coding runs pass 25 calls."""
    seen = Watch(BudgetDetector(BudgetSettings()))
    seen.feed(*(model_step(at_s=float(n), cost_usd=1e3, input_tokens=10**6) for n in range(200)))

    assert seen.findings == []
