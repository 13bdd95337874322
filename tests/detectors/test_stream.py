"""Streams that start late, stall, or break off."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from loopwatch_processor.detectors.stream import StreamDetector
from loopwatch_processor.detectors.stream_settings import StreamSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.step import ErrorInfo, StreamTimings
from tests.builders import Watch, model_step, tool_step


def _found(settings: StreamSettings | None = None, **fields: Any) -> list[Finding]:
    timings = {name: fields.pop(name) for name in list(fields) if name in StreamTimings.__dataclass_fields__}
    watch = Watch(StreamDetector(settings or StreamSettings()))
    return watch.feed(model_step(stream=StreamTimings(**timings), response_model="gpt-4o", **fields))


def test_a_late_first_token_is_a_warning() -> None:
    """A minute of silence at the start is a ticket, with what was measured and against what."""
    (finding,) = _found(ttft_s=75.0, max_gap_s=0.2)
    assert (finding.detector, finding.pattern, finding.severity) == ("stream", "ttft", Severity.WARNING)
    assert finding.stop_reason == "stream_stalled"
    assert finding.threshold == 60.0
    assert finding.values["ttft_s"] == 75.0
    assert finding.score == pytest.approx(0.625)
    assert "75.0 s to its first token" in finding.summary


def test_a_long_gap_is_a_warning() -> None:
    """A stream that pauses for half a minute stalled."""
    (finding,) = _found(ttft_s=0.8, max_gap_s=30.0, chunks=40)
    assert (finding.pattern, finding.severity, finding.score) == ("max_gap", Severity.WARNING, 0.5)
    assert "paused for 30.0 s" in finding.summary
    assert finding.values["chunks"] == 40


def test_both_signals_are_told_apart() -> None:
    """A slow start and a stall are two patterns with two thresholds."""
    assert [finding.pattern for finding in _found(ttft_s=61.0, max_gap_s=31.0)] == ["ttft", "max_gap"]


def test_a_short_stall_is_silent_by_default_and_found_at_a_lower_threshold() -> None:
    """1.5 s is healthy for most, and too long for whoever says so."""
    assert _found(ttft_s=0.8, max_gap_s=1.5) == []
    (finding,) = _found(StreamSettings(max_gap_s=1.0), ttft_s=0.8, max_gap_s=1.5)
    assert (finding.pattern, finding.threshold) == ("max_gap", 1.0)


def test_a_gap_of_a_stream_with_lost_events_is_a_lower_bound() -> None:
    """The SDK drops the oldest chunk events, so the real gap may be longer: the sentence says so."""
    (finding,) = _found(max_gap_s=45.0, early_gaps_unknown=True)
    assert "at least 45.0 s" in finding.summary


def test_a_mean_gap_is_never_judged() -> None:
    """A mean hides a stall and a slow model alike."""
    assert _found(ttft_s=1.0, mean_gap_s=100.0) == []


def test_a_stall_is_not_guessed_from_the_duration() -> None:
    """A long call with few tokens may have been thinking: without gaps nothing is said."""
    assert _found(ttft_s=1.0, duration_s=500.0, output_tokens=10) == []


def test_calls_that_were_not_streamed_are_silent() -> None:
    """Neither a plain model call nor a tool call has a stream, however long it takes."""
    watch = Watch(StreamDetector(StreamSettings()))
    assert watch.feed(model_step(duration_s=300.0), tool_step(duration_s=300.0)) == []


def test_a_stream_that_failed_after_it_began_is_truncated() -> None:
    """Content came, then an error: its tokens were paid for nothing."""
    error = ErrorInfo("RemoteProtocolError", "unavailable", "peer closed connection")
    (finding,) = _found(ttft_s=0.5, error=error, input_tokens=900, output_tokens=100, cost_usd=0.01)
    assert (finding.pattern, finding.severity, finding.stop_reason) == ("truncated", Severity.WARNING, "model_error")
    assert (finding.wasted_tokens, finding.wasted_usd) == (1_000, 0.01)
    assert "RemoteProtocolError" in finding.summary
    assert "peer closed" not in finding.summary


def test_a_stream_that_is_only_said_to_be_incomplete_is_context() -> None:
    """Perhaps its reader had enough: nothing to wake up for, nothing to hide."""
    (finding,) = _found(ttft_s=0.5, completed=False)
    assert (finding.pattern, finding.severity) == ("truncated", Severity.INFO)


@pytest.mark.parametrize("finish_reason", ["stop", "tool_call", "length", "content_filter"])
def test_a_stream_that_the_model_ended_is_whole(finish_reason: str) -> None:
    """An answer cut at its length limit did not break off: the run's stop reason tells of that."""
    assert _found(ttft_s=0.5, completed=False, finish_reason=finish_reason) == []


@pytest.mark.parametrize("error_type", ["CancelledError", "GeneratorExit", "ClientDisconnect"])
def test_a_reader_who_went_away_is_no_fault_of_the_stream(error_type: str) -> None:
    """A user who closes the chat is not a failure."""
    assert _found(ttft_s=0.5, completed=False, error=ErrorInfo(error_type, "other")) == []


def test_a_call_that_failed_before_any_content_is_no_truncated_stream() -> None:
    """A refused request is an error of the model call, told elsewhere."""
    assert _found(error=ErrorInfo("RateLimitError", "rate_limit")) == []


def test_a_completed_stream_with_an_error_around_it_is_whole() -> None:
    """The caller's own exception after the last chunk does not break the stream."""
    assert _found(ttft_s=0.5, completed=True, error=ErrorInfo("ValueError", "other")) == []


def test_thresholds_must_be_positive_and_known() -> None:
    """A wrong setting is refused by name."""
    with pytest.raises(ValidationError, match="max_gap_s"):
        StreamSettings(max_gap_s=0.0)
    with pytest.raises(ValidationError, match="max_gap"):
        StreamSettings.model_validate({"max_gap": 1.0})
