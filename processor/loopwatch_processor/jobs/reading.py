"""What log records and spans say of jobs."""

from __future__ import annotations

from typing import Final

from loopwatch import attributes as names
from loopwatch_processor.jobs.transition import Status, Transition
from loopwatch_processor.otlp import LogRecord
from loopwatch_processor.redact import first_word

_EVENTS: Final = {
    names.EVENT_JOB_QUEUED: Status.QUEUED,
    names.EVENT_JOB_EXECUTING: Status.EXECUTING,
    names.EVENT_JOB_COMPLETED: Status.COMPLETED,
    names.EVENT_JOB_FAILED: Status.FAILED,
}
EVENTS: Final = frozenset(_EVENTS)
"""The log events that tell of jobs."""
_MAX_ATTEMPT: Final = 1_000_000


def of_log(record: LogRecord, now: float) -> Transition | None:
    """The transition that *record*, which arrived at *now*, tells; None where it is no event of a job with an id."""
    status = _EVENTS.get(record.event_name)
    if status is None:
        return None
    job_id = _text(record, names.LOOPWATCH_JOB_ID)
    if not job_id:
        return None
    source, attempt = record.source, record.get(names.LOOPWATCH_RETRY_ATTEMPT)
    return Transition(
        environment=source.environment,
        job_id=job_id,
        status=status,
        at_ns=record.time_ns or int(now * 1e9),
        attempt=max(1, min(attempt, _MAX_ATTEMPT)) if isinstance(attempt, int) else 1,
        arrived_s=now,
        type=_text(record, names.LOOPWATCH_JOB_TYPE),
        queue=_text(record, names.LOOPWATCH_JOB_QUEUE),
        service=source.service,
        agent=_text(record, names.GEN_AI_AGENT_NAME),
        stop_reason=_text(record, names.LOOPWATCH_STOP_REASON),
        error_type=first_word(_text(record, names.ERROR_TYPE)),
        trace_id=record.trace_id,
        span_id=record.span_id,
    )


def _text(record: LogRecord, name: str) -> str:
    value = record.get(name)
    return "" if value is None else str(value)
