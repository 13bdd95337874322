"""The tracer that the helpers write with, and what is current: one context variable, OpenTelemetry's own."""

import importlib.metadata
from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context
from opentelemetry import trace

from loopwatch._safely import warn_once
from loopwatch.attributes import SCHEMA_URL

if TYPE_CHECKING:
    from loopwatch.call import Call
    from loopwatch.job import Job
    from loopwatch.session import Session

SCOPE_NAME: Final = "loopwatch"
"""Name of the instrumentation scope of every span of the helpers."""

_SESSION: Final = otel_context.create_key("loopwatch.session")
_CALL: Final = otel_context.create_key("loopwatch.call")
_JOB: Final = otel_context.create_key("loopwatch.job")
_NO_PROVIDER: Final = (
    "loopwatch: no OpenTelemetry tracer provider is set, so nothing is recorded (limits still hold). "
    "Add this line at the start of the program: import loopwatch; loopwatch.configure()"
)


class _Tracers:
    """Holds the tracer of the provider that is set now: making one costs more than a span."""

    def __init__(self) -> None:
        self._provider: trace.TracerProvider | None = None
        self._tracer: trace.Tracer = trace.NoOpTracer()
        self._is_missing = True

    def current(self) -> trace.Tracer:
        provider = trace.get_tracer_provider()
        if provider is not self._provider:
            self._tracer = provider.get_tracer(SCOPE_NAME, version(), schema_url=SCHEMA_URL)
            self._provider = provider
            self._is_missing = isinstance(provider, (trace.ProxyTracerProvider, trace.NoOpTracerProvider))
        if self._is_missing:
            warn_once("provider", _NO_PROVIDER)
        return self._tracer


tracers: Final = _Tracers()


def version() -> str:
    """Return the installed version of loopwatch, "0" in a bare source tree."""
    try:
        return importlib.metadata.version("loopwatch")
    except importlib.metadata.PackageNotFoundError:
        return "0"


def current_session() -> "Session | None":
    """Return the innermost session that is open here."""
    found: Session | None = otel_context.get_value(_SESSION)  # type: ignore[assignment]
    return found


def current_call() -> "Call | None":
    """Return the innermost model call or tool call that is open here, within the innermost session."""
    found: Call | None = otel_context.get_value(_CALL)  # type: ignore[assignment]
    return found


def with_session(span: trace.Span, session: "Session") -> otel_context.Context:
    """Return the context inside *session*, in which no call is open yet."""
    context = otel_context.set_value(_SESSION, session, trace.set_span_in_context(span))
    return otel_context.set_value(_CALL, None, context)


def with_call(span: trace.Span, call: "Call") -> otel_context.Context:
    """Return the context inside *call*."""
    return otel_context.set_value(_CALL, call, trace.set_span_in_context(span))


def current_job(context: otel_context.Context | None = None) -> "Job | None":
    """Return the innermost job that is worked on here, or in *context*."""
    found: Job | None = otel_context.get_value(_JOB, context)  # type: ignore[assignment]
    return found


def with_job(job: "Job") -> otel_context.Context:
    """Return the context inside *job*."""
    return otel_context.set_value(_JOB, job)
