"""The progress detector: a state that stands still, a score that falls, results seen before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loopwatch_processor.detectors.progress import ProgressDetector
from loopwatch_processor.detectors.progress_settings import ProgressSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.step import Step
from tests.builders import Watch, model_step, tool_step, turn_step


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


def test_the_finding_says_what_to_do() -> None:
    """One sentence: what stands, for how long, since which step, what it has cost, what would help; else halt."""
    seen = watch()
    seen.feed(*states("z", "a"))
    seen.feed(model_step(at_s=5, input_tokens=1_000, output_tokens=200, cost_usd=0.5))
    found = seen.feed(*[tool_step(at_s=10.0 + 2 * i, state_hash="a") for i in range(5)])
    assert [item.summary for item in found] == [
        "The state has not changed over the last 5 reports since step 2, 1,200 tokens ($0.50) spent meanwhile; "
        "a changed state would count as progress, without one the run should halt."
    ]


def test_it_is_given_out_again_while_it_holds_and_no_more_when_life_returns() -> None:
    """Incidents stay open by being told again, and close by silence."""
    seen = watch()
    seen.feed(*states("a", "a", "a", "a", "a", "a"))
    assert [item.values["unchanged_reports"] for item in seen.feed(tool_step(at_s=20, state_hash="a"))] == [6]
    assert seen.feed(tool_step(at_s=22, state_hash="b"), tool_step(at_s=24, state_hash="b")) == []


def test_state_here_and_score_there_are_each_held_against_their_own_kind() -> None:
    """Where models tell the score and tools the state, a change of either is progress, and unknown is no change."""
    moving = [tool_step(at_s=4.0 * i, state_hash=f"s{i}") for i in range(8)]
    standing = [model_step(at_s=4.0 * i + 2, progress=0.2) for i in range(8)]
    both = sorted([*moving, *standing], key=lambda item: item.start_ns)
    assert watch().feed(*both) == []
    assert watch().feed(*standing) != []


def test_the_last_word_on_the_agents_own_span_is_no_further_report() -> None:
    """The helpers repeat the newest report on the span of the run: it began before that report."""
    calls = states("a", "a", "a", "a", "a")
    assert watch().feed(*calls, turn_step(at_s=0, duration_s=20, state_hash="a")) == []


def test_calls_at_the_same_time_are_one_step() -> None:
    """A fan-out of ten reads tells ten times of one state."""
    fan_out = [tool_step(at_s=0, duration_s=1 + i / 10, state_hash="a") for i in range(10)]
    assert watch().feed(*fan_out) == []


def test_waiting_for_a_job_is_no_standstill() -> None:
    """A tool that is declared to poll is called again and again on purpose."""
    steps = [tool_step(at_s=2.0 * i, state_hash="a", polling=True, result="running") for i in range(20)]
    assert watch().feed(*steps) == []
    unreported = [tool_step(at_s=2.0 * i, polling=True, result="running") for i in range(20)]
    assert watch().feed(*unreported) == []


def test_who_is_at_the_goal_cannot_stand_still() -> None:
    """A score of 1 says that nothing is left to change."""
    assert watch().feed(*scores(0.5, *[1.0] * 10)) == []


def test_each_agent_is_held_against_itself() -> None:
    """The moving state of one agent does not excuse another, and its score is no yardstick for it."""
    seen = watch()
    for i in range(6):
        seen.feed(tool_step(at_s=4.0 * i, state_hash=f"s{i}", progress=0.9), agent="writer")
        seen.feed(tool_step(at_s=4.0 * i + 2, state_hash="a", progress=0.1), agent="critic")
    assert [item.pattern for item in seen.findings] == ["unchanged"]


@pytest.mark.parametrize("score", [-1.0, 45.0, float("nan")])
def test_a_score_off_its_scale_is_unknown(score: float) -> None:
    """A percentage, or no number: neither standing nor falling."""
    assert watch().feed(*scores(*[score] * 8)) == []
    assert watch().feed(*scores(0.5, 0.6, 0.5, score, score, score)) == []


def test_a_score_that_stays_below_that_of_four_reports_ago_is_drift() -> None:
    """Further from the goal than several steps ago, twice in a row: the summary names both scores."""
    found = watch().feed(*scores(0.6, 0.7, 0.6, 0.45, 0.4))
    assert [(item.pattern, item.severity) for item in found] == [("drift", Severity.WARNING)]
    assert "than 4 reports ago since step 1: progress score 0.40 after 0.60" in found[0].summary


def test_a_slow_slide_is_drift() -> None:
    """No single step back is large, and it goes on being told while the slide goes on."""
    assert [item.pattern for item in watch().feed(*scores(0.8, 0.75, 0.7, 0.65, 0.6, 0.55))] == ["drift", "drift"]


@pytest.mark.parametrize(
    "values",
    [
        (0.1, 0.3, 0.2, 0.4, 0.3, 0.5),
        (0.6, 0.7, 0.6, 0.65, 0.55),
        (0.9, 0.2),
        (0.8, 0.8, 0.3, 0.35, 0.4, 0.45),
        (0.8, 0.8, 0.8, 0.8, 0.0, 0.85),
        (0.5, 0.5, 0.9, 0.5, 0.52, 0.5, 0.52),
    ],
    ids=["zigzag upward", "small dip", "too few", "climbing again", "one broken build", "one lucky guess"],
)
def test_a_step_back_is_not_drift(values: tuple[float, ...]) -> None:
    """One step back, a small dip, too few reports, or a climb after a fall are how work goes."""
    assert watch().feed(*scores(*values)) == []


def test_the_score_of_another_turn_is_no_yardstick() -> None:
    """One task done, the next of the same kind begins at nothing."""
    seen, found = watch(), list[Finding]()
    for i, (turn, value) in enumerate([("one", 0.7), ("one", 0.8), ("one", 0.9), ("", 0.1), ("", 0.1)]):
        step = tool_step(at_s=2.0 * i, progress=value)
        found += seen.detector.update(step, seen.session.add(step, "run", ("researcher", ""), turn=turn))
    assert found == []


def test_scores_of_agents_side_by_side_are_told_apart_by_what_is_above_them() -> None:
    """Two workers of one name take turns, and their own spans have not come yet."""
    seen = watch()
    for i in range(4):
        seen.feed(tool_step(at_s=8.0 * i, progress=0.8, parent_id="one"))
        seen.feed(tool_step(at_s=8.0 * i + 2, progress=0.8 + i / 100, parent_id="one"))
        seen.feed(tool_step(at_s=8.0 * i + 4, progress=0.1 + i / 100, parent_id="two"))
        seen.feed(tool_step(at_s=8.0 * i + 6, progress=0.1 + i / 90, parent_id="two"))
    assert seen.findings == []


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


def test_a_report_that_moves_to_the_name_of_its_agent_is_not_counted_twice() -> None:
    """The agent's name comes with its last span; what was counted without it moves there."""
    seen = watch()
    steps = states("a", "a", "a", "a", "a", "a")
    seen.feed(*steps[:5], agent="")
    assert seen.feed(*steps[:5]) == []
    assert len(seen.feed(steps[5])) == 1


def test_a_report_that_moves_to_its_own_run_says_nothing_of_the_other_one() -> None:
    """Tasks of one trace are one run until their agent spans come: three reports of one and three of the next."""
    seen = watch()
    first, second = states("a", "a", "a"), [tool_step(at_s=20.0 + 2 * i, state_hash="a") for i in range(3)]
    seen.feed(*first, second[0], run="trace")
    for step in first:
        seen.session.remove(step, "trace", ("researcher", ""))
        place = seen.session.add(step, "task", ("researcher", ""))
        assert list(seen.detector.update(step, replace(place, before=step, moved=True))) == []
    assert seen.feed(*second[1:], run="trace") == []


def test_what_is_remembered_is_bounded() -> None:
    """A run of a thousand reports by a hundred agents; the sentence says that there may have been more."""
    seen = watch()
    found = seen.feed(*[tool_step(at_s=2.0 * i, state_hash="a") for i in range(1_000)])
    assert "over the last 63 or more reports" in found[-1].summary
    for n in range(100):
        seen.feed(tool_step(at_s=0, state_hash="a"), agent=f"agent {n}")
    memory = seen.session.runs["run"].memo["progress"]
    assert len(memory.agents) == 64


REPORTED = st.lists(
    st.tuples(st.sampled_from(["", "a", "b"]), st.sampled_from([None, 0.0, 0.2, 0.25, 0.6, 1.0]), st.booleans()),
    max_size=24,
)


def reporting(said: list[tuple[str, float | None, bool]]) -> list[Step]:
    """Steps one after the other that report such (state, score), half of them by models."""
    return [
        (model_step if by_model else tool_step)(at_s=2.0 * i, state_hash=state, progress=score)
        for i, (state, score, by_model) in enumerate(said)
    ]


@given(REPORTED, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(said: list[tuple[str, float | None, bool]], random: Random) -> None:
    """What the last report leads to is the same, however those before it came."""
    steps = reporting(said)
    last = tool_step(at_s=100, state_hash="a", progress=0.2)
    shuffled = random.sample(steps, len(steps))
    first, second = watch(), watch()
    first.feed(*steps)
    second.feed(*shuffled)
    assert told(first.feed(last)) == told(second.feed(last))


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abc")), max_size=12))
def test_a_change_within_five_reports_is_never_a_standstill(runs: list[tuple[int, str]]) -> None:
    """However states come and go, as long as none stands for longer."""
    hashes = [f"{value}{n % 2}" for n, (length, value) in enumerate(runs) for _ in range(length)]
    assert watch().feed(*states(*hashes)) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_score_that_never_falls_is_never_drift(values: list[float]) -> None:
    """Whatever the pace."""
    assert "drift" not in {item.pattern for item in watch().feed(*scores(*sorted(values)))}


@given(REPORTED, st.integers(1, 10))
def test_steps_without_a_report_change_nothing(said: list[tuple[str, float | None, bool]], silent: int) -> None:
    """Neither do they hide a standstill, nor add to it."""
    steps = [step for step in reporting(said) if step.state_hash or step.progress is not None]
    between = [tool_step(at_s=2.0 * i + 1.2, duration_s=0.1, result=f"new {i}") for i in range(silent)]
    mixed = sorted([*steps, *between], key=lambda item: item.end_ns)
    assert told(watch().feed(*mixed)) == told(watch().feed(*steps))


@given(REPORTED)
def test_no_report_is_information_at_most_and_a_report_a_warning_at_most(
    said: list[tuple[str, float | None, bool]],
) -> None:
    """Whatever comes, nothing here wakes a person, and every finding suggests the same reason to stop."""
    steps = reporting(said)
    for item in watch(stale_results=2).feed(*steps):
        assert item.severity is (Severity.INFO if item.pattern == "stale_results" else Severity.WARNING)
        assert item.stop_reason == "no_progress"
        assert 0 <= item.score <= 1
        assert item.span_ids


def told(found: list[Finding]) -> list[tuple[str, Mapping[str, float | int | str], tuple[str, ...]]]:
    """What findings say, but for the ordinals of steps, which tell of arrival."""
    return [(item.pattern, item.values, tuple(item.span_ids)) for item in found]


def test_unknown_settings_are_refused() -> None:
    """A misspelled threshold is an error, not a default."""
    with pytest.raises(ValidationError):
        ProgressSettings.model_validate({"unchanged_report": 3})
