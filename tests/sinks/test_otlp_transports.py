"""The OTLP transports against real servers: the same bytes out, and each answer read as the specification says."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]
from grpc_status import rpc_status
from starlette.requests import Request
from starlette.responses import Response

from loopwatch_processor.errors import BadEndpoint, Busy, Undecodable
from loopwatch_processor.receive.http_server import HttpServer, HttpSettings
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.receive.responses import status
from loopwatch_processor.sinks.otlp_answer import RETRY_AFTER_MAX_S, Answer, Delivered, Refused, Transport, TryAgain
from loopwatch_processor.sinks.otlp_grpc import GrpcTransport
from loopwatch_processor.sinks.otlp_http import HttpTransport
from loopwatch_processor.sinks.tls import ClientTls
from tests.receive.harness import Receivers, Recorder, receivers

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BODY = bytes(range(256)) * 10

MakeTransport = Callable[[Receivers], Transport]
TRANSPORTS: dict[str, MakeTransport] = {
    "grpc": lambda servers: GrpcTransport(servers.target),
    "grpc plain": lambda servers: GrpcTransport(f"http://{servers.target}", compress=False),
    "http": lambda servers: HttpTransport(servers.url),
    "http plain": lambda servers: HttpTransport(servers.url + "/", compress=False),
}


@pytest.fixture(params=TRANSPORTS, name="make")
def _make(request: pytest.FixtureRequest) -> MakeTransport:
    return TRANSPORTS[request.param]


def _raising(error: Exception) -> Callable[[Signal, bytes], Receipt]:
    def answer(signal: Signal, body: bytes) -> Receipt:
        raise error

    return answer


async def _made(make: Callable[[], Transport], then: Callable[[Transport], Awaitable[Answer]]) -> Answer:
    transport = make()
    try:
        return await then(transport)
    finally:
        await transport.close()


def _ask(make: Callable[[], Transport], signal: Signal = Signal.traces) -> Answer:
    """Send one batch through a transport made on the loop that uses it."""
    return asyncio.run(_made(make, lambda transport: transport.send(signal, BODY)))


@pytest.mark.parametrize("signal", Signal)
def test_a_transport_delivers_the_same_bytes(make: MakeTransport, signal: Signal) -> None:
    """Compressed or not, over either protocol, the endpoint reads exactly what was sent."""
    with receivers() as servers:
        assert _ask(lambda: make(servers), signal) == Delivered()
        assert servers.intake.bodies == [(signal, BODY)]


@pytest.mark.parametrize("signal", Signal)
def test_a_transport_reads_partial_success(make: MakeTransport, signal: Signal) -> None:
    """All three signals' responses."""
    with receivers(Recorder(lambda signal, body: Receipt(2, "too old"))) as servers:
        assert _ask(lambda: make(servers), signal) == Delivered(2, "too old")


def test_a_transport_reads_busy_with_its_wait(make: MakeTransport) -> None:
    """RetryInfo over gRPC, Retry-After over HTTP."""
    with receivers(Recorder(_raising(Busy(4)))) as servers:
        answer = _ask(lambda: make(servers))
    assert isinstance(answer, TryAgain)
    assert answer.after_s == 4.0


def test_a_transport_reads_a_refusal(make: MakeTransport) -> None:
    """Bad data is never retried, and the endpoint's words are kept."""
    with receivers(Recorder(_raising(Undecodable("spans[2]: cut short")))) as servers:
        answer = _ask(lambda: make(servers))
    assert isinstance(answer, Refused)
    assert answer.reason in {"grpc_invalid_argument", "http_400"}
    assert "spans[2]: cut short" in answer.why


def test_an_endpoint_that_is_not_there_is_tried_again(make: MakeTransport) -> None:
    """A refused connection is an outage, not a refusal."""
    with receivers() as servers:
        gone = servers
    assert isinstance(_ask(lambda: make(gone)), TryAgain)


async def _ask_grpc(code: grpc.StatusCode, *details: Any) -> Answer:
    """What the transport makes of a gRPC server that always aborts with *code*."""
    number = code.value[0]

    async def export(body: bytes, context: Any) -> bytes:
        return bytes(await context.abort_with_status(rpc_status.to_status(status(number, "no", *details))))

    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    method: Any = grpc.unary_unary_rpc_method_handler(export)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(Signal.traces.grpc_service, {"Export": method})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        transport = GrpcTransport(f"127.0.0.1:{port}")
        return await _made(lambda: transport, lambda made: made.send(Signal.traces, BODY))
    finally:
        await server.stop(0)


RETRYABLE = {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_grpc_codes_are_retried_as_the_specification_says(code: grpc.StatusCode) -> None:
    """RESOURCE_EXHAUSTED alone is final, and so is every code that is not in the table."""
    answer = asyncio.run(_ask_grpc(code))
    assert isinstance(answer, TryAgain) == (code.name in RETRYABLE)
    if isinstance(answer, Refused):
        assert answer.reason == f"grpc_{code.name.lower()}"


@pytest.mark.parametrize(("seconds", "after_s"), [(3, 3.0), (0, None), (10**9, RETRY_AFTER_MAX_S)])
def test_exhausted_with_retry_info_is_tried_again(seconds: int, after_s: float | None) -> None:
    """RetryInfo says that the endpoint recovers; no wait means our own, an absurd one is cut."""
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromSeconds(seconds)
    answer = asyncio.run(_ask_grpc(grpc.StatusCode.RESOURCE_EXHAUSTED, retry))
    assert isinstance(answer, TryAgain)
    assert answer.after_s == after_s


async def _ask_http(reply: Response, **options: Any) -> tuple[Answer, list[tuple[str, dict[str, str], bytes]]]:
    """What the transport makes of an HTTP server that always answers *reply*, and what the server saw."""
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        seen.append((request.url.path, dict(request.headers), await request.body()))
        await reply(scope, receive, send)

    server = HttpServer(app, HttpSettings(port=0))
    await server.start()
    try:
        endpoint = f"http://127.0.0.1:{server.port}/otlp"
        transport = HttpTransport(endpoint, now=lambda: NOW, **options)
        return await _made(lambda: transport, lambda made: made.send(Signal.logs, BODY)), seen
    finally:
        await server.stop(0)


@pytest.mark.parametrize("code", [301, 400, 401, 404, 413, 429, 500, 501, 502, 503, 504])
def test_http_statuses_are_retried_as_the_specification_says(code: int) -> None:
    """429, 502, 503 and 504 only: a plain 500 is final."""
    answer, _ = asyncio.run(_ask_http(Response(b"<html>", code)))
    assert isinstance(answer, TryAgain) == (code in {429, 502, 503, 504})
    if isinstance(answer, Refused):
        assert answer.reason == f"http_{code}"


@pytest.mark.parametrize(
    ("text", "after_s"),
    [
        ("5", 5.0),
        ("0", None),
        ("soon", None),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", None),
        ("999999", RETRY_AFTER_MAX_S),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, after_s: float | None) -> None:
    """Anything else, and the past, means our own back-off."""
    answer, _ = asyncio.run(_ask_http(Response(b"", 503, {"retry-after": text})))
    assert isinstance(answer, TryAgain)
    assert answer.after_s == after_s


def test_a_success_without_a_readable_body_is_a_success() -> None:
    """The status counts; a proxy's page does not make us send twice."""
    answer, _ = asyncio.run(_ask_http(Response(b"<html>thanks</html>", 200)))
    assert answer == Delivered()


def test_the_request_carries_path_headers_and_the_same_bytes() -> None:
    """The user's headers are sent, ours win where OTLP needs them, and the endpoint's path is kept."""
    headers = {"Authorization": "Bearer x", "Content-Type": "text/plain"}
    _, [(path, sent, body)] = asyncio.run(_ask_http(Response(b""), headers=headers))
    assert (path, gzip.decompress(body)) == ("/otlp/v1/logs", BODY)
    assert sent["authorization"] == "Bearer x"
    assert (sent["content-type"], sent["content-encoding"]) == ("application/x-protobuf", "gzip")


@pytest.mark.parametrize("endpoint", ["", "ftp://x:1", "http://", "http://h:99999", "http://h:4317/?q", "h:port"])
@pytest.mark.parametrize("make_transport", [GrpcTransport, HttpTransport])
def test_an_endpoint_that_makes_no_sense_is_named(make_transport: Callable[[str], Transport], endpoint: str) -> None:
    """One sentence with the text and the right form."""
    with pytest.raises(BadEndpoint, match="write it as http://host:4317"):
        make_transport(endpoint)


def test_grpc_endpoints_have_no_path() -> None:
    """A path is a sign that HTTP was meant."""
    with pytest.raises(BadEndpoint, match="leave out the path '/v1/traces'"):
        GrpcTransport("http://h:4317/v1/traces")


def test_tls_files_are_checked_before_anything_starts(tmp_path: Path) -> None:
    """A missing file, a lone certificate and a file that is no PEM are named."""
    broken = tmp_path / "ca.pem"
    broken.write_text("not a certificate")
    with pytest.raises(BadEndpoint, match=r"cannot read .*gone\.pem"):
        HttpTransport("https://h:1", tls=ClientTls(ca_file=tmp_path / "gone.pem"))
    with pytest.raises(BadEndpoint, match="a certificate and its key go together"):
        GrpcTransport("https://h:1", tls=ClientTls(cert_file=broken))
    with pytest.raises(BadEndpoint, match="holds no certificate"):
        HttpTransport("https://h:1", tls=ClientTls(ca_file=broken))
