"""What a model call and a tool call share: reserve, open a span, settle, close."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from opentelemetry import context as otel_context
from opentelemetry import trace

from loopwatch._safely import safely, warn_once
from loopwatch._tracer import current_session, tracers, with_call
from loopwatch.attributes import ERROR_TYPE, LOOPWATCH_STEP_COST, LOOPWATCH_STEP_INDEX
from loopwatch.budget import NOTHING, Amounts, BudgetExceeded
from loopwatch.content import captures_content
from loopwatch.errors import error_type

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from opentelemetry.util.types import AttributeValue

    from loopwatch.attributes import StopReason
    from loopwatch.session import Session
    from loopwatch.stream import Stream


class Call(ABC):
    """One step of an agent, as a context manager for ``with`` and ``async with``. Not to be entered twice.

    *span* is the OpenTelemetry span while the call is open, an invalid span before.
    """

    _what = "call"

    def __init__(self) -> None:
        self.span: trace.Span = trace.INVALID_SPAN
        self.session: Session | None = None
        self._token: Token[otel_context.Context] | None = None
        self._reserved = NOTHING
        self._usd: float | None = None
        self._streams: list[Stream[Any]] = []
        self._depth = 0
        self._closed = False

    def __enter__(self) -> Self:
        self._depth += 1
        if self._depth > 1 or self._closed:
            warn_once("entered", f"loopwatch: one {self._what} was entered twice: make a new one for each call")
            return self
        self.session = current_session()
        if self.session is not None:
            wanted = self._wanted()
            self._reserve(self.session, wanted)
            self._reserved = wanted
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
        safely(self._settle, error)
        safely(self._leave)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_: "TracebackType | None"
    ) -> None:
        self.__exit__(kind, error, trace_)

    def set(self, name: str, value: "AttributeValue | None") -> None:
        """Set a span attribute unless *value* is None; after the call it is dropped with a warning."""
        if value is None:
            return
        if self.span.is_recording():
            self.span.set_attribute(name, value)
        elif self._closed and self.span.get_span_context().trace_flags.sampled:
            warn_once(f"late:{name}", f"loopwatch: {name} came after its {self._what} had ended and was dropped")

    def watch(self, stream: "Stream[Any]") -> None:
        """Remember a stream that is written to this call's span when the call ends, if not before."""
        self._streams.append(stream)

    def _record_cost(self, usd: float) -> None:
        # A whole number of dollars, or a Decimal, is a double on the wire too.
        self._usd = float(usd)
        self.set(LOOPWATCH_STEP_COST, self._usd)

    def _reserve(self, session: "Session", wanted: Amounts) -> None:
        try:
            session.budget.reserve(wanted)
        except BudgetExceeded as refusal:
            session.refused(refusal.stop_reason)
            raise

    def _open(self) -> None:
        name, kind, attributes = self._describe()
        if self.session is not None:
            attributes.update(self.session.identity)
            attributes[LOOPWATCH_STEP_INDEX] = self.session.next_step()
            attributes.update(self.session.take_progress())
        self.span = tracers.current().start_span(name, kind=kind, attributes=attributes)
        self._token = otel_context.attach(with_call(self.span, self))
        if self.span.is_recording():
            self._opened()

    def _finish(self, error: BaseException | None) -> None:
        for stream in self._streams:
            stream.finish()
        if error is not None:
            mark_failed(self.span, error)
            self._failed(error)

    def _settle(self, error: BaseException | None) -> None:
        if self.session is not None:
            self.session.budget.settle(self._reserved, self._actual())
            if error is not None:
                self.session.failed(error, self._stop(error))

    def _leave(self) -> None:
        if self._token is not None:
            otel_context.detach(self._token)
            self.span.end()

    @abstractmethod
    def _wanted(self) -> Amounts:
        """Return what to set aside before the call."""

    @abstractmethod
    def _actual(self) -> Amounts:
        """Return what the call took."""

    @abstractmethod
    def _describe(self) -> "tuple[str, trace.SpanKind, dict[str, AttributeValue]]":
        """Return the span's name, kind and attributes."""

    @abstractmethod
    def _stop(self, error: BaseException) -> "StopReason":
        """Return the stop reason that holds if *error* ends the run."""

    def _opened(self) -> None:  # noqa: B027 - a hook that a kind of call need not take
        """Add what is worth computing only on a span that is recorded."""

    def _failed(self, error: BaseException) -> None:  # noqa: B027 - as above
        """Add what this kind of call says of its failure."""


def mark_failed(span: trace.Span, error: BaseException) -> None:
    """Mark *span* as failed; the message is content and is there only where capture is on."""
    if span.is_recording():
        span.set_attribute(ERROR_TYPE, error_type(error))
        message = str(error) if captures_content() else None
        span.set_status(trace.Status(trace.StatusCode.ERROR, message))
