"""OTLP/HTTP over real sockets: what each request is answered, and what reaches the intake."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import orjson
import pytest
import zstandard
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from loopwatch_processor.errors import Busy, LoopwatchError, Undecodable
from loopwatch_processor.receive.admission import AdmissionLimits
from loopwatch_processor.receive.intake import Receipt, Signal
from tests.receive.harness import Receivers, receivers

PROTOBUF, JSON = "application/x-protobuf", "application/json"
MIB = 1024 * 1024
RESPONSES: dict[Signal, tuple[type[Message], str]] = {
    Signal.traces: (ExportTraceServiceResponse, "rejected_spans"),
    Signal.logs: (ExportLogsServiceResponse, "rejected_log_records"),
    Signal.metrics: (ExportMetricsServiceResponse, "rejected_data_points"),
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


def _post(servers: Receivers, content: Any, path: str = "/v1/traces", **headers: str) -> httpx.Response:
    headers = {"content-type": PROTOBUF, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.post(servers.url + path, content=content, headers=headers, trust_env=False, timeout=30)


def _status(response: httpx.Response) -> status_pb2.Status:
    if response.headers["content-type"] == PROTOBUF:
        return status_pb2.Status.FromString(response.content)
    return json_format.Parse(response.content, status_pb2.Status())


def _raising(error: Exception) -> Any:
    def answer(signal: Signal, body: bytes) -> Receipt:
        raise error

    return answer


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("identity", bytes), ("gzip", gzip.compress), ("zstd", zstandard.compress)],
)
def test_protobuf_reaches_the_intake_byte_for_byte(
    servers: Receivers, signal: Signal, encoding: str, compress: Any
) -> None:
    """Whatever the content encoding, the intake gets the bytes the client serialised."""
    body = bytes(range(256)) * 10
    response = _post(servers, compress(body), signal.http_path, content_encoding=encoding)

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == PROTOBUF
    assert servers.intake.bodies == [(signal, body)]


def test_json_is_answered_in_json_and_arrives_as_protobuf(servers: Receivers) -> None:
    """A JSON client with upper-case ids, and a charset, is served like any other."""
    span = {"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "name": "x"}
    body = orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    response = _post(servers, gzip.compress(body), content_type=JSON + "; charset=utf-8", content_encoding="gzip")

    request = ExportTraceServiceRequest.FromString(servers.intake.bodies[0][1])
    received = request.resource_spans[0].scope_spans[0].spans[0]
    assert (response.status_code, response.json(), response.headers["content-type"]) == (200, {}, JSON)
    assert received.trace_id.hex() == "5b8efff798038103d269b633813fc60c"


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_an_empty_request_is_a_success(servers: Receivers, media_type: str) -> None:
    """Nothing sent is nothing wrong."""
    assert _post(servers, b"", content_type=media_type).status_code == 200
    assert servers.intake.bodies == [(Signal.traces, b"")]


def test_a_chunked_body_needs_no_length(servers: Receivers) -> None:
    """A client that streams its body sends no Content-Length."""
    assert _post(servers, iter([b"one", b"two"])).status_code == 200
    assert servers.intake.bodies == [(Signal.traces, b"onetwo")]


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_partial_success_says_how_many_and_why(servers: Receivers, signal: Signal, media_type: str) -> None:
    """Each signal has its own name for what was rejected."""
    servers.intake.answer = lambda signal, body: Receipt(rejected=3, message="no room")
    response = _post(servers, b"{}" if media_type == JSON else b"", signal.http_path, content_type=media_type)

    kind, field = RESPONSES[signal]
    read: Any = json_format.Parse(response.content, kind()) if media_type == JSON else kind.FromString(response.content)
    assert response.status_code == 200
    assert (getattr(read.partial_success, field), read.partial_success.error_message) == (3, "no room")


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_undecodable_is_400_with_a_bad_request_in_the_clients_encoding(servers: Receivers, media_type: str) -> None:
    """The sender's fault is named, and not to be retried."""
    servers.intake.answer = _raising(Undecodable("spans[2]: cut short"))
    response = _post(servers, b"{}" if media_type == JSON else b"x", content_type=media_type)

    status, detail = _status(response), error_details_pb2.BadRequest()
    assert (response.status_code, response.headers["content-type"]) == (400, media_type)
    assert (status.code, status.message) == (3, "spans[2]: cut short")
    assert status.details[0].Unpack(detail)
    assert detail.field_violations[0].description == "spans[2]: cut short"


def test_busy_is_503_with_the_time_to_wait(servers: Receivers) -> None:
    """Retry-After is whole seconds, rounded up; RetryInfo is exact."""
    servers.intake.answer = _raising(Busy(2.5))
    response = _post(servers, b"x")

    retry = error_details_pb2.RetryInfo()
    assert (response.status_code, response.headers["retry-after"]) == (503, "3")
    assert _status(response).code == 14
    assert _status(response).details[0].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 2500


@pytest.mark.parametrize("fault", [KeyError("bug"), MemoryError(), RecursionError(), LoopwatchError("odd")])
def test_our_own_fault_is_retryable_and_counted(servers: Receivers, fault: Exception) -> None:
    """A Collector drops data on a plain 500, so a bug of ours is 503 and says nothing of its inside."""
    servers.intake.answer = _raising(fault)
    response = _post(servers, b"x")

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert servers.intake.faults == [fault]
    assert b"bug" not in response.content


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", b"not gzip"), ("zstd", b"not zstd"), ("gzip", gzip.compress(b"x" * 999)[:-9])],
)
def test_a_damaged_encoding_is_400(servers: Receivers, encoding: str, body: bytes) -> None:
    """What cannot be decompressed will not be better next time."""
    response = _post(servers, body, content_encoding=encoding)
    assert (response.status_code, _status(response).code, servers.intake.bodies) == (400, 3, [])


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [("gzip", gzip.compress(bytes(50 * MIB))), ("zstd", zstandard.compress(bytes(50 * MIB)))],
)
def test_a_bomb_is_413(servers: Receivers, encoding: str, bomb: bytes) -> None:
    """The limit holds after decompression."""
    assert len(bomb) < MIB / 10
    response = _post(servers, bomb, content_encoding=encoding)
    assert (response.status_code, _status(response).code, servers.intake.bodies) == (413, 8, [])
    assert "retry-after" not in response.headers


@pytest.mark.parametrize("chunked", [False, True])
def test_an_oversized_body_is_413_and_the_client_gets_to_read_it(servers: Receivers, chunked: bool) -> None:
    """The rest is drained, so the answer arrives and the connection goes on."""
    body = bytes(5 * MIB)
    with httpx.Client(base_url=servers.url, headers={"content-type": PROTOBUF}, trust_env=False) as client:
        refused = client.post("/v1/traces", content=iter([body]) if chunked else body)
        accepted = client.post("/v1/traces", content=b"small")

    assert (refused.status_code, accepted.status_code) == (413, 200)
    assert refused.headers.get("connection") != "close"
    assert servers.intake.bodies == [(Signal.traces, b"small")]


def test_the_limit_itself_is_accepted(servers: Receivers) -> None:
    """The size limit is inclusive."""
    assert _post(servers, bytes(MIB)).status_code == 200
    assert _post(servers, bytes(MIB + 1)).status_code == 413


@pytest.mark.parametrize(
    ("headers", "status_code"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/grpc"}, 415),
        ({"content_type": ""}, 415),
        ({"content_encoding": "br"}, 415),
        ({"content_encoding": "gzip, zstd"}, 415),
        ({"content_type": "APPLICATION/X-PROTOBUF", "content_encoding": "GZIP"}, 200),
    ],
)
def test_only_known_types_and_encodings_are_taken(
    servers: Receivers, headers: dict[str, str], status_code: int
) -> None:
    """Others are 415 with a Status that names what to send; names are read in any case."""
    response = _post(servers, gzip.compress(b""), **headers)
    assert response.status_code == status_code
    if status_code == 415:
        assert _status(response).message.startswith("send Content-")


def test_other_methods_are_405_and_other_paths_404(servers: Receivers) -> None:
    """Both answers say where OTLP goes, in a Status."""
    wrong_method = httpx.get(servers.url + "/v1/traces", trust_env=False)
    wrong_path = _post(servers, b"x", "/v1/profiles")

    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
    assert wrong_path.status_code == 404
    assert "/v1/traces" in _status(wrong_path).message


def test_who_looks_for_a_page_is_told_which_there_are() -> None:
    """Each once, as a browser at the root asks."""

    def page(_request: Request) -> Response:
        return PlainTextResponse("here")

    with receivers(extra_routes={"/books": page, "/books/": page, "/maps/": page}) as servers:
        told = httpx.get(servers.url + "/", trust_env=False)

    assert told.status_code == 404
    assert told.json()["message"].endswith("pages to look at are /healthz, /readyz, /books, /maps/")


def test_a_client_that_waits_for_continue_is_refused_before_it_sends(servers: Receivers) -> None:
    """With Expect: 100-continue a wrong type costs no upload."""
    with socket.create_connection(("127.0.0.1", servers.http_port), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
            b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(64).startswith(b"HTTP/1.1 415")


def test_a_client_that_waits_for_continue_and_is_welcome_gets_it(servers: Receivers) -> None:
    """The body follows the interim answer."""
    with socket.create_connection(("127.0.0.1", servers.http_port), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
            b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(64).startswith(b"HTTP/1.1 100")
        connection.sendall(b"abc")
        assert connection.recv(64).startswith(b"HTTP/1.1 200")


def test_a_client_that_hangs_up_leaves_nothing_behind(servers: Receivers) -> None:
    """Half a body is not a request, and its memory is given back."""
    with socket.create_connection(("127.0.0.1", servers.http_port), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
            b"Content-Length: 1000\r\n\r\nhalf"
        )
    assert _post(servers, b"next").status_code == 200
    assert servers.intake.bodies == [(Signal.traces, b"next")]
    assert (servers.admission.requests, servers.admission.held_bytes) == (0, 0)
    assert servers.intake.faults == []


def test_a_body_that_never_ends_is_answered_and_dropped() -> None:
    """A slow link is told to retry: 408 would make clients drop the data."""
    with (
        receivers(body_timeout_s=0.01) as servers,
        socket.create_connection(("127.0.0.1", servers.http_port), timeout=10) as connection,
    ):
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
            b"Content-Length: 1000\r\n\r\nhalf"
        )
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"connection: close" in answer.lower()


def test_too_many_requests_are_told_to_come_back() -> None:
    """Above the limit the answer is Busy, and the body that waits is not touched."""
    limits = AdmissionLimits(requests_max=1, retry_after_s=7)
    with receivers(limits=limits) as servers, servers.admission.request():
        response = _post(servers, b"x")
    assert (response.status_code, response.headers["retry-after"]) == (503, "7")


def test_health_and_readiness() -> None:
    """Liveness is always 200; readiness asks the caller."""
    state = {"ready": False}
    with receivers(ready=lambda: state["ready"]) as servers:
        alive = httpx.get(servers.url + "/healthz", trust_env=False)
        before = httpx.get(servers.url + "/readyz", trust_env=False)
        state["ready"] = True
        after = httpx.get(servers.url + "/readyz", trust_env=False)
    assert (alive.status_code, before.status_code, after.status_code) == (200, 503, 200)


def test_the_caller_adds_pages_of_its_own() -> None:
    """A page may answer at once or be awaited; it gets the request."""

    def metrics(request: Request) -> Response:
        return PlainTextResponse(f"accept {request.headers['accept']}")

    async def echo(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    with receivers(extra_routes={"/metrics": metrics, "/echo": echo}) as servers:
        shown = httpx.get(servers.url + "/metrics", headers={"accept": "text/plain"}, trust_env=False)
        echoed = _post(servers, b"hello", "/echo")
    assert (shown.text, echoed.text) == ("accept text/plain", "hello")


def test_a_page_that_ends_in_a_slash_stands_for_all_below_it() -> None:
    """The longest one goes, an exact page goes before it, and what is beside it is still 404."""

    def named(name: str) -> Callable[[Request], Response]:
        return lambda request: PlainTextResponse(f"{name} {request.method} {request.scope['path']}")

    pages = {path: named(path) for path in ("/books", "/books/", "/books/old/", "/books/exact")}
    with receivers(extra_routes=pages) as servers:
        asked = ("/books", "/books/", "/books/a%2Fb%20c?x=1", "/books/old/1", "/books/exact", "/books/exactly")
        shown = {path: httpx.get(servers.url + path, trust_env=False).text for path in asked}
        headed = httpx.head(servers.url + "/books/a", trust_env=False)
        beside = httpx.get(servers.url + "/bookshop", trust_env=False)
    assert shown == {
        "/books": "/books GET /books",
        "/books/": "/books/ GET /books/",
        "/books/a%2Fb%20c?x=1": "/books/ GET /books/a/b c",
        "/books/old/1": "/books/old/ GET /books/old/1",
        "/books/exact": "/books/exact GET /books/exact",
        "/books/exactly": "/books/ GET /books/exactly",
    }
    assert (headed.status_code, headed.text, beside.status_code) == (200, "", 404)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=300),
    media_type=st.sampled_from([PROTOBUF, JSON, "text/plain"]),
    encoding=st.sampled_from(["", "gzip", "zstd", "br"]),
    path=st.sampled_from(["/v1/traces", "/v1/logs", "/v1/metrics", "/v1/x"]),
)
def test_no_bytes_make_a_server_error(
    servers: Receivers, body: bytes, media_type: str, encoding: str, path: str
) -> None:
    """Bad input is the sender's: never 5xx while the intake is well."""
    response = _post(servers, body, path, content_type=media_type, content_encoding=encoding)
    assert response.status_code < 500
    assert servers.intake.faults == []
