"""Runs out of the ordinary: told as information, and only where the ordinary is known."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.baselines import Baselines, Peers
from loopwatch_processor.detectors.outliers import OutliersDetector
from loopwatch_processor.detectors.outliers_settings import OutliersSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.run import Run, Totals
from tests.builders import Watch, tool_step, turn_step

RESEARCH: Peers = ("research", "", "")


def after(runs: list[tuple[int, float]], peers: Peers = RESEARCH) -> Baselines:
    """What is usual after *runs* of so many steps and seconds."""
    baselines = Baselines()
    for steps, duration_s in runs:
        baselines.learn(peers, Run("r", ended_ns=round(duration_s * 1e9) + 1, started_ns=1, totals=Totals(steps=steps)))
    return baselines


def watching(baselines: Baselines, **settings: float) -> Watch:
    """A session of a research agent under the eyes of the detector."""
    seen = Watch(OutliersDetector(OutliersSettings.model_validate(settings), baselines))
    seen.session.agent_type = "research"
    return seen


def taking(baselines: Baselines, steps: int, every_s: float = 0.1, **settings: float) -> list[Finding]:
    """What is said of a run of so many steps."""
    seen = watching(baselines, **settings)
    seen.feed(*(tool_step(at_s=n * every_s, duration_s=0.0) for n in range(steps)))
    return seen.findings


def test_steps_beyond_three_times_the_99th_percentile_are_told_while_the_run_is_open() -> None:
    """From the first step beyond it, at each further one, with what is usual as evidence."""
    found = taking(after([(10, 30.0)] * 100), steps=33)
    assert {(item.pattern, item.severity, item.stop_reason) for item in found} == {
        ("steps", Severity.INFO, "step_budget")
    }
    assert [item.values["steps"] for item in found] == [31, 32, 33]
    assert found[0].values["ended_runs"] == 100
    assert found[0].values["p99_steps"] == pytest.approx(10, rel=0.03)
    assert found[0].threshold == pytest.approx(30, rel=0.03)
    assert found[0].summary == (
        "The run has taken 31 steps; 99 of 100 of the 100 runs like it that ended in 7 days took 10 at most."
    )


def test_a_duration_beyond_three_times_the_99th_percentile_is_told() -> None:
    """By the clock of its spans."""
    found = taking(after([(10, 30.0)] * 100), steps=10, every_s=11.0)
    assert [(item.pattern, item.severity, item.stop_reason) for item in found] == [
        ("duration", Severity.INFO, "time_budget")
    ]
    assert found[0].values["duration_s"] == 99.0


def test_the_span_that_ends_a_run_is_the_last_that_is_looked_at() -> None:
    """Where only it tells who the agent is, it is the first as well."""
    baselines = after([(10, 30.0)] * 100, ("", "svc", "refunds"))
    seen = Watch(OutliersDetector(OutliersSettings(), baselines))
    seen.session.service = "svc"
    assert not seen.feed(*(tool_step() for _ in range(40)), agent="")
    found = seen.feed(turn_step(agent="refunds", span_id="run", service="svc"), agent="refunds")
    assert [item.pattern for item in found] == ["steps"]


@pytest.mark.parametrize("runs", [0, 1, 99])
def test_before_a_hundred_runs_ended_nothing_is_usual(runs: int) -> None:
    """A 99th percentile of fewer says nothing."""
    assert taking(after([(10, 30.0)] * runs), steps=200, every_s=60.0) == []


def test_runs_of_other_agents_say_nothing() -> None:
    """A coding agent works longer than one that answers in one call."""
    assert taking(after([(1, 1.0)] * 500, ("conversational", "", "")), steps=200, every_s=60.0) == []


def test_a_few_steps_are_nobodys_concern() -> None:
    """Three times of nearly nothing is still nearly nothing."""
    baselines = after([(1, 0.5)] * 500)
    assert taking(baselines, steps=10, every_s=6.0) == []
    assert {item.pattern for item in taking(baselines, steps=11, every_s=6.1)} == {"steps", "duration"}


def test_a_healthy_long_tail_is_silent() -> None:
    """Steps and durations of agents are log-normal: the longest of hundreds is eight times the middle one."""
    chance = random.Random(7)
    healthy = [
        (round(12 * chance.lognormvariate(0, 0.7)) + 1, 90 * chance.lognormvariate(0, 0.7)) for _ in range(1_500)
    ]
    baselines = after(healthy[:1_000])
    further = healthy[1_000:]
    assert max(steps for steps, _ in further) > 80
    for steps, duration_s in further:
        assert taking(baselines, steps, duration_s / max(1, steps - 1)) == []


def test_an_outlier_leaves_the_next_one_as_remarkable() -> None:
    """One runaway in a hundred does not become the measure of all."""
    baselines = after([(10, 30.0)] * 99 + [(100_000, 1e6)])
    assert taking(baselines, steps=40)


@given(st.integers(1, 60), st.floats(1.0, 5.0))
def test_what_is_no_more_than_its_peers_took_is_silent(steps: int, factor: float) -> None:
    """Whatever the factor: three hundredths, the error of a sketch, are not out of the ordinary."""
    found = taking(after([(60, 600.0)] * 100), steps, factor=max(1.04, factor))
    assert found == []


def test_thresholds_are_settings() -> None:
    """A user who wants to know earlier says so."""
    baselines = after([(10, 30.0)] * 100)
    assert taking(baselines, steps=25) == []
    assert taking(baselines, steps=25, factor=2.0)
    assert taking(baselines, steps=40, min_runs=101) == []
