"""What spans say of jobs that no helper tells of: messages of a queue, and responses that a provider works on alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from loopwatch import attributes as names
from loopwatch.attributes import StopReason
from loopwatch_processor.bounds import SeenIds
from loopwatch_processor.jobs.transition import OPEN, Status, Transition
from loopwatch_processor.otlp import Span
from loopwatch_processor.redact import first_word

BACKGROUND: Final = "background_response"
"""The type of a job that is a response a provider works on while nobody waits."""
_MESSAGE_ID: Final = "messaging.message.id"
_RESPONSE_STATUS: Final = "gen_ai.response.status"
_DESTINATIONS: Final = ("messaging.destination.name", "messaging.destination")
_OPERATIONS: Final = ("messaging.operation.type", "messaging.operation", "celery.action")
"""The second is what the convention said before 1.27; the third is what Celery's instrumentation says instead."""
_PUBLISH: Final = frozenset({"send", "publish", "create", "apply_async"})
_PROCESS: Final = frozenset({"process", "deliver", "run"})
_RESPONSES: Final = {
    "queued": (Status.QUEUED, ""),
    "in_progress": (Status.EXECUTING, ""),
    "completed": (Status.COMPLETED, StopReason.COMPLETED.value),
    "incomplete": (Status.FAILED, StopReason.OUTPUT_TRUNCATED.value),
    "failed": (Status.FAILED, StopReason.MODEL_ERROR.value),
    "cancelled": (Status.FAILED, StopReason.CANCELLED.value),
}
_ERROR: Final = 2
_SEEN: Final = 20_000


class SpanReading:
    """Reads jobs from spans. *destinations* are shell-style patterns of the queues and topics whose messages are jobs.

    Any other message is none: a topic may have millions of them, and nobody wants each to be watched.
    """

    def __init__(self, destinations: Sequence[str] = ()) -> None:
        self._destinations = tuple(destinations)
        self._asked = SeenIds(_SEEN)

    def read(self, span: Span, now: float) -> Iterator[Transition]:
        """The transitions that *span*, which arrived at *now*, tells."""
        if self._destinations and span.has(_MESSAGE_ID):
            yield from self._message(span, now)
        elif span.has(_RESPONSE_STATUS):
            yield from self._response(span, now)

    def _message(self, span: Span, now: float) -> Iterator[Transition]:
        queue = _first(span, _DESTINATIONS)
        if not any(fnmatchcase(queue, pattern) for pattern in self._destinations):
            return
        operation = _first(span, _OPERATIONS)
        kind = str(span.get("celery.task_name") or queue)
        said = replace(_said(span, str(span.get(_MESSAGE_ID)), kind, now), queue=queue)
        failed = span.status_code == _ERROR
        if operation in _PUBLISH and not failed:
            yield replace(said, status=Status.QUEUED, at_ns=span.start_ns)
        elif operation in _PROCESS:
            yield replace(said, status=Status.EXECUTING, at_ns=span.start_ns)
            error = first_word(str(span.get(names.ERROR_TYPE) or ""))
            reason = StopReason.INTERNAL_ERROR if failed else StopReason.COMPLETED
            status = Status.FAILED if failed else Status.COMPLETED
            yield replace(said, status=status, stop_reason=reason.value, error_type=error)

    def _response(self, span: Span, now: float) -> Iterator[Transition]:
        """An end counts only where it was fetched: every ordinary call ends completed as well."""
        status, reason = _RESPONSES.get(str(span.get(_RESPONSE_STATUS)), (None, ""))
        own = str(span.get("gen_ai.response.id") or "")
        if status is None or not own:
            return
        is_fetched = span.get(names.GEN_AI_OPERATION_NAME) == "fetch_response"
        if status not in OPEN and not is_fetched:
            return
        # Whoever waits asks again and again: it does not begin anew each time.
        if self._asked.is_new(f"{span.source.environment}\0{own}\0{status}"):
            yield replace(_said(span, own, BACKGROUND, now), status=status, stop_reason=reason)


def _said(span: Span, own: str, kind: str, now: float) -> Transition:
    source = span.source
    return Transition(
        environment=source.environment,
        job_id=own,
        status=Status.QUEUED,
        at_ns=span.end_ns,
        arrived_s=now,
        type=kind,
        service=source.service,
        agent=str(span.get(names.GEN_AI_AGENT_NAME) or ""),
        trace_id=span.trace_id,
        span_id=span.span_id,
    )


def _first(span: Span, keys: Sequence[str]) -> str:
    return next((str(value) for key in keys if (value := span.get(key)) is not None), "")
