"""Model calls that are still open: no first content, content that stopped, no end. See docs/detectors/stream.md."""

from __future__ import annotations

import math
from collections.abc import Iterator

from loopwatch.attributes import StopReason
from loopwatch_processor.detectors.base import OpenPlace
from loopwatch_processor.detectors.stream_settings import StreamSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.open_span import OpenSpan
from loopwatch_processor.step import Step

NAME = "stream"
TTFT, MAX_GAP, NEVER_ENDING = "ttft", "max_gap", "never_ending"
"""The first two are those of ended streams, so that the end of one joins what was found while it was open."""


def watch(settings: StreamSettings, span: OpenSpan, place: OpenPlace) -> Iterator[Finding]:
    """What is wrong with the open model call *span*, by what its process said of it last."""
    gap_s, age_s = span.said.gap_s, span.age_s
    if gap_s is not None and not span.said.chunks:
        more_s = settings.ttft_limit_s(0.0, place.context_tokens)
        yield from _silent(span, TTFT, settings.max_ttft_s + more_s, (settings.critical_gap_s or math.inf) + more_s)
    elif gap_s is not None:
        yield from _silent(span, MAX_GAP, settings.max_gap_s, settings.critical_gap_s or math.inf)
    if settings.max_open_s is not None and age_s >= settings.max_open_s:
        summary = (
            f"A call of {_model(span)} is open for {age_s:.0f} s and does not end (limit {settings.max_open_s:g} s)."
        )
        yield _finding(span, NEVER_ENDING, Severity.WARNING, summary, (age_s, settings.max_open_s))


def over(finding: Finding, span: OpenSpan, step: Step | None) -> str:
    """How *finding* ended: with *step*, where that has; else while *span* is still open."""
    stalled_s = float(finding.values.get("open_gap_s", 0.0))
    what = {
        TTFT: f"{_model(span)} sent no content for at least {stalled_s:.1f} s",
        MAX_GAP: f"{_model(span)} paused for at least {stalled_s:.1f} s in mid-stream",
    }.get(finding.pattern, f"A call of {_model(span)} was open for very long")
    if step is None:
        return f"{what}; content flows again." if not span.is_over else f"{what}; the call has ended since."
    stream = step.model.stream if step.model is not None else None
    if stream is not None and finding.pattern == MAX_GAP and stream.max_gap_s is not None:
        what = f"{_model(span)} paused for {max(stalled_s, stream.max_gap_s):.1f} s in mid-stream"
    if stream is not None and finding.pattern == TTFT and stream.ttft_s is not None:
        what = f"{_model(span)} took {stream.ttft_s:.1f} s to its first token"
    how = f"failed ({step.error.type})" if step.error is not None else "ended"
    return f"{what}; the call {how} after {step.duration_s:.1f} s."


def _silent(span: OpenSpan, pattern: str, warning_s: float, critical_s: float) -> Iterator[Finding]:
    gap_s = span.said.gap_s or 0.0
    severity = Severity.CRITICAL if gap_s >= critical_s else Severity.WARNING
    limit_s = critical_s if severity is Severity.CRITICAL else warning_s
    if gap_s < limit_s:
        return
    where = "waits for its first content" if pattern == TTFT else "fell silent in mid-stream"
    summary = f"A call of {_model(span)} {where}: nothing for {gap_s:.1f} s, and it is still open"
    yield _finding(span, pattern, severity, f"{summary} (limit {limit_s:g} s).", (gap_s, limit_s))


def _finding(span: OpenSpan, pattern: str, severity: Severity, summary: str, reached: tuple[float, float]) -> Finding:
    value_s, limit_s = reached
    said = span.said
    measured = {"open_gap_s": said.gap_s, "chunks": said.chunks}
    known = {name: value for name, value in measured.items() if value is not None}
    return Finding(
        detector=NAME,
        pattern=pattern,
        severity=severity,
        score=min(1.0, value_s / (2 * limit_s)),
        stop_reason=StopReason.STREAM_STALLED.value,
        summary=summary,
        span_ids=(said.span_id,),
        values={"model": _model(span), "open_s": span.age_s, **known},
        threshold=limit_s,
        lasts=True,
    )


def _model(span: OpenSpan) -> str:
    return span.said.model or "the model"
