"""What is to be said of jobs that are over their time."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from loopwatch.attributes import StopReason
from loopwatch_processor.finding import Finding, RaisedFinding, Severity
from loopwatch_processor.jobs.job import JobRow
from loopwatch_processor.jobs.sla import Sla
from loopwatch_processor.jobs.transition import REPORTED, Status

DETECTOR: Final = "jobs"
QUEUE_WAIT: Final = "queue_wait"
EXECUTING: Final = "executing"
PATTERNS: Final = {Status.QUEUED.value: QUEUE_WAIT, Status.EXECUTING.value: EXECUTING}
CRITICAL_AFTER: Final = 2.0
"""Times the promise; only a job that somebody works on may page: a queue without a worker is a ticket."""


def of(row: JobRow, sla: Sla, now: float) -> RaisedFinding | None:
    """What is wrong with *row*, which the watchdog gave up and nobody has reported since."""
    limit_s = sla.limit_s(row.swept_from)
    age_s = now - row.since_s
    if limit_s is None or age_s < limit_s:
        return None
    is_critical = row.swept_from == Status.EXECUTING and age_s >= CRITICAL_AFTER * limit_s
    finding = Finding(
        detector=DETECTOR,
        pattern=PATTERNS[row.swept_from],
        severity=Severity.CRITICAL if is_critical else Severity.WARNING,
        score=min(1.0, age_s / (2 * limit_s)),
        stop_reason=StopReason.WORKER_LOST.value if row.swept_from == Status.EXECUTING else StopReason.UNKNOWN.value,
        summary=f"{_named(row)} {_does(row)} for {age_s:.0f} s (limit {limit_s:g} s).",
        span_ids=(row.span_id,) if row.span_id else (),
        values={"job": row.id, "type": row.type, "queue": row.queue, "age_s": age_s, "attempt": row.attempt},
        threshold=limit_s,
        lasts=True,
    )
    return RaisedFinding(
        finding=finding,
        session_key=key_of(row),
        run_key=key_of(row),
        agent=row.agent,
        service=row.service,
        environment=row.environment,
        trace_id=row.trace_id,
        # Many jobs are submitted in one span: what lasts is told apart by it.
        span_id=f"{row.span_id}/{row.id}",
        step=0,
        at_ns=int(row.since_s * 1e9),
    )


def key_of(row: JobRow) -> str:
    """Its name among the sessions of an incident."""
    return f"job:{quote(row.environment, safe='')}/{row.id}"


def over(raised: RaisedFinding, row: JobRow | None) -> str:
    """One sentence of how what was *raised* ended; *row* is the job as it is now, None where it is not known any more.

    It keeps the truth: a job that was given up and is done after all was late, not lost.
    """
    job = f"Job {raised.finding.values['job']}"
    if row is None or row.status == Status.SWEPT:
        return f"{job} is lost: nobody has reported its end."
    if row.status in REPORTED and row.ended_s is not None:
        took_s = row.ended_s - row.submitted_s
        reason = f" ({row.stop_reason})" if row.status == Status.FAILED and row.stop_reason else ""
        return f"{job} {row.status} late{reason}, {took_s:.0f} s after it was submitted."
    return f"{job} is {row.status} again."


def _named(row: JobRow) -> str:
    return f"Job {row.id} of type {row.type}" if row.type else f"Job {row.id}"


def _does(row: JobRow) -> str:
    if row.swept_from == Status.QUEUED:
        return f"waits in queue {row.queue}" if row.queue else "waits in its queue"
    return "executes"
