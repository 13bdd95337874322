"""Jobs: work that one process puts into a queue and another one does."""

import uuid
from typing import TYPE_CHECKING, Final, Self

from opentelemetry import context as otel_context
from opentelemetry import trace

from loopwatch import job_events, job_stamp
from loopwatch._safely import safely, warn_once
from loopwatch._tracer import current_job, with_job
from loopwatch.attributes import (
    ERROR_TYPE,
    EVENT_JOB_COMPLETED,
    EVENT_JOB_EXECUTING,
    EVENT_JOB_FAILED,
    EVENT_JOB_QUEUED,
    GEN_AI_AGENT_NAME,
    GEN_AI_CONVERSATION_ID,
    LOOPWATCH_JOB_ID,
    LOOPWATCH_JOB_QUEUE,
    LOOPWATCH_JOB_TYPE,
    LOOPWATCH_RETRY_ATTEMPT,
    LOOPWATCH_STOP_REASON,
    StopReason,
)
from loopwatch.errors import error_type, run_stop

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token
    from types import TracebackType

    from opentelemetry.util.types import AttributeValue

__all__ = ["Job", "current_job", "job", "job_queued"]

_NO_ID: Final = (
    "loopwatch: job({!r}) was begun without an id, so it cannot be told which job that was queued it is: "
    "pass the id that its queue knows it by"
)


def job_queued(
    type: str,  # noqa: A002 - the attribute's name
    id: str | None = None,  # noqa: A002 - the attribute's name
    queue: str | None = None,
    *,
    attempt: int | None = None,
    agent_name: str | None = None,
) -> str:
    """Say that a job of the kind *type* was put into *queue*; return its *id*, a new one if none is given.

    *type* and *queue* are fixed words, because they become metric labels; *id* is the one that the queue knows the
    job by, unique in its environment and the same over retries. *attempt* counts from 1. Never raises.
    """
    own = str(uuid.uuid4()) if id is None else str(id)
    who: dict[str, AttributeValue] = {GEN_AI_AGENT_NAME: agent_name} if agent_name else {}
    safely(lambda: job_events.emit(EVENT_JOB_QUEUED, _identity(type, own, queue) | _attempt(attempt) | who))
    return own


def job(
    type: str,  # noqa: A002 - the attribute's name
    *,
    id: str | None = None,  # noqa: A002 - the attribute's name
    queue: str | None = None,
    attempt: int | None = None,
    agent_name: str | None = None,
    flush_s: float = 0.0,
) -> "Job":
    """Return the context manager of the work on one job, for ``with`` and ``async with``: executing, then completed,
    or failed if an exception leaves it, which is never held back.

    *type*, *id*, *queue* and *attempt* as in :func:`job_queued`. The outermost spans inside carry the job's id, whoever
    makes them; *agent_name* is that of the session inside unless given. *flush_s* is how long to wait, at the end, for
    events and spans to leave the process: for workers that end in ``os._exit``, as RQ's do. Never raises by itself.
    """
    return Job(type, id, queue, attempt=attempt, agent_name=agent_name, flush_s=flush_s)


class Job:
    """The work on one job, made by :func:`job`. Not to be entered twice. *id* is the job's, *type* its kind."""

    def __init__(
        self,
        type: str,  # noqa: A002 - the attribute's name
        id: str | None,  # noqa: A002 - the attribute's name
        queue: str | None,
        *,
        attempt: int | None,
        agent_name: str | None,
        flush_s: float,
    ) -> None:
        self.type = str(type)
        if id is None:
            warn_once(f"job:{self.type:.40}", _NO_ID.format(self.type))
        self.id = str(uuid.uuid4()) if id is None else str(id)
        self.identity = _identity(self.type, self.id, queue)
        self._attempt = _attempt(attempt)
        self._agent_name = agent_name
        self._who: dict[str, AttributeValue] = {GEN_AI_AGENT_NAME: agent_name} if agent_name else {}
        self._flush_s = flush_s
        self._said: StopReason | None = None
        self._failed = False
        self._run_ended: tuple[StopReason, BaseException | None] | None = None
        self._token: Token[otel_context.Context] | None = None
        self._is_closed = False
        self.outer_span_id = 0
        """The span that the job is worked on in; 0 where there is none."""

    def fail(self, reason: StopReason | str = StopReason.UNKNOWN) -> None:
        """Say that the work is not done, where no exception says so."""
        self._failed, self._said = True, _stop_reason(reason)

    def ran(self, who: "dict[str, AttributeValue]", reason: StopReason, error: BaseException | None) -> None:
        """Note that a run of the agent *who* inside the job has ended for *reason*, left by *error*."""
        self._run_ended = (reason, error)
        for name in (GEN_AI_AGENT_NAME, GEN_AI_CONVERSATION_ID):
            if name in who and not (name == GEN_AI_AGENT_NAME and self._agent_name):
                self._who[name] = who[name]

    def saw(self, who: "Mapping[str, AttributeValue]") -> None:
        """Note whose span has ended inside the job, where nobody has said yet who works on it."""
        for name in (GEN_AI_AGENT_NAME, GEN_AI_CONVERSATION_ID):
            if name in who:
                self._who.setdefault(name, who[name])

    def __enter__(self) -> Self:
        if self._token is not None or self._is_closed:
            warn_once("job", "loopwatch: one job() was entered twice: make a new one for each try")
            return self
        safely(self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: "TracebackType | None"
    ) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        safely(self._end, error)
        if self._token is not None:
            safely(otel_context.detach, self._token)
        if self._flush_s > 0:
            safely(job_events.flush, self._flush_s)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: "TracebackType | None"
    ) -> None:
        self.__exit__(kind, error, trace_)

    def _begin(self) -> None:
        safely(job_stamp.install)
        self.outer_span_id = trace.get_current_span().get_span_context().span_id
        self._token = otel_context.attach(with_job(self))
        job_events.emit(EVENT_JOB_EXECUTING, self.identity | self._attempt | self._who)

    def _end(self, error: BaseException | None) -> None:
        attributes = self.identity | self._attempt | self._who | {LOOPWATCH_STOP_REASON: self._reason(error).value}
        if error is not None:
            attributes[ERROR_TYPE] = error_type(error)
        failed = self._failed or error is not None
        job_events.emit(EVENT_JOB_FAILED if failed else EVENT_JOB_COMPLETED, attributes)

    def _reason(self, error: BaseException | None) -> StopReason:
        if self._said is not None:
            return self._said
        if self._run_ended is not None and error in (None, self._run_ended[1]):
            return self._run_ended[0]
        if error is None:
            return StopReason.COMPLETED
        timeout = StopReason.TIMEOUT if isinstance(error, TimeoutError) else StopReason.INTERNAL_ERROR
        return run_stop(error) or timeout


def _identity(kind: str, own: str, queue: str | None) -> "dict[str, AttributeValue]":
    found: dict[str, AttributeValue] = {LOOPWATCH_JOB_ID: own, LOOPWATCH_JOB_TYPE: str(kind)}
    if queue is not None:
        found[LOOPWATCH_JOB_QUEUE] = str(queue)
    return found


def _attempt(number: int | None) -> "dict[str, AttributeValue]":
    return {} if number is None else {LOOPWATCH_RETRY_ATTEMPT: int(number)}


def _stop_reason(reason: StopReason | str) -> StopReason:
    try:
        return StopReason(reason)
    except ValueError:
        warn_once(f"fail:{reason!s:.40}", f"loopwatch: fail({reason!r}) is no StopReason; recorded as unknown")
        return StopReason.UNKNOWN
