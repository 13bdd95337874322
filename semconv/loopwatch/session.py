"""One run of an agent: an ``invoke_agent`` span, its limits, and why it ended."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from opentelemetry import context as otel_context
from opentelemetry import trace

from loopwatch._safely import safely, warn_once
from loopwatch._tracer import current_job, current_session, tracers, with_session
from loopwatch.attributes import (
    GEN_AI_AGENT_NAME,
    GEN_AI_CONVERSATION_ID,
    GEN_AI_OPERATION_NAME,
    LOOPWATCH_AGENT_TYPE,
    LOOPWATCH_BUDGET_LIMIT,
    LOOPWATCH_BUDGET_RESERVED,
    LOOPWATCH_BUDGET_SCOPE,
    LOOPWATCH_BUDGET_SPENT,
    LOOPWATCH_RUN_COST,
    LOOPWATCH_STOP_REASON,
    BudgetScope,
    GenAiOperationName,
    StopReason,
)
from loopwatch.budget import Budget, Limits, read_limits
from loopwatch.call import mark_failed
from loopwatch.errors import run_stop
from loopwatch.sketch import Sketcher, sketcher_for

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from opentelemetry.util.types import AttributeValue

    from loopwatch.job import Job


def session(
    agent_name: str,
    *,
    conversation_id: str | None = None,
    agent_type: str | None = None,
    max_usd: float | None = None,
    max_steps: int | None = None,
    max_tool_calls: int | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
) -> "Session":
    """Return the context manager of one run of the agent *agent_name*, for ``with`` and ``async with``.

    *conversation_id* is the id of the conversation that the run belongs to; inside another session its id is taken.
    *agent_type* is one of ``AgentType`` or a name of your own. Each limit that is given is checked before every
    model call and tool call of this run and of the sub-agents in it, which then raises ``BudgetExceeded``:
    *max_usd* in dollars, *max_tokens* input and output together, *max_steps* model calls and tool calls together.
    """
    limits = read_limits(
        max_usd=max_usd,
        max_steps=max_steps,
        max_tool_calls=max_tool_calls,
        max_tokens=max_tokens,
        max_seconds=max_seconds,
    )
    return Session(agent_name, conversation_id, agent_type, limits)


class Session:
    """One run of an agent, made by :func:`session`. Not to be entered twice.

    *span* is its OpenTelemetry span, *budget* its account, *identity* the attributes that every span of it carries.
    """

    def __init__(self, agent_name: str, conversation_id: str | None, agent_type: str | None, limits: Limits) -> None:
        self.agent_name = str(agent_name)
        self.agent_type = agent_type
        self.span: trace.Span = trace.INVALID_SPAN
        self.budget = Budget(limits)
        self.conversation_id = None if conversation_id is None else str(conversation_id)
        self._limits = limits
        self.identity = self._who()
        self._sketcher: Sketcher | None = None
        self._steps = itertools.count(1)
        self._lock = threading.RLock()
        self._progress: dict[str, AttributeValue] = {}
        self._stop: StopReason | None = None
        self._refused: StopReason | None = None
        self._failure: tuple[BaseException, StopReason] | None = None
        self._token: Token[otel_context.Context] | None = None
        self._job: Job | None = None
        self._depth = 0
        self._closed = False

    def _who(self) -> "dict[str, AttributeValue]":
        identity: dict[str, AttributeValue] = {GEN_AI_AGENT_NAME: self.agent_name}
        if self.conversation_id is not None:
            identity[GEN_AI_CONVERSATION_ID] = self.conversation_id
        if self.agent_type is not None:
            identity[LOOPWATCH_AGENT_TYPE] = str(self.agent_type)
        return identity

    @property
    def sketcher(self) -> Sketcher:
        """The sketcher of the conversation: keyed by its id, or by the trace where it has none."""
        if self._sketcher is None:
            trace_id = trace.format_trace_id(self.span.get_span_context().trace_id)
            self._sketcher = sketcher_for(self.conversation_id or trace_id)
        return self._sketcher

    def __enter__(self) -> Self:
        self._depth += 1
        if self._depth > 1 or self._closed:
            warn_once("session", "loopwatch: one session() was entered twice: make a new one for each run")
            return self
        safely(self._open)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: "TracebackType | None"
    ) -> None:
        self._depth -= 1
        if self._depth or self._closed:
            return
        self._closed = True
        safely(self._finish, error)
        safely(self._leave)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: "TracebackType | None"
    ) -> None:
        self.__exit__(kind, error, trace_)

    @contextmanager
    def attach(self) -> Iterator[Self]:
        """Make this session current in another thread, which does not inherit it by itself."""
        token = safely(lambda: otel_context.attach(with_session(self.span, self)))
        try:
            yield self
        finally:
            if token is not None:
                safely(otel_context.detach, token)

    def stop(self, reason: StopReason | str) -> None:
        """Say why the run ends: the last call wins over what would be derived from how the block is left."""
        try:
            self._stop = StopReason(reason)
        except ValueError:
            self._stop = StopReason.UNKNOWN
            warn_once(f"stop:{reason!s:.40}", f"loopwatch: stop({reason!r}) is no StopReason; recorded as unknown")
        if self.span.is_recording():
            self.span.set_attribute(LOOPWATCH_STOP_REASON, self._stop.value)

    def next_step(self) -> int:
        """Return the number of the step that starts now, from 1."""
        return next(self._steps)

    def add_progress(self, attributes: "dict[str, AttributeValue]", *, for_next_step: bool) -> None:
        """Keep *attributes* as the run's last word, and for the step that starts next if no step is open."""
        if self.span.is_recording():
            self.span.set_attributes(attributes)
        if for_next_step:
            with self._lock:
                self._progress.update(attributes)

    def take_progress(self) -> "dict[str, AttributeValue]":
        """Return what :meth:`add_progress` kept for the step that starts now."""
        if not self._progress:
            return {}
        with self._lock:
            taken, self._progress = self._progress, {}
        return taken

    def refused(self, reason: StopReason) -> None:
        """Note that a limit refused a call: unless stop() says otherwise the run ends for it."""
        self._refused = reason

    def failed(self, error: BaseException, reason: StopReason) -> None:
        """Note the stop reason that holds if *error* leaves this run as well."""
        self._failure = (error, reason)

    def _open(self) -> None:
        outer = current_session()
        if outer is not None:
            self.conversation_id = self.conversation_id or outer.conversation_id
            self.budget = Budget(self._limits, parent=outer.budget)
            if self.conversation_id == outer.conversation_id:
                self._sketcher = outer.sketcher
        self.identity = self._who()
        attributes = dict(self.identity)
        attributes[GEN_AI_OPERATION_NAME] = GenAiOperationName.INVOKE_AGENT.value
        attributes.update(self._limits.attributes())
        if outer is None and (job := current_job()) is not None:
            attributes.update(job.identity)
            self._job = job
        self.span = tracers.current().start_span(
            f"invoke_agent {self.agent_name}", kind=trace.SpanKind.INTERNAL, attributes=attributes
        )
        self._token = otel_context.attach(with_session(self.span, self))

    def _finish(self, error: BaseException | None) -> None:
        if error is not None:
            mark_failed(self.span, error)
        if self.span.is_recording():
            self.span.set_attributes(self._money())
            self.span.set_attribute(LOOPWATCH_STOP_REASON, self._reason(error).value)
        if self._job is not None:
            self._job.ran(self.identity, self._reason(error), error)

    def _leave(self) -> None:
        if self._token is not None:
            otel_context.detach(self._token)
            self.span.end()

    def _money(self) -> "dict[str, AttributeValue]":
        spent = self.budget.spent.usd
        found: dict[str, AttributeValue] = {LOOPWATCH_RUN_COST: spent} if spent else {}
        if self._limits.max_usd is not None:
            found[LOOPWATCH_BUDGET_SCOPE] = BudgetScope.SESSION.value
            found[LOOPWATCH_BUDGET_LIMIT] = float(self._limits.max_usd)
            found[LOOPWATCH_BUDGET_SPENT] = spent
            found[LOOPWATCH_BUDGET_RESERVED] = self.budget.reserved.usd
        return found

    def _reason(self, error: BaseException | None) -> StopReason:
        if self._stop is not None:
            return self._stop
        if error is None:
            return self._refused or StopReason.COMPLETED
        if self._failure is not None and self._failure[0] is error:
            return self._failure[1]
        timeout = StopReason.TIMEOUT if isinstance(error, TimeoutError) else StopReason.INTERNAL_ERROR
        return run_stop(error) or timeout
