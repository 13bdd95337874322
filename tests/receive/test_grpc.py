"""OTLP/gRPC over real sockets: what each request is answered, and what reaches the intake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from loopwatch_processor.errors import Busy, TooLarge, Undecodable
from loopwatch_processor.receive.admission import AdmissionLimits
from loopwatch_processor.receive.intake import Receipt, Signal
from tests.receive.harness import Receivers, Recorder, receivers

RESPONSES: dict[Signal, Callable[[bytes], Any]] = {
    Signal.traces: lambda body: ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans,
    Signal.logs: lambda body: ExportLogsServiceResponse.FromString(body).partial_success.rejected_log_records,
    Signal.metrics: lambda body: ExportMetricsServiceResponse.FromString(body).partial_success.rejected_data_points,
}


@pytest.fixture(scope="module", name="shared_servers")
def _shared_servers() -> Iterator[Receivers]:
    with receivers() as servers:
        yield servers


@pytest.fixture(name="servers")
def _servers(shared_servers: Receivers) -> Receivers:
    shared_servers.intake.answer = lambda signal, body: Receipt()
    shared_servers.intake.bodies.clear()
    shared_servers.intake.faults.clear()
    return shared_servers


def _export(
    servers: Receivers,
    body: bytes,
    signal: Signal = Signal.traces,
    compression: grpc.Compression = grpc.Compression.NoCompression,
) -> bytes:
    with grpc.insecure_channel(servers.target) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{signal.grpc_service}/Export")
        return call(body, timeout=30, compression=compression)


def _failure(servers: Receivers, body: bytes = b"x", **options: Any) -> grpc.Call:
    with pytest.raises(grpc.RpcError) as raised:
        _export(servers, body, **options)
    assert isinstance(raised.value, grpc.Call)
    return raised.value


def _retry_delay_ms(call: grpc.Call) -> int | None:
    status = rpc_status.from_call(call)
    retry = error_details_pb2.RetryInfo()
    if status is None or not any(detail.Unpack(retry) for detail in status.details):
        return None
    delay_ms: int = retry.retry_delay.ToMilliseconds()
    return delay_ms


def _raising(error: Exception) -> Any:
    def answer(signal: Signal, body: bytes) -> Receipt:
        raise error

    return answer


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_bodies_reach_the_intake_byte_for_byte(
    servers: Receivers, signal: Signal, compression: grpc.Compression
) -> None:
    """All three services take bytes as the client serialised them; full success is an empty response."""
    body = bytes(range(256)) * 10
    assert _export(servers, body, signal, compression) == b""
    assert servers.intake.bodies == [(signal, body)]


def test_an_empty_request_is_a_success(servers: Receivers) -> None:
    """Nothing sent is nothing wrong."""
    assert _export(servers, b"") == b""


@pytest.mark.parametrize("signal", Signal)
def test_partial_success_says_how_many(servers: Receivers, signal: Signal) -> None:
    """What was not taken is said in the response, with status OK."""
    servers.intake.answer = lambda signal, body: Receipt(rejected=3, message="no room")
    assert RESPONSES[signal](_export(servers, b"x", signal)) == 3


def test_undecodable_is_invalid_argument_with_bad_request(servers: Receivers) -> None:
    """The sender's fault is named, even one that a trailer could not hold, and carries no RetryInfo."""
    servers.intake.answer = _raising(Undecodable("spans[2]: " + "é" * 100_000))
    call = _failure(servers)

    status, detail = rpc_status.from_call(call), error_details_pb2.BadRequest()
    assert call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert status is not None
    assert status.details[0].Unpack(detail)
    assert detail.field_violations[0].description.startswith("spans[2]")
    assert _retry_delay_ms(call) is None


def test_busy_is_unavailable_with_the_time_to_wait(servers: Receivers) -> None:
    """RetryInfo carries fractions of a second."""
    servers.intake.answer = _raising(Busy(2.5))
    call = _failure(servers)
    assert (call.code(), _retry_delay_ms(call)) == (grpc.StatusCode.UNAVAILABLE, 2500)


@pytest.mark.parametrize("fault", [KeyError("bug"), MemoryError(), grpc.aio.AbortError()])
def test_our_own_fault_is_retryable_and_counted(servers: Receivers, fault: Exception) -> None:
    """An exception left to gRPC is UNKNOWN, on which a Collector drops data; ours is UNAVAILABLE with RetryInfo."""
    servers.intake.answer = _raising(fault)
    call = _failure(servers)

    assert (call.code(), _retry_delay_ms(call)) == (grpc.StatusCode.UNAVAILABLE, 1000)
    assert servers.intake.faults == [fault]
    assert "bug" not in (call.details() or "")


def test_a_fault_in_counting_faults_changes_nothing() -> None:
    """The callback is not on the way to the answer."""
    recorder = Recorder(answer=_raising(KeyError("bug")))
    recorder.faults = None  # type: ignore[assignment]
    with receivers(recorder) as servers:
        assert _failure(servers).code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_oversize_is_resource_exhausted_for_good(servers: Receivers, compression: grpc.Compression) -> None:
    """Over the limit before or after decompression; without RetryInfo, so the client does not try again."""
    call = _failure(servers, bytes(2 * 1024 * 1024), compression=compression)
    assert (call.code(), _retry_delay_ms(call)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, None)
    assert servers.intake.bodies == []


def test_a_body_larger_than_grpcs_own_default_is_taken() -> None:
    """grpcio refuses 4 MB by default; our setting decides."""
    with receivers(body_max_bytes=8 * 1024 * 1024) as servers:
        _export(servers, bytes(6 * 1024 * 1024))
        assert len(servers.intake.bodies[0][1]) == 6 * 1024 * 1024


def test_an_intake_that_finds_a_body_too_large_is_final(servers: Receivers) -> None:
    """TooLarge has the same answer from wherever it comes."""
    servers.intake.answer = _raising(TooLarge(10))
    call = _failure(servers)
    assert (call.code(), _retry_delay_ms(call)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, None)


def test_too_many_requests_are_told_to_come_back() -> None:
    """Above the limit the answer is UNAVAILABLE with RetryInfo, never RESOURCE_EXHAUSTED alone."""
    limits = AdmissionLimits(requests_max=1, retry_after_s=7)
    with receivers(limits=limits) as servers, servers.admission.request():
        call = _failure(servers)
    assert (call.code(), _retry_delay_ms(call)) == (grpc.StatusCode.UNAVAILABLE, 7000)


def _health(servers: Receivers, service: str) -> int:
    with grpc.insecure_channel(servers.target) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        status: int = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10).status
    return status


@pytest.mark.parametrize("service", ["", Signal.traces.grpc_service])
def test_health_is_served(servers: Receivers, service: str) -> None:
    """The standard health service answers for the server and for each service."""
    assert _health(servers, service) == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("service", ["", Signal.traces.grpc_service])
def test_health_says_not_serving_before_the_rest_is_ready(service: str) -> None:
    """As /readyz does."""
    with receivers(ready=lambda: False) as servers:
        assert _health(servers, service) == health_pb2.HealthCheckResponse.NOT_SERVING
