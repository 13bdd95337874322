"""Context windows that fill up, overflow, or were compacted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loopwatch_processor.detectors.context import ContextDetector
from loopwatch_processor.detectors.context_settings import ContextSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.prices import Prices, Window
from loopwatch_processor.step import ErrorInfo
from tests.builders import Watch, model_step, tool_step

_LISTED = Window(100_000, "list")
_GIVEN = Window(100_000, "config")


def _watch(window: Window | None = _LISTED, settings: ContextSettings | None = None) -> Watch:
    return Watch(ContextDetector(settings or ContextSettings(), lambda _: window))


def _feed(watch: Watch, *inputs: int, start_s: float = 0.0, run: str = "run", model: str = "m-1") -> list[Finding]:
    steps = [
        model_step(input_tokens=tokens, request_model=model, at_s=start_s + 10 * index)
        for index, tokens in enumerate(inputs)
    ]
    return watch.feed(*steps, run=run)


def test_seventy_per_cent_is_context_and_ninety_a_warning() -> None:
    """The two steps of the same pattern, so that the second escalates the first."""
    watch = _watch()
    assert _feed(watch, 69_999) == []
    (info,) = _feed(watch, 70_000, start_s=10)
    (warning,) = _feed(watch, 90_000, start_s=20)
    assert (info.pattern, info.severity, info.threshold) == ("filling", Severity.INFO, 0.70)
    assert (warning.pattern, warning.severity, warning.threshold) == ("filling", Severity.WARNING, 0.90)
    assert warning.stop_reason == "context_exhausted"
    assert warning.score == pytest.approx(0.9)


def test_a_full_context_is_never_critical() -> None:
    """It is a ticket: the run ends by itself, and nothing is spent while it waits."""
    (finding,) = _feed(_watch(_GIVEN), 150_000)
    assert finding.severity is Severity.WARNING
    assert finding.score == 1.0


def test_growth_and_steps_left_are_told() -> None:
    """50,000 then 60,000 then 70,000: 10,000 a call, so three more calls fit into 100,000."""
    (finding,) = _feed(_watch(), 50_000, 60_000, 70_000)
    assert finding.values["growth_tokens_per_step"] == 10_000
    assert finding.values["steps_left"] == 3
    assert "70% full (70,000 of 100,000 tokens)" in finding.summary
    assert "full in 3 calls" in finding.summary


def test_two_calls_are_too_few_to_forecast() -> None:
    """One difference is no trend."""
    (finding,) = _feed(_watch(), 10_000, 70_000)
    assert "steps_left" not in finding.values


def test_growth_starts_anew_after_a_compaction() -> None:
    """Before it 30,000 a call, since then 5,000: the newer pace counts."""
    findings = _feed(_watch(), 30_000, 60_000, 90_000, 40_000, 45_000, 50_000, 55_000, 60_000, 65_000, 70_000)
    assert findings[-1].values["growth_tokens_per_step"] == 5_000


def test_growth_is_told_across_the_turns_of_a_conversation() -> None:
    """A chat makes one call a turn: its context grows all the same."""
    watch = _watch()
    for turn, tokens in enumerate((50_000, 60_000, 70_000)):
        _feed(watch, tokens, start_s=100 * turn, run=f"turn-{turn}")
    assert watch.findings[-1].values["growth_tokens_per_step"] == 10_000


def test_an_unknown_window_is_silent() -> None:
    """Nobody knows acme-1: no guess."""
    watch = Watch(ContextDetector(ContextSettings(), Prices().window))
    assert _feed(watch, 900_000, model="acme-1") == []


def test_the_real_window_of_a_listed_model_is_used() -> None:
    """gpt-4o-mini holds 128,000 tokens: 115,200 are 90 % of it."""
    watch = Watch(ContextDetector(ContextSettings(), Prices().window))
    (finding,) = _feed(watch, 115_200, model="gpt-4o-mini")
    assert finding.severity is Severity.WARNING
    assert finding.values["window_source"] == "list"


def test_a_call_that_went_through_disproves_a_listed_window() -> None:
    """A long-context contract: more input than the list allows was accepted, so the list does not hold here."""
    assert _feed(_watch(_LISTED), 150_000) == []


def test_agents_are_judged_apart() -> None:
    """A sub-agent's short context neither hides nor dilutes the growth of the other."""
    watch = _watch()
    for index, tokens in enumerate((50_000, 60_000, 70_000)):
        watch.feed(model_step(input_tokens=tokens, request_model="m-1", at_s=20 * index), agent="planner")
        watch.feed(model_step(input_tokens=1_000, request_model="m-1", at_s=20 * index + 5), agent="worker")
    (finding,) = watch.findings
    assert finding.values["growth_tokens_per_step"] == 10_000


def test_a_big_drop_that_stays_is_a_compaction() -> None:
    """60,000 tokens became 8,000 and stayed low: told once it is confirmed, with both figures."""
    (finding,) = _feed(_watch(), 40_000, 60_000, 8_000, 9_000)
    assert (finding.pattern, finding.severity) == ("compaction", Severity.INFO)
    assert (finding.values["before_tokens"], finding.values["after_tokens"]) == (60_000, 8_000)
    assert len(finding.span_ids) == 2


def test_a_small_side_question_is_no_compaction() -> None:
    """Harnesses ask for titles and summaries in between: the context is as long as before right after."""
    assert _feed(_watch(), 40_000, 50_000, 600, 52_000, 54_000) == []


def test_a_new_run_with_a_short_context_is_no_compaction() -> None:
    """A batch starts every item afresh."""
    watch = _watch()
    for item in range(3):
        assert _feed(watch, 20_000, 40_000, 60_000, start_s=100 * item, run=f"item-{item}") == []


def test_short_contexts_come_and_go() -> None:
    """A drop from 3,000 to 500 tokens is nothing to speak of."""
    assert _feed(_watch(), 3_000, 500, 600) == []


def test_calls_to_another_model_are_not_compared() -> None:
    """Two small-model calls after a large-model one are helpers, not a compaction."""
    watch = _watch()
    _feed(watch, 60_000, model="large")
    assert _feed(watch, 2_000, 2_100, start_s=10, model="small") == []


def test_an_announced_compaction_is_believed() -> None:
    """The emitter says so: no second call is needed."""
    watch = _watch()
    _feed(watch, 60_000)
    (finding,) = watch.feed(model_step(input_tokens=50_000, request_model="m-1", compacted=True, at_s=10))
    assert finding.pattern == "compaction"


@pytest.mark.parametrize(
    "error",
    [
        ErrorInfo("context_length_exceeded", "other"),
        ErrorInfo("BadRequestError", "other", "This model's maximum context length is 128000 tokens."),
        ErrorInfo("invalid_request_error", "other", "prompt is too long: 208310 tokens > 200000 maximum"),
        ErrorInfo("INVALID_ARGUMENT", "other", "The input token count exceeds the maximum number of tokens allowed"),
        ErrorInfo("litellm.ContextWindowExceededError", "other"),
    ],
)
def test_an_input_that_does_not_fit_is_a_warning(error: ErrorInfo) -> None:
    """Every provider says it in its own words, with no usage on the span and whatever the window."""
    (finding,) = _watch(window=None).feed(model_step(error=error, request_model="m-1"))
    assert (finding.pattern, finding.severity, finding.stop_reason) == (
        "overflow",
        Severity.WARNING,
        "context_exhausted",
    )


def test_other_errors_and_tool_calls_are_silent() -> None:
    """A rate limit is not a full context, and a tool has none."""
    watch = _watch()
    error = ErrorInfo("RateLimitError", "rate_limit", "Rate limit reached for tokens per minute")
    assert watch.feed(model_step(error=error), tool_step(result="prompt is too long")) == []


def test_a_late_call_is_put_where_it_belongs() -> None:
    """Spans arrive in any order: growth is that of the order in which the calls ended."""
    watch = _watch()
    _feed(watch, 60_000, start_s=10)
    _feed(watch, 50_000, start_s=0)
    (finding,) = _feed(watch, 70_000, start_s=20)
    assert finding.values["growth_tokens_per_step"] == 10_000


@given(st.lists(st.integers(min_value=0, max_value=300_000), max_size=50))
def test_severity_follows_the_share_alone(inputs: list[int]) -> None:
    """Whatever came before, a call warns exactly when it fills 90 % of a window that was given."""
    watch = _watch(_GIVEN)
    for index, tokens in enumerate(inputs):
        found = _feed(watch, tokens, start_s=10 * index)
        filling = {finding.severity for finding in found if finding.pattern == "filling"}
        expected = Severity.WARNING if tokens >= 90_000 else Severity.INFO if tokens >= 70_000 else None
        assert filling == ({expected} if expected else set())
        assert all(0 <= finding.score <= 1 for finding in found)


def test_thresholds_out_of_order_are_refused() -> None:
    """A mistake in the file is named with what to do."""
    with pytest.raises(ValidationError, match="set info_ratio to at most warning_ratio"):
        ContextSettings(info_ratio=0.95)
