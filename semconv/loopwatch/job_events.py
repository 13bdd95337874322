"""Transitions of jobs as log events: through the program's logger provider, else one of our own."""

import importlib
import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber

from loopwatch._fork import in_forked_child
from loopwatch._safely import safely, warn_once
from loopwatch._tracer import SCOPE_NAME, version
from loopwatch.attributes import EVENT_JOB_FAILED, SCHEMA_URL
from loopwatch.event_sender import _EXPORTERS, _PROTOCOLS, _global_provider

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

_MISSING: Final = (
    "loopwatch: jobs are not told of: no logger provider with an exporter is set, and no OTLP exporter{} is installed. "
    "Mend it with: pip install 'loopwatch[otlp]'"
)
_SWITCHED_OFF: Final = "loopwatch: jobs are not told of: OTEL_LOGS_EXPORTER is none. Mend it by unsetting it"


class _Providers:
    """The provider that job events leave through; one of our own is made once, where the program has none."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Make one anew: a forked child cannot use what its parent was using when it was copied."""
        self._own: Any = None
        self._lock = threading.RLock()

    def current(self) -> Any:
        """The provider, or None where nothing can be sent."""
        provider = _global_provider()
        if provider is not None:
            return provider
        with self._lock:
            if self._own is None:
                self._own = _made() or False
        return self._own or None


providers: Final = _Providers()
in_forked_child(providers.forget)


def emit(name: str, attributes: "Mapping[str, AttributeValue]") -> None:
    """Send the event *name*, in the context of the span that is current."""
    provider = providers.current()
    if provider is None:
        return
    failed = name == EVENT_JOB_FAILED
    provider.get_logger(SCOPE_NAME, version(), schema_url=SCHEMA_URL).emit(
        LogRecord(
            timestamp=time.time_ns(),
            severity_number=SeverityNumber.ERROR if failed else SeverityNumber.INFO,
            severity_text="ERROR" if failed else "INFO",
            attributes=dict(attributes),
            event_name=name,
        )
    )


def flush(timeout_s: float) -> None:
    """Wait until events and spans have left the process, at most *timeout_s*."""
    until_s = time.monotonic() + timeout_s
    found = (getattr(provider, "force_flush", None) for provider in (providers.current(), trace.get_tracer_provider()))
    # In threads, because batches of the SDK ignore the time that they are given, and try as long as the exporter does.
    flushing = [
        threading.Thread(target=safely, args=(force_flush, int(timeout_s * 1000)), name="loopwatch-flush", daemon=True)
        for force_flush in found
        if force_flush is not None
    ]
    for thread in flushing:
        thread.start()
    for thread in flushing:
        thread.join(max(0.0, until_s - time.monotonic()))


def _made() -> Any:
    """A provider with an exporter as the official ``OTEL_EXPORTER_OTLP_*`` variables say; it flushes at exit."""
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    if os.environ.get("OTEL_LOGS_EXPORTER", "").strip().lower() == "none":
        warn_once("jobs", _SWITCHED_OFF)
        return None
    asked = next((found for name in _PROTOCOLS if (found := os.environ.get(name, "").strip())), None)
    exporters = (_exporter(protocol) for protocol in (_EXPORTERS if asked is None else (asked,)))
    exporter = next((found for found in exporters if found is not None), None)
    if exporter is None:
        warn_once("jobs", _MISSING.format("" if asked is None else f" for {asked}"))
        return None
    provider = LoggerProvider(resource=getattr(trace.get_tracer_provider(), "resource", None) or Resource.create())
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    return provider


def _exporter(protocol: str) -> Any:
    try:
        return importlib.import_module(_EXPORTERS[protocol]).OTLPLogExporter()
    except (KeyError, ImportError):
        return None
