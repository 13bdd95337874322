"""The loop detector: finds repetition without progress, leaves repetitive work alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loopwatch_processor.detectors.loop import LoopSettings
from loopwatch_processor.finding import Severity
from loopwatch_processor.step import ErrorInfo, Step
from tests.builders import model_step, tool_step
from tests.detectors.loops.cases import FIRES, SILENT
from tests.detectors.loops.rows import REPHRASED, calls
from tests.detectors.loops.watching import patterns, watch


@pytest.mark.parametrize(("pattern", "steps"), FIRES.values(), ids=FIRES)
def test_a_loop_is_found_as_a_warning(pattern: str, steps: list[Step]) -> None:
    """The pattern shows at the last step of the case, and warns first."""
    seen = watch()
    found = seen.feed(*steps)
    assert patterns(seen)[-1] == pattern
    assert {item.severity for item in found} == {Severity.WARNING}
    assert steps[-1].span_id in found[-1].span_ids
    assert found[-1].stop_reason == "loop_detected"


@pytest.mark.parametrize("steps", SILENT.values(), ids=SILENT)
def test_repetitive_work_is_left_alone(steps: list[Step]) -> None:
    """Batches, pages, polls, retries and test cycles repeat, and get on."""
    seen = watch()
    seen.feed(*steps)
    assert seen.findings == []


def test_a_loop_turns_critical_after_five_more_repetitions() -> None:
    """Warning at the fourth call, critical at the ninth."""
    found = watch().feed(*calls([("status", {"job": 7}, "idle")] * 9))
    assert [item.severity for item in found] == [Severity.WARNING] * 5 + [Severity.CRITICAL]


def test_a_loop_that_stops_starts_to_count_anew() -> None:
    """Six other calls end a loop; what comes then is a warning again."""
    loop = [("status", {"job": 7}, "idle")] * 8
    work = [("read", {"path": str(i)}, f"text {i}") for i in range(16)]
    found = watch().feed(*calls([*loop, *work, *loop]))
    assert {item.severity for item in found} == {Severity.WARNING}


def test_a_short_break_does_not_end_a_loop() -> None:
    """Hysteresis: one other call between two stretches of the same loop changes nothing."""
    loop = [("status", {"job": 7}, "idle")] * 5
    found = watch().feed(*calls([*loop, ("read", {"path": "a"}, "text"), *loop]))
    assert found[-1].severity is Severity.CRITICAL


def test_the_summary_names_what_an_operator_needs_and_no_content() -> None:
    """Tool, count, similarity, onset, cost and what would be progress; never the arguments."""
    seen = watch()
    steps = calls([("search", {"query": text}, "[]") for text in REPHRASED])
    for index, step in enumerate(steps):
        seen.feed(model_step(at_s=2.0 * index - 1, duration_s=0.5, input_tokens=1000, output_tokens=50, cost_usd=0.02))
        seen.feed(step)
    found = seen.findings[-1]
    assert found.wasted_tokens == 3150
    assert found.wasted_usd == pytest.approx(0.06)
    for part in ("`search`", "4 times", "similarity 0.", "since step 2", "3,150 tokens ($0.06)", "count as progress"):
        assert part in found.summary
    assert "refund" not in found.summary


def test_a_declared_identity_decides_what_is_the_same_call() -> None:
    """A fresh request number in the arguments hides nothing where the tool says what identifies a call."""
    steps = [
        tool_step(
            "quote", at_s=2.0 * i, arguments=f'{{"nonce":"n{i}","symbol":"X"}}', result="12", identity=("symbol",)
        )
        for i in range(4)
    ]
    assert [item.pattern for item in watch().feed(*steps)] == ["exact"]


def test_a_declared_poll_is_not_scored() -> None:
    """A tool that the user calls a poll may be asked for ever."""
    steps = [tool_step("wait_for", at_s=2.0 * i, arguments="{}", result="not yet", polling=True) for i in range(30)]
    assert watch().feed(*steps) == []


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=40), st.booleans())
def test_unknown_arguments_never_match(tools: list[str], with_result: bool) -> None:
    """Whatever the order of tools: without arguments there is no loop."""
    result = "same" if with_result else None
    steps = [tool_step(tool, at_s=2.0 * i, result=result) for i, tool in enumerate(tools)]
    assert watch().feed(*steps) == []


@given(st.permutations(range(6)))
def test_order_of_arrival_does_not_matter(order: list[int]) -> None:
    """Calls that arrive out of order are judged in their own order."""
    steps = calls([("status", {"job": 7}, "idle")] * 6)
    assert "exact" in {item.pattern for item in watch().feed(*(steps[i] for i in order))}


def test_unknown_settings_are_refused() -> None:
    """A misspelled threshold is an error, not a default."""
    with pytest.raises(ValidationError):
        LoopSettings.model_validate({"exact_call": 3})


def test_twelve_failing_calls_of_one_tool_warn_at_the_third_and_page_at_the_eighth() -> None:
    """A framework that reports the same exception for the same call until its step limit."""
    rows = [("final_sum", {"rows": 3}, None, "TypeError: rows must be a list")] * 12
    found = watch().feed(*calls(rows))
    assert [item.severity for item in found] == [Severity.WARNING] * 5 + [Severity.CRITICAL] * 5


def test_a_busy_service_may_be_asked_a_few_times() -> None:
    """Rate limits pass: four identical tries are a retry policy, five are a loop."""
    busy = ErrorInfo("429", "rate_limit", "too many requests")
    steps = [tool_step("quote", at_s=2.0 * i, arguments="{}", error=busy) for i in range(5)]
    seen = watch()
    assert seen.feed(*steps[:4]) == []
    assert [item.pattern for item in seen.feed(steps[4])] == ["exact"]
