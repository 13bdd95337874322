"""Streams that start late, stall, or break off. See docs/detectors/stream.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from loopwatch.attributes import StopReason
from loopwatch_processor.detectors import open_streams
from loopwatch_processor.detectors.base import OpenPlace
from loopwatch_processor.detectors.stream_settings import StreamSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.kinds import MODEL_CALL
from loopwatch_processor.open_span import OpenSpan
from loopwatch_processor.session import Place
from loopwatch_processor.step import ModelCall, Step, StepKind, StreamTimings

_FINISHED = frozenset({"stop", "tool_call", "length", "content_filter"})
_LEFT = ("Cancel", "GeneratorExit", "KeyboardInterrupt", "Disconnect", "Abort")
"""Words in the error types of a reader who went away: nothing was wrong with the stream."""


class StreamDetector:
    """Reads the timings that the emitter put on the span; where it put none, it says nothing."""

    name = "stream"
    kinds = (MODEL_CALL,)

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings

    def update(self, step: Step, place: Place) -> Iterable[Finding]:  # noqa: ARG002 - every call is judged alone
        """Look at *step* if it is a streamed model call."""
        if step.model is None or step.model.stream is None:
            return ()
        return self._found(step, step.model, step.model.stream)

    def _found(self, step: Step, model: ModelCall, stream: StreamTimings) -> Iterator[Finding]:
        tokens = step.usage.input_tokens if step.usage is not None else 0
        ttft_limit_s = self._settings.ttft_limit_s(self._settings.max_ttft_s, tokens)
        if stream.ttft_s is not None and stream.ttft_s >= ttft_limit_s:
            yield self._slow_start(step, stream, stream.ttft_s, ttft_limit_s)
        if stream.max_gap_s is not None and stream.max_gap_s >= self._settings.max_gap_s:
            yield self._stall(step, stream, stream.max_gap_s)
        if (severity := _broke_off(step, model, stream)) is not None:
            yield _truncated(step, stream, severity)

    def watch(self, span: OpenSpan, place: OpenPlace) -> Iterator[Finding]:
        """Look at *span* if it is a model call that is still open."""
        if span.said.kind is StepKind.MODEL_CALL:
            yield from open_streams.watch(self._settings, span, place)

    def over(self, finding: Finding, span: OpenSpan, step: Step | None) -> str:
        """How the silence ended."""
        return open_streams.over(finding, span, step)

    def _slow_start(self, step: Step, stream: StreamTimings, ttft_s: float, limit_s: float) -> Finding:
        return Finding(
            detector=self.name,
            pattern="ttft",
            severity=Severity.WARNING,
            score=_score(ttft_s, limit_s),
            stop_reason=StopReason.STREAM_STALLED.value,
            summary=f"{_model(step)} took {ttft_s:.1f} s to its first token (limit {limit_s:g} s).",
            span_ids=(step.span_id,),
            values=_values(step, stream),
            threshold=limit_s,
        )

    def _stall(self, step: Step, stream: StreamTimings, max_gap_s: float) -> Finding:
        limit_s = self._settings.max_gap_s
        at_least = "at least " if stream.early_gaps_unknown else ""
        return Finding(
            detector=self.name,
            pattern="max_gap",
            severity=Severity.WARNING,
            score=_score(max_gap_s, limit_s),
            stop_reason=StopReason.STREAM_STALLED.value,
            summary=f"{_model(step)} paused for {at_least}{max_gap_s:.1f} s in mid-stream (limit {limit_s:g} s).",
            span_ids=(step.span_id,),
            values=_values(step, stream),
            threshold=limit_s,
        )


def _broke_off(step: Step, call: ModelCall, stream: StreamTimings) -> Severity | None:
    """How bad it is that the stream ended early; None where it did not, or where nobody can tell.

    A stream that the model ended by itself, for its length as well, is whole. One that failed after its first chunk
    is broken. One that is only said to be incomplete may have been left by its reader, so that is context at most.
    """
    if call.finish_reason in _FINISHED:
        return None
    if step.error is None:
        return Severity.INFO if stream.completed is False else None
    if any(word in step.error.type for word in _LEFT):
        return None
    has_begun = stream.completed is False or stream.ttft_s is not None or bool(stream.chunks)
    return Severity.WARNING if has_begun and stream.completed is not True else None


def _truncated(step: Step, stream: StreamTimings, severity: Severity) -> Finding:
    cause = f": {step.error.type}" if step.error is not None else " before the model finished"
    return Finding(
        detector="stream",
        pattern="truncated",
        severity=severity,
        score=1.0 if severity is Severity.WARNING else 0.5,
        stop_reason=StopReason.MODEL_ERROR.value,
        summary=f"The stream of {_model(step)} broke off after {step.duration_s:.1f} s{cause}.",
        span_ids=(step.span_id,),
        values=_values(step, stream),
        wasted_tokens=step.usage.total_tokens if step.usage is not None else None,
        wasted_usd=step.cost_usd,
    )


def _score(value_s: float, limit_s: float) -> float:
    """0.5 at the limit, 1 from twice the limit on."""
    return min(1.0, value_s / (2 * limit_s))


def _model(step: Step) -> str:
    return (step.model.model if step.model is not None else "") or "the model"


def _values(step: Step, stream: StreamTimings) -> dict[str, float | int | str]:
    measured: dict[str, float | int | None] = {
        "ttft_s": stream.ttft_s,
        "max_gap_s": stream.max_gap_s,
        "mean_gap_s": stream.mean_gap_s,
        "chunks": stream.chunks,
    }
    known = {name: value for name, value in measured.items() if value is not None}
    return {"model": _model(step), "duration_s": step.duration_s, **known}
