"""Findings as OTLP log records, sent where the spans go: each with the trace and span id that raised it."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from loopwatch import attributes as names
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.sinks.otlp import OtlpForwarder

SCOPE = "loopwatch"
_SEVERITIES = {
    Severity.INFO: (SeverityNumber.SEVERITY_NUMBER_INFO, "INFO"),
    Severity.WARNING: (SeverityNumber.SEVERITY_NUMBER_WARN, "WARN"),
    Severity.CRITICAL: (SeverityNumber.SEVERITY_NUMBER_ERROR, "ERROR"),
}


class OtlpFindingsSink:
    """Offers one log record a finding to *forwarder*."""

    name = "otlp_findings"

    def __init__(self, forwarder: OtlpForwarder) -> None:
        self._forwarder = forwarder

    def emit(self, raised: RaisedFinding) -> None:
        """Queue *raised*.

        Raises:
            LoopwatchError: the queue is full; the finding stays in every other sink.
        """
        if not self._forwarder.offer(Signal.logs, as_request(raised).SerializeToString()):
            raise LoopwatchError("the forward queue is full")


def as_request(raised: RaisedFinding) -> ExportLogsServiceRequest:
    """An export request that holds *raised* as its only record."""
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.extend(
        _pairs({names.SERVICE_NAME: raised.service, names.DEPLOYMENT_ENVIRONMENT_NAME: raised.environment})
    )
    scope = resource.scope_logs.add()
    scope.scope.name = SCOPE
    scope.log_records.append(_record(raised))
    return request


def _record(raised: RaisedFinding) -> LogRecord:
    finding = raised.finding
    number, text = _SEVERITIES[finding.severity]
    return LogRecord(
        time_unix_nano=raised.at_ns,
        observed_time_unix_nano=raised.at_ns,
        severity_number=number,
        severity_text=text,
        event_name=names.EVENT_FINDING,
        body=AnyValue(string_value=finding.summary),
        trace_id=bytes.fromhex(raised.trace_id),
        span_id=bytes.fromhex(raised.span_id.partition("/")[0]),
        attributes=_pairs(
            {
                names.GEN_AI_CONVERSATION_ID: raised.session_key,
                names.GEN_AI_AGENT_NAME: raised.agent,
                names.LOOPWATCH_FINDING_DETECTOR: finding.detector,
                names.LOOPWATCH_FINDING_PATTERN: finding.pattern,
                names.LOOPWATCH_FINDING_SEVERITY: finding.severity.label,
                names.LOOPWATCH_FINDING_SCORE: finding.score,
                names.LOOPWATCH_FINDING_SUMMARY: finding.summary,
                names.LOOPWATCH_FINDING_STEP: raised.step,
                names.LOOPWATCH_STOP_REASON: finding.stop_reason,
            }
        ),
    )


def _pairs(values: Mapping[str, str | float | int]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items() if value != ""]


def _value(value: str | float | int) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(double_value=value) if isinstance(value, float) else AnyValue(int_value=value)
