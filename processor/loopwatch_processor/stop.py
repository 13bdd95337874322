"""Why a run ended, for spans that do not say it in our words."""

from __future__ import annotations

from loopwatch.attributes import StopReason
from loopwatch_processor.step import ErrorInfo, Step, StepKind

_KNOWN = frozenset(reason.value for reason in StopReason)

_MODEL = {
    "rate_limit": StopReason.MODEL_RATE_LIMITED,
    "timeout": StopReason.TIMEOUT,
}
_TOOL = {
    "schema": StopReason.TOOL_SCHEMA_ERROR,
    "auth": StopReason.TOOL_AUTH_FAILED,
    "rate_limit": StopReason.TOOL_RATE_LIMITED,
    "timeout": StopReason.TOOL_TIMEOUT,
    "denied": StopReason.TOOL_DENIED,
    "invalid_output": StopReason.TOOL_OUTPUT_INVALID,
}
_FINISH = {
    "length": StopReason.OUTPUT_TRUNCATED,
    "content_filter": StopReason.CONTENT_FILTERED,
}
_TYPES = (
    # Exception names of the frameworks' own ceilings and cancellations, matched anywhere in error.type or message.
    ("MaxTurns", StopReason.STEP_BUDGET),
    ("GraphRecursion", StopReason.STEP_BUDGET),
    ("MaxIterations", StopReason.STEP_BUDGET),
    ("AgentMaxSteps", StopReason.STEP_BUDGET),
    ("Max steps", StopReason.STEP_BUDGET),
    ("UsageLimitExceeded", StopReason.TOKEN_BUDGET),
    ("ContextWindow", StopReason.CONTEXT_EXHAUSTED),
    ("context_length", StopReason.CONTEXT_EXHAUSTED),
    ("Cancelled", StopReason.CANCELLED),
    ("KeyboardInterrupt", StopReason.CANCELLED),
    ("Timeout", StopReason.TIMEOUT),
)


def of_ended(root: Step, last_failed: Step | None, last_model_call: Step | None) -> str:
    """The stop reason of a run whose *root* span ended.

    *last_failed* is the run's newest step when that one failed, *last_model_call* its newest model call.
    The reason given on the span wins; then the failing step's kind and class; then the framework's own error type.
    """
    if root.stop_reason in _KNOWN:
        return root.stop_reason
    if last_failed is not None and (root.error is not None or last_failed.kind is StepKind.MODEL_CALL):
        return _of_failed(last_failed)
    if root.error is not None:
        return _of_type(root.error) or StopReason.INTERNAL_ERROR.value
    finish = last_model_call.model.finish_reason if last_model_call and last_model_call.model else ""
    return _FINISH.get(finish, StopReason.COMPLETED).value


def of_idle(chained: bool, last_failed: Step | None, last_model_call: Step | None) -> str:
    """The stop reason of a run that fell silent without an ending span.

    Only a *chained* run (root-less model calls) can be told to be complete: its last call answered without asking
    for a tool. A run whose root never came may as well have lost its worker: unknown.
    """
    if last_failed is not None and last_failed.kind is StepKind.MODEL_CALL:
        return _of_failed(last_failed)
    finish = last_model_call.model.finish_reason if last_model_call and last_model_call.model else ""
    if chained and finish == "stop":
        return StopReason.COMPLETED.value
    return _FINISH.get(finish, StopReason.UNKNOWN).value if chained else StopReason.UNKNOWN.value


def word_in(message: str) -> str:
    """The word of an error's *message* that tells a stop reason, without the rest of it; "" where there is none."""
    return next((word for word, _ in _TYPES if word in message), "")


def _of_failed(step: Step) -> str:
    error = step.error or ErrorInfo("_OTHER", "other")
    named = _of_type(error)
    if step.kind is StepKind.MODEL_CALL:
        return _MODEL[error.tool_class].value if error.tool_class in _MODEL else named or StopReason.MODEL_ERROR.value
    return _TOOL.get(error.tool_class, StopReason.TOOL_FAILED).value


def _of_type(error: ErrorInfo) -> str | None:
    for word, reason in _TYPES:
        if word in error.type or word in error.message:
            return reason.value
    return None
