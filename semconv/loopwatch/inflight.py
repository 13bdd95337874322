"""Says which GenAI spans are open, how long, and since when they have been silent, while they are.

OpenTelemetry exports a span when it ends, so a call that hangs is invisible until it does not hang any more.
``loopwatch.inflight.install()`` makes it visible, beside any GenAI instrumentation.
"""

import os
import secrets
import socket
import threading
import time
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from loopwatch import http_clock
from loopwatch._by_identity import ByIdentity
from loopwatch._counts import count, counts
from loopwatch._fork import in_forked_child
from loopwatch._safely import safely, warn_once
from loopwatch.attributes import (
    HOST_NAME,
    LOOPWATCH_HEARTBEAT_INTERVAL,
    LOOPWATCH_PROCESS_ID,
    LOOPWATCH_PROCESS_LEFT_OUT,
    PROCESS_PID,
)
from loopwatch.event_sender import EventSender
from loopwatch.open_spans import Event, OpenSpans

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.util.types import AttributeValue

__all__ = ["InFlightReporter", "counts", "install"]

GRACE_S: Final = 5.0
"""Age at which a span is announced. Most calls of models and tools end sooner and so cost no event, and a sixth of the
30 s of silence from which a stall is reported is soon enough."""
INTERVAL_S: Final = 15.0
"""Time between heartbeats: half of those 30 s, so that a stall is seen within 15 s of becoming one."""
MAX_OPEN_SPANS: Final = 10_000
"""Open spans of any kind that are followed: about 1 MB."""
MAX_ANNOUNCED: Final = 1_000
"""Open GenAI spans that are told of at a time: half of what the SDK's log queue holds by default."""

_SWEEPS_PER_GRACE: Final = 5
_EXIT_S: Final = 1.0
_NO_PROVIDER: Final = (
    "loopwatch: no OpenTelemetry tracer provider is set, so open spans are not followed: "
    "call loopwatch.inflight.install() after the provider is set, or loopwatch.configure() before it"
)
_AGAIN: Final = (
    "loopwatch: open spans are followed already, so the endpoint or logger_provider of a second install() has no "
    "effect: make it the first, or set LOOPWATCH_INFLIGHT=off where opentelemetry-instrument made that"
)


class InFlightReporter(SpanProcessor):
    """A span processor that tells of open GenAI spans of any instrumentation, as OTLP log events.

    A span still open after *grace_s* is announced (``loopwatch.span.started``), then has a heartbeat every
    *interval_s* (``loopwatch.heartbeat``), and a word when it is over (``loopwatch.span.ended``). Events go through
    *logger_provider*, or over HTTP to *endpoint* (a base URL), else through the program's logger provider where it has
    an exporter, else as ``OTEL_EXPORTER_OTLP_*`` say; where none of these leads anywhere that is logged once.

    One daemon thread, started by the first span, in each forked process anew. Never raises into the program.
    """

    def __init__(
        self,
        *,
        grace_s: float = GRACE_S,
        interval_s: float = INTERVAL_S,
        max_open_spans: int = MAX_OPEN_SPANS,
        max_announced: int = MAX_ANNOUNCED,
        logger_provider: "LoggerProvider | None" = None,
        endpoint: str | None = None,
    ) -> None:
        self._grace_s = grace_s
        self._interval_s = interval_s
        self._bounds = (max_open_spans, max_announced)
        self._goal = (logger_provider, endpoint)
        self._is_shut_down = False
        self._begin()
        _forked_anew(self)

    def _begin(self) -> None:
        self._stop = threading.Event()
        self._starting = threading.RLock()
        self._thread: threading.Thread | None = None
        self._sender = EventSender(*self._goal)
        self._open = OpenSpans(
            int(self._grace_s * 1e9), int(self._interval_s * 1e9), *self._bounds, _process(self._interval_s)
        )
        self._fresh, self._announced = self._open.fresh, self._open.announced

    def on_start(self, span: Span, parent_context: otel_context.Context | None = None) -> None:  # noqa: ARG002
        """Follow *span*."""
        try:  # as OpenSpans.add() and safely(), each of which would cost a quarter of the whole
            if len(self._fresh) < self._open.room:
                self._fresh.append(weakref.ref(span))
            else:
                self._open.crowd(span)
        except Exception:  # noqa: BLE001
            count("fault")
        if self._thread is None:
            safely(self._start_thread)

    def on_end(self, span: ReadableSpan) -> None:
        """Follow *span* no more."""
        if self._announced:
            safely(self._open.remove, span)

    def shutdown(self) -> None:
        """Tell nothing more; waits at most a second for events on their way."""
        self._is_shut_down = True
        self._stop.set()
        safely(self._sender.shutdown)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_EXIT_S)

    def sweep(self, now_ns: int | None = None) -> None:
        """Tell what is to be told at *now_ns* of the wall clock; the thread does it five times in a grace."""
        events = self._open.sweep(time.time_ns() if now_ns is None else now_ns)
        if events:
            self._sender.send([_with_counts(events[0]), *events[1:]])

    def _start_thread(self) -> None:
        with self._starting:
            if self._thread is None and not self._is_shut_down:
                self._thread = threading.Thread(target=self._run, name="loopwatch-inflight", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        otel_context.attach(otel_context.set_value(_SUPPRESS, True))
        while not self._stop.wait(self._grace_s / _SWEEPS_PER_GRACE):
            safely(self.sweep)

    def after_fork(self) -> None:
        """Begin anew in a forked child: the parent's spans are the parent's to tell of."""
        self._begin()


# Instrumentations of HTTP clients look at it, so that sending events makes no spans.
_SUPPRESS: Final = getattr(otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")


def _process(interval_s: float) -> "dict[str, AttributeValue]":
    return {
        LOOPWATCH_PROCESS_ID: secrets.token_hex(8),
        PROCESS_PID: os.getpid(),
        HOST_NAME: socket.gethostname(),
        LOOPWATCH_HEARTBEAT_INTERVAL: float(interval_s),
    }


def _with_counts(event: Event) -> Event:
    """*event*, which also says what this process has left out: once in a batch, as it is about the process."""
    left_out = {f"{LOOPWATCH_PROCESS_LEFT_OUT}.{reason}": number for reason, number in counts().items()}
    return replace(event, attributes={**event.attributes, **left_out}) if left_out else event


def _forked_anew(reporter: InFlightReporter) -> None:
    held = weakref.ref(reporter)

    def begin_anew() -> None:
        forked = held()
        if forked is not None:
            forked.after_fork()

    in_forked_child(begin_anew)


def install(
    *,
    grace_s: float = GRACE_S,
    interval_s: float = INTERVAL_S,
    logger_provider: "LoggerProvider | None" = None,
    endpoint: str | None = None,
    http: bool = True,
) -> InFlightReporter | None:
    """Tell of open GenAI spans from now on: one line, after the tracer provider is set.

    *http* also watches the streams that httpx and httpx2 clients read for them, where one of these is installed. The
    rest is as for :class:`InFlightReporter`. A second call changes nothing. Returns the reporter, None where no
    provider of the SDK is set, which is logged once. Never raises.
    """
    return safely(_install, grace_s, interval_s, logger_provider, endpoint, http)


def _install(
    grace_s: float, interval_s: float, logger_provider: "LoggerProvider | None", endpoint: str | None, http: bool
) -> InFlightReporter | None:
    provider = trace.get_tracer_provider()
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        warn_once("inflight:provider", _NO_PROVIDER)
        return None
    reporter = _installed.get(provider)
    if reporter is None:
        reporter = InFlightReporter(
            grace_s=grace_s, interval_s=interval_s, logger_provider=logger_provider, endpoint=endpoint
        )
        add(reporter)
        _installed.put(provider, reporter)
    elif logger_provider is not None or endpoint is not None:
        warn_once("inflight:again", _AGAIN)
    if http:
        http_clock.install()
    return reporter


_installed: Final[ByIdentity[trace.TracerProvider, InFlightReporter]] = ByIdentity()


def post_instrument() -> None:
    """Entry point of ``opentelemetry_post_instrument``: runs :func:`install` where a distro set a provider up.

    ``LOOPWATCH_INFLIGHT=off`` keeps it from that; ``LOOPWATCH_INFLIGHT_ENDPOINT`` is its *endpoint*.
    """
    if os.environ.get("LOOPWATCH_INFLIGHT", "").strip().lower() not in ("off", "false", "0"):
        install(endpoint=os.environ.get("LOOPWATCH_INFLIGHT_ENDPOINT") or None)
