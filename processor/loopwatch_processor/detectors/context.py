"""Context windows that fill up, overflow, or were compacted. See docs/detectors/context.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from loopwatch.attributes import StopReason
from loopwatch_processor.detectors.context_settings import ContextSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.kinds import MODEL_CALL
from loopwatch_processor.prices import Window
from loopwatch_processor.session import Place
from loopwatch_processor.step import ModelCall, Step

WindowOf = Callable[[Step], Window | None]
"""The context window of a model call's model; None where nobody knows it."""

_OVERFLOW = (
    # What providers and gateways say when the input does not fit: OpenAI, LiteLLM, Anthropic, Gemini, Bedrock.
    "context_length_exceeded",
    "maximum context length",
    "contextwindow",
    "prompt is too long",
    "exceeds the maximum number of tokens",
    "input is too long",
)


@dataclass(frozen=True, slots=True)
class _Compaction:
    before: Step
    after: Step

    @property
    def tokens(self) -> tuple[int, int]:
        return _input(self.before), _input(self.after)


class ContextDetector:
    """Compares the input tokens of each agent's model calls with the window of their model."""

    name = "context"
    kinds = (MODEL_CALL,)

    def __init__(self, settings: ContextSettings, window_of: WindowOf) -> None:
        self._info_ratio = settings.info_ratio
        self._warning_ratio = settings.warning_ratio
        self._kept_ratio = 1 - settings.compaction_drop_ratio
        self._least_tokens = settings.compaction_min_tokens
        self._window_of = window_of

    def update(self, step: Step, place: Place) -> Iterable[Finding]:
        """Look at *step* if it is a model call."""
        call, usage = step.model, step.usage
        if call is None:
            return ()
        found: list[Finding] = []
        if step.error is not None and _is_overflow(f"{step.error.type} {step.error.message}"):
            found.append(_overflow(step))
        if usage is None or not usage.input_tokens or not place.in_window:
            return found
        window = self._window_of(step)
        ratio = usage.input_tokens / window.tokens if window is not None else 0.0
        if window is not None and ratio >= self._info_ratio:
            filling = self._filling(step, place, window, ratio)
            if filling is not None:
                found.append(filling)
        compaction = self._compaction(step, call, place)
        if compaction is not None:
            found.append(_compacted(compaction))
        return found

    def _filling(self, step: Step, place: Place, window: Window, ratio: float) -> Finding | None:
        if ratio > 1 and step.error is None and not window.is_given:
            # A call that went through with more than the listed window proves that the list is wrong for it.
            return None
        return self._describe(step, window, ratio, self._growth(step, place))

    def _describe(self, step: Step, window: Window, ratio: float, growth: float | None) -> Finding:
        is_warning = ratio >= self._warning_ratio
        values: dict[str, float | int | str] = {
            "input_tokens": _input(step),
            "window_tokens": window.tokens,
            "window_source": window.source,
            "utilization_ratio": round(ratio, 4),
        }
        forecast = ""
        if growth is not None and growth > 0:
            steps_left = max(0, int((window.tokens - _input(step)) // growth))
            values |= {"growth_tokens_per_step": round(growth), "steps_left": steps_left}
            when = f"it is full in {steps_left} calls" if steps_left > 1 else "the next call may not fit"
            forecast = f"; at {growth:,.0f} more a call {when}"
        return Finding(
            detector=self.name,
            pattern="filling",
            severity=Severity.WARNING if is_warning else Severity.INFO,
            score=min(1.0, ratio),
            stop_reason=StopReason.CONTEXT_EXHAUSTED.value,
            summary=f"The context of {_model(step)} is {ratio:.0%} full "
            f"({_input(step):,} of {window.tokens:,} tokens){forecast}.",
            span_ids=(step.span_id,),
            values=values,
            threshold=self._warning_ratio if is_warning else self._info_ratio,
        )

    def _growth(self, step: Step, place: Place) -> float | None:
        """Mean growth of the input per model call since it last shrank much; None with fewer than three calls."""
        calls = _same_model(place.agent.model_calls, step)
        first = max((i for i in range(1, len(calls)) if self._drops(calls[i - 1], calls[i])), default=0)
        calls = calls[first:]
        if len(calls) < 3:
            return None
        return (_input(calls[-1]) - _input(calls[0])) / (len(calls) - 1)

    def _compaction(self, step: Step, call: ModelCall, place: Place) -> _Compaction | None:
        """The compaction in this run that *step* shows: announced, or a drop that the call after it confirms.

        A single small call between large ones is a side question (a title, a summary), so a drop counts only when
        the next call stays low. Runs are kept apart because a new run starts with a short context anyway.
        """
        is_said = call.compacted
        earlier = _newest_first(place.agent.model_calls, step, 1 if is_said else 2)
        if is_said:
            return _Compaction(earlier[0], step) if earlier else None
        if len(earlier) < 2 or earlier[1].start_ns < place.run.started_ns:
            return None
        low, before = earlier
        dropped = self._drops(before, low) and self._drops(before, step)
        return _Compaction(before, low) if dropped else None

    def _drops(self, before: Step, after: Step) -> bool:
        tokens = _input(before)
        return tokens >= self._least_tokens and _input(after) <= tokens * self._kept_ratio


def _same_model(calls: Sequence[Step], step: Step) -> list[Step]:
    """The calls with usage that went to the same model, so that helpers on small models do not blur the picture."""
    return [call for call in calls if _input(call) and _model(call) == _model(step)]


def _newest_first(calls: Sequence[Step], step: Step, number: int) -> list[Step]:
    """The newest calls, *number* of them at most, to the same model that ended before *step* did."""
    found: list[Step] = []
    model, end_ns = _model(step), step.end_ns
    for call in reversed(calls):
        if call.end_ns < end_ns and call.usage is not None and call.usage.input_tokens and _model(call) == model:
            found.append(call)
            if len(found) == number:
                break
    return found


def _overflow(step: Step) -> Finding:
    return Finding(
        detector="context",
        pattern="overflow",
        severity=Severity.WARNING,
        score=1.0,
        stop_reason=StopReason.CONTEXT_EXHAUSTED.value,
        summary=f"{_model(step)} refused a call because its input does not fit the context window.",
        span_ids=(step.span_id,),
        values={"error_type": step.error.type if step.error is not None else ""},
    )


def _compacted(compaction: _Compaction) -> Finding:
    before, after = compaction.tokens
    return Finding(
        detector="context",
        pattern="compaction",
        severity=Severity.INFO,
        score=0.5,
        stop_reason=StopReason.CONTEXT_EXHAUSTED.value,
        summary=f"The context of {_model(compaction.after)} was compacted from {before:,} to {after:,} tokens.",
        span_ids=(compaction.before.span_id, compaction.after.span_id),
        values={"before_tokens": before, "after_tokens": after},
    )


def _is_overflow(text: str) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in _OVERFLOW)


def _input(step: Step) -> int:
    return step.usage.input_tokens if step.usage is not None else 0


def _model(step: Step) -> str:
    call = step.model
    return (call.response_model or call.request_model if call is not None else "") or "the model"
