"""Where events of open spans go: the program's own OpenTelemetry logs, or an exporter of ours."""

import importlib
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import _logs, trace
from opentelemetry import context as otel_context
from opentelemetry._logs import LogRecord, SeverityNumber

from loopwatch._counts import count
from loopwatch._safely import warn_once
from loopwatch._tracer import SCOPE_NAME, version
from loopwatch.attributes import SCHEMA_URL
from loopwatch.open_spans import Event

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import LogRecordExporter

_EXPORTERS: Final = {
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "grpc": "opentelemetry.exporter.otlp.proto.grpc._log_exporter",
}
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_MISSING: Final = (
    "loopwatch: open spans are followed but not told of: no logger provider with an exporter is set, and no OTLP "
    "exporter{} is installed. Mend it with: pip install 'loopwatch[otlp]'"
)
_SWITCHED_OFF: Final = (
    "loopwatch: open spans are followed but not told of: OTEL_LOGS_EXPORTER is none. Mend it by unsetting it, or "
    "with loopwatch.inflight.install(endpoint=…)"
)
_FAILED: Final = (
    "loopwatch: events of open spans could not be sent: set OTEL_EXPORTER_OTLP_ENDPOINT to a Collector that takes "
    "logs, or give install(endpoint=…)"
)


class EventSender:
    """Sends events through *provider*, else over HTTP to *endpoint*, else through the program's logger provider where
    that has an exporter, else as ``OTEL_EXPORTER_OTLP_*`` say. *endpoint* is a base URL."""

    def __init__(self, provider: "LoggerProvider | None" = None, endpoint: str | None = None) -> None:
        self._given = provider
        self._endpoint = endpoint
        self._own: _OwnSender | None = None
        self._is_hopeless = False

    def send(self, events: Sequence[Event]) -> None:
        """Send *events*; what cannot be sent is counted, and said once. Blocks while an exporter of ours sends."""
        provider = self._given or (None if self._endpoint else _global_provider())
        if provider is not None:
            _emit(provider, events)
            return
        if self._own is None and not self._is_hopeless:
            self._own = self._build()
            self._is_hopeless = self._own is None
        if self._own is None or not self._own.send(events):
            count("event_not_sent", len(events))

    def shutdown(self) -> None:
        """Send nothing more."""
        if self._own is not None:
            self._own.shutdown()

    def _build(self) -> "_OwnSender | None":
        if self._endpoint is not None:
            return _own_sender("http/protobuf", endpoint=f"{self._endpoint.rstrip('/')}/v1/logs")
        if os.environ.get("OTEL_LOGS_EXPORTER", "").strip().lower() == "none":
            warn_once("inflight", _SWITCHED_OFF)
            return None
        asked = next((found for name in _PROTOCOLS if (found := os.environ.get(name, "").strip())), None)
        for protocol in _EXPORTERS if asked is None else (asked,):
            sender = _own_sender(protocol)
            if sender is not None:
                return sender
        warn_once("inflight", _MISSING.format("" if asked is None else f" for {asked}"))
        return None


def _global_provider() -> Any:
    """The program's logger provider where somebody set one that sends its records somewhere, else None."""
    provider: Any = _logs.get_logger_provider()
    if type(provider).__name__ in ("ProxyLoggerProvider", "NoOpLoggerProvider"):  # the first is not public
        return None
    processors = getattr(getattr(provider, "_multi_log_record_processor", None), "_log_record_processors", None)
    return None if processors == () else provider


def _emit(provider: Any, events: Sequence[Event]) -> None:
    logger = provider.get_logger(SCOPE_NAME, version(), schema_url=SCHEMA_URL)
    for event in events:
        logger.emit(_record(event))


def _record(event: Event) -> LogRecord:
    span = trace.NonRecordingSpan(event.context)
    return LogRecord(
        timestamp=time.time_ns(),
        context=trace.set_span_in_context(span, otel_context.Context()),
        severity_number=SeverityNumber.DEBUG,
        severity_text="DEBUG",
        attributes=dict(event.attributes),
        event_name=event.name,
    )


def _own_sender(protocol: str, **options: str) -> "_OwnSender | None":
    try:
        module = importlib.import_module(_EXPORTERS[protocol])
    except (KeyError, ImportError):
        return None
    return _OwnSender(module.OTLPLogExporter(**options))


class _OwnSender:
    """An exporter called by the thread that sends: no queue, no thread of its own, nothing to flush at exit."""

    def __init__(self, exporter: "LogRecordExporter") -> None:
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._exporter = exporter
        self._is_shut_down = False
        self._scope = InstrumentationScope(SCOPE_NAME, version(), SCHEMA_URL)

    def send(self, events: Sequence[Event]) -> bool:
        if self._is_shut_down:
            return False
        from opentelemetry.sdk._logs import ReadableLogRecord
        from opentelemetry.sdk._logs.export import LogRecordExportResult

        records = [ReadableLogRecord(_record(event), event.resource, self._scope) for event in events]
        is_sent = self._exporter.export(records) is LogRecordExportResult.SUCCESS
        if not is_sent and not self._is_shut_down:
            warn_once("inflight:failed", _FAILED)
        return is_sent

    def shutdown(self) -> None:
        self._is_shut_down = True
        self._exporter.shutdown()  # type: ignore[no-untyped-call]
