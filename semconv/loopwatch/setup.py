"""One line that sets up OpenTelemetry for an agent, or joins what is already set up."""

import importlib
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import _logs, trace

from loopwatch import inflight
from loopwatch._safely import safely, warn_once

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

_ENDPOINT_VARIABLES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_MISSING_EXPORTER: Final = (
    "loopwatch: the OTLP exporter is not installed, so spans are made but not sent. "
    "Mend it with: pip install 'loopwatch[otlp]'"
)


def configure(
    endpoint: str | None = None,
    *,
    service_name: str | None = None,
    sketch_content: bool = True,
    report_open_spans: bool = True,
) -> None:
    """Set up a tracer provider and a logger provider that send OTLP over HTTP, each only where there is none.

    *endpoint* is the base URL of a Collector or of ``loopwatch serve`` (``http://localhost:4318`` unless the
    official ``OTEL_EXPORTER_OTLP_*`` variables say otherwise), *service_name* the resource's service.name. With
    *sketch_content* the spans of any instrumentation leave through ``SketchingExporter``. With *report_open_spans*
    calls that take long are told of while they are open (:mod:`loopwatch.inflight`). Providers that exist are joined
    as they are: their resource, processors and exporters stay. Never raises; what is missing is logged once with its
    remedy.
    """
    safely(_configure, endpoint, service_name, sketch_content, report_open_spans)


def _configure(endpoint: str | None, service_name: str | None, sketch_content: bool, report_open_spans: bool) -> None:
    resource = _resource(service_name)
    is_ours = isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    can_send = is_ours and _set_up_traces(endpoint, resource, sketch_content)
    if not is_ours and (endpoint is not None or service_name is not None):
        _say_joined()
    if _has_no_logger_provider():
        _set_up_logs(endpoint, resource)
    if can_send and report_open_spans:
        inflight.install(http=False)  # streams go through loopwatch.stream(): nobody asked to touch HTTP clients


def _say_joined() -> None:
    warn_once(
        "joined",
        "loopwatch: a tracer provider is already set, so configure() keeps it with its own service name "
        "and exporters: add another exporter there to send to loopwatch as well",
    )


def _has_no_logger_provider() -> bool:
    return type(_logs.get_logger_provider()).__name__ == "ProxyLoggerProvider"  # not public in the API


def _resource(service_name: str | None) -> "Resource":
    from opentelemetry.sdk.resources import Resource

    return Resource.create({} if service_name is None else {"service.name": service_name})


def _set_up_traces(endpoint: str | None, resource: "Resource", sketch_content: bool) -> bool:
    """Set the provider; whether its spans are sent."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from loopwatch.exporter import SketchingExporter

    provider = TracerProvider(resource=resource)
    exporter = _exporter("trace_exporter", "OTLPSpanExporter", "traces", endpoint)
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(SketchingExporter(exporter) if sketch_content else exporter))
    trace.set_tracer_provider(provider)
    return exporter is not None


def _set_up_logs(endpoint: str | None, resource: "Resource") -> None:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    exporter = _exporter("_log_exporter", "OTLPLogExporter", "logs", endpoint)
    provider = LoggerProvider(resource=resource)
    if exporter is not None:
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    _logs.set_logger_provider(provider)


def _exporter(module: str, name: str, signal: str, endpoint: str | None) -> Any:
    try:
        found = importlib.import_module(f"opentelemetry.exporter.otlp.proto.http.{module}")
    except ModuleNotFoundError:
        warn_once("exporter", _MISSING_EXPORTER)
        return None
    if endpoint is None:
        return getattr(found, name)()
    return getattr(found, name)(endpoint=f"{endpoint.rstrip('/')}/v1/{signal}")
