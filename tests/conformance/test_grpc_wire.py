"""gRPC itself: compression, methods that are not there, and health."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from loopwatch_processor.receive.intake import Signal
from tests.conformance.conftest import BODY_MAX_BYTES, Inline
from tests.conformance.payloads import EXAMPLES, protobuf
from tests.stack.processes import Loopwatch


def _export(serve: Loopwatch, method: str, body: bytes, **options: Any) -> grpc.StatusCode:
    with grpc.insecure_channel(f"127.0.0.1:{serve.grpc_port}") as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        try:
            call(body, timeout=60, **options)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("compression", grpc.Compression)
def test_every_compression_of_grpc_is_taken(inline: Inline, signal: Signal, compression: grpc.Compression) -> None:
    """What comes out is what was put in, byte for byte."""
    body = protobuf(signal, EXAMPLES[signal])
    method = f"/{signal.grpc_service}/Export"
    assert _export(inline.serve, method, body, compression=compression) is grpc.StatusCode.OK
    assert inline.recorder.bodies == [(signal, body)]


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_the_size_limit_holds_after_decompression(serve: Loopwatch, compression: grpc.Compression) -> None:
    """A small message that becomes a large one is answered as a large one."""
    method = f"/{Signal.traces.grpc_service}/Export"
    code = _export(serve, method, bytes(BODY_MAX_BYTES + 1), compression=compression)
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("method", [f"/{Signal.traces.grpc_service}/Import", "/no.such.Service/Export"])
def test_what_is_not_there_is_unimplemented(serve: Loopwatch, method: str) -> None:
    """As gRPC has it for methods and services."""
    assert _export(serve, method, b"") is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("service", ["", *(signal.grpc_service for signal in Signal)])
def test_health_is_served(serve: Loopwatch, service: str) -> None:
    """The standard health service, for the whole and for each signal."""
    with grpc.insecure_channel(f"127.0.0.1:{serve.grpc_port}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=60)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
