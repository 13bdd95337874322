"""The progress detector: a state that stands still, a score that falls, results seen before."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from loopwatch_processor.detectors.progress import ProgressDetector, ProgressSettings
from loopwatch_processor.finding import Severity
from loopwatch_processor.step import Step
from tests.builders import Watch, model_step, tool_step


def watch(**thresholds: object) -> Watch:
    """A session under the progress detector."""
    return Watch(ProgressDetector(ProgressSettings.model_validate(thresholds)))


def states(*hashes: str) -> list[Step]:
    """Tool calls that report these states, one after the other."""
    return [tool_step(at_s=2.0 * i, state_hash=value, result=f"r{i}") for i, value in enumerate(hashes)]


def scores(*values: float) -> list[Step]:
    """Tool calls that report these progress scores."""
    return [tool_step(at_s=2.0 * i, progress=value) for i, value in enumerate(values)]


def test_a_state_that_stands_still_for_five_reports_is_a_warning() -> None:
    """The first report sets the state, five more without change are the finding, four are not."""
    seen = watch()
    assert seen.feed(*states("a", "a", "a", "a", "a")) == []
    found = seen.feed(tool_step(at_s=20, state_hash="a"))
    assert [(item.pattern, item.severity, item.stop_reason) for item in found] == [
        ("unchanged", Severity.WARNING, "no_progress")
    ]
    assert len(found[0].span_ids) == 6


def test_a_state_that_changes_now_and_then_is_silent() -> None:
    """A change within five reports is progress, also back to an earlier state."""
    assert watch().feed(*states("a", "a", "a", "a", "b", "b", "b", "b", "b", "a", "a", "a")) == []


def test_a_rising_score_excuses_a_standing_state() -> None:
    """Where both are reported, either one may show the progress."""
    steps = [tool_step(at_s=2.0 * i, state_hash="a", progress=i / 10) for i in range(10)]
    assert watch().feed(*steps) == []


def test_a_standing_score_alone_is_a_warning_too() -> None:
    """An agent that gives only a score is judged by it."""
    assert [item.pattern for item in watch().feed(*scores(0.3, 0.3, 0.3, 0.3, 0.3, 0.3))] == ["unchanged"]


def test_steps_without_reports_between_do_not_count() -> None:
    """What was not reported is unknown, so ten silent steps after one report say nothing."""
    silent = [tool_step(at_s=10.0 + i, result=f"new {i}") for i in range(10)]
    assert watch().feed(*states("a"), *silent) == []


def test_a_score_below_each_of_the_last_four_is_drift() -> None:
    """Further from the goal than several steps ago: the summary names both scores."""
    found = watch().feed(*scores(0.6, 0.7, 0.6, 0.65, 0.4))
    assert [(item.pattern, item.severity) for item in found] == [("drift", Severity.WARNING)]
    assert "0.40 after 0.60" in found[0].summary


@pytest.mark.parametrize(
    "values",
    [(0.1, 0.3, 0.2, 0.4, 0.3, 0.5), (0.6, 0.7, 0.6, 0.65, 0.55), (0.9, 0.2), (0.8, 0.3, 0.35, 0.4, 0.45)],
    ids=["zigzag upward", "small dip", "too few", "climbing again"],
)
def test_a_step_back_is_not_drift(values: tuple[float, ...]) -> None:
    """One step back, a small dip, too few reports, or a climb after a fall are how work goes."""
    assert watch().feed(*scores(*values)) == []


def test_results_seen_before_are_information_only() -> None:
    """Without state or score, eight results in a row that brought nothing new are info, never more."""
    found = watch().feed(*[tool_step(at_s=2.0 * i, result=f"page {i % 2}") for i in range(10)])
    assert {(item.pattern, item.severity) for item in found} == {("stale_results", Severity.INFO)}


def test_unknown_results_are_never_stale() -> None:
    """A result that is not captured counts as new."""
    assert watch().feed(*[tool_step(at_s=2.0 * i) for i in range(20)]) == []


def test_the_finding_says_what_was_spent_since() -> None:
    """Model calls after the last change are the waste."""
    seen = watch(unchanged_reports=2)
    seen.feed(model_step(at_s=0, input_tokens=500))
    seen.feed(*states("a"))
    seen.feed(model_step(at_s=3, input_tokens=100, output_tokens=20, cost_usd=0.5))
    found = seen.feed(tool_step(at_s=5, state_hash="a"), tool_step(at_s=7, state_hash="a"))
    assert [(item.wasted_tokens, item.wasted_usd) for item in found] == [(120, 0.5)]


def test_reports_are_judged_by_their_time_not_their_arrival() -> None:
    """A change that arrives late, yet lies between, is seen."""
    late = tool_step(at_s=5, state_hash="b")
    steps = [tool_step(at_s=2.0 * i, state_hash="a") for i in range(5)]
    assert watch().feed(*steps, late, tool_step(at_s=20, state_hash="a")) == []


def test_a_span_that_is_counted_again_reports_once() -> None:
    """Steps that move to their run are fed again; that is no further report."""
    seen = watch()
    same = tool_step(state_hash="a")
    assert seen.feed(*[same] * 10) == []


def test_unknown_settings_are_refused() -> None:
    """A misspelled threshold is an error, not a default."""
    with pytest.raises(ValidationError):
        ProgressSettings.model_validate({"unchanged_report": 3})
