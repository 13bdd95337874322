"""The messages that OTLP answers with: Export responses and google.rpc.Status."""

from __future__ import annotations

from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace

from loopwatch_processor.errors import Busy, LoopwatchError, RefusedDownstream, TooLarge, Undecodable
from loopwatch_processor.receive.intake import Receipt, Signal

_MESSAGE_MAX_CHARACTERS = 300
"""gRPC sends it in trailers, percent-encoded and in the details; clients refuse trailers over 8 KiB."""


def export_response(signal: Signal, receipt: Receipt) -> Message:
    """The Export*ServiceResponse for *receipt*; partial_success is unset on full success."""
    rejected, message = receipt.rejected, receipt.message
    match signal:
        case Signal.traces:
            traces = trace.ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
            return trace.ExportTraceServiceResponse(partial_success=traces if receipt.partial else None)
        case Signal.logs:
            records = logs.ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
            return logs.ExportLogsServiceResponse(partial_success=records if receipt.partial else None)
        case Signal.metrics:
            points = metrics.ExportMetricsPartialSuccess(rejected_data_points=rejected, error_message=message)
            return metrics.ExportMetricsServiceResponse(partial_success=points if receipt.partial else None)


def error_status(error: LoopwatchError) -> status_pb2.Status:
    """The google.rpc.Status for *error*: the client's fault with BadRequest, ours with RetryInfo."""
    message = str(error)[:_MESSAGE_MAX_CHARACTERS]
    match error:
        case Undecodable():
            violation = error_details_pb2.BadRequest.FieldViolation(description=message)
            detail: Message = error_details_pb2.BadRequest(field_violations=[violation])
            return status(code_pb2.INVALID_ARGUMENT, message, detail)
        case RefusedDownstream():
            return status(code_pb2.INVALID_ARGUMENT, message)
        case TooLarge():
            return status(code_pb2.RESOURCE_EXHAUSTED, message)
        case Busy(retry_after_s=retry_after_s):
            retry = error_details_pb2.RetryInfo(retry_delay=_duration(retry_after_s))
            return status(code_pb2.UNAVAILABLE, message, retry)
        case _:
            raise TypeError(f"no OTLP answer is defined for {type(error).__name__}")


def status(code: int, message: str, *details: Message) -> status_pb2.Status:
    """A google.rpc.Status with *details* packed."""
    packed = [any_pb2.Any() for _ in details]
    for envelope, detail in zip(packed, details, strict=True):
        envelope.Pack(detail)
    return status_pb2.Status(code=code, message=message, details=packed)


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
