"""HTTP itself, byte by byte: connections that are kept, pipelined, chunked, wrong."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from loopwatch_processor.receive.intake import Signal
from tests.conformance.payloads import EXAMPLES, protobuf
from tests.conformance.sending import JSON, PROTOBUF, answer_of, over_http
from tests.stack.processes import Loopwatch

BODY = protobuf(Signal.traces, EXAMPLES[Signal.traces])


@contextmanager
def connected(serve: Loopwatch) -> Iterator[socket.socket]:
    """A plain connection to the HTTP port."""
    with socket.create_connection(("127.0.0.1", serve.http_port), timeout=30) as connection:
        yield connection


def request(body: bytes, *more: str) -> bytes:
    """The bytes of one good request with *more* headers."""
    lines = ("POST /v1/traces HTTP/1.1", "Host: x", f"Content-Type: {PROTOBUF}", *more)
    return "\r\n".join((*lines, "", "")).encode() + body


def answers(connection: socket.socket, count: int) -> list[int]:
    """The status of the next *count* answers on *connection*, read whole."""
    stream = connection.makefile("rb")
    statuses = []
    for _ in range(count):
        statuses.append(int(stream.readline().split()[1]))
        headers = http.client.parse_headers(stream)
        stream.read(int(headers["content-length"]))
    return statuses


def test_a_connection_is_used_again(serve: Loopwatch) -> None:
    """Good and bad requests share one connection; no refusal costs it."""
    good, bad = request(BODY, f"Content-Length: {len(BODY)}"), request(b"\xff", "Content-Length: 1")
    with connected(serve) as connection:
        seen = []
        for sent in (good, bad, good):
            connection.sendall(sent)
            seen += answers(connection, 1)
    assert seen == [200, 400, 200]


def test_pipelined_requests_are_answered_in_their_order(serve: Loopwatch) -> None:
    """Three requests in one packet get three answers."""
    good, bad = request(BODY, f"Content-Length: {len(BODY)}"), request(b"\xff", "Content-Length: 1")
    with connected(serve) as connection:
        connection.sendall(good + bad + good)
        assert answers(connection, 3) == [200, 400, 200]


def test_a_body_may_come_in_chunks_of_any_size(serve: Loopwatch) -> None:
    """One byte a chunk, with extensions and trailers, is the same request."""
    chunks = b"".join(b"1;name=value\r\n" + BODY[at : at + 1] + b"\r\n" for at in range(len(BODY)))
    before = serve.metric("loopwatch_requests_received_bytes_total", signal="traces")
    with connected(serve) as connection:
        connection.sendall(request(chunks + b"0\r\nX-Trailer: 1\r\n\r\n", "Transfer-Encoding: chunked"))
        assert answers(connection, 1) == [200]
    assert serve.metric("loopwatch_requests_received_bytes_total", signal="traces") - before == len(BODY)


def test_a_connection_of_http_1_0_is_served(serve: Loopwatch) -> None:
    """The answer ends with the connection, as that version has it."""
    with connected(serve) as connection:
        connection.sendall(request(b"", "Content-Length: 0").replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        request(b"", "Content-Length: -1"),
        request(b"", "Content-Length: 1, 2"),
        request(b"zz\r\n", "Transfer-Encoding: chunked"),
        request(b"", "Transfer-Encoding: gzip, chunked"),
        request(b"", "X-Long: " + "x" * 17_000).removesuffix(b"\r\n\r\n"),
        b"POST\r\n\r\n",
    ],
    ids=["TLS", "HTTP/2", "negative", "two lengths", "chunk", "coding", "long header", "no path"],
)
def test_what_is_not_http_is_answered_and_closed(serve: Loopwatch, sent: bytes) -> None:
    """A refusal and an end, whatever it was; nobody waits for more."""
    with connected(serve) as connection:
        connection.sendall(sent)
        status = connection.makefile("rb").read().partition(b"\r\n")[0]
    assert status.split()[1] in (b"400", b"404", b"431", b"501")
    assert httpx.get(f"{serve.url}/healthz", trust_env=False).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("signal", Signal)
def test_only_post_is_taken(serve: Loopwatch, signal: Signal, method: str) -> None:
    """Others are 405 and say so."""
    url = f"{serve.url}{signal.http_path}"
    answer = httpx.request(method, url, headers={"content-type": PROTOBUF}, trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert method == "HEAD" or answer_of(signal, answer).status.message == "OTLP is sent with POST"


@pytest.mark.parametrize("path", ["/v1/trace", "/v1/traces/", "/V1/traces", "//v1/traces", "/v1/profiles", "/"])
def test_other_paths_are_not_found(serve: Loopwatch, path: str) -> None:
    """The answer, a Status in the request's encoding, says where OTLP goes."""
    answer = httpx.post(f"{serve.url}{path}", content=b"{}", headers={"content-type": JSON}, trust_env=False)
    read = answer_of(Signal.traces, answer)
    assert (answer.status_code, read.code, answer.headers["content-type"]) == (404, "NOT_FOUND", JSON)
    assert "/v1/traces" in read.status.message


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/grpc"},
        {"content-type": "application/x-protobuf-delimited"},
        {"content-type": PROTOBUF, "content-encoding": "br"},
        {"content-type": PROTOBUF, "content-encoding": "gzip, gzip"},
        {"content-type": JSON, "content-encoding": "deflate"},
    ],
)
def test_other_types_and_encodings_are_unsupported(serve: Loopwatch, headers: dict[str, str]) -> None:
    """415 with a Status that says what to send."""
    answer = over_http(serve, b"", **headers)
    assert (answer.http_status, answer.code) == (415, "INVALID_ARGUMENT")
    assert answer.status.message.startswith("send Content-")


@pytest.mark.parametrize("media_type", [f"{JSON}; charset=utf-8", "Application/JSON", f"{JSON} ;x=y"])
def test_parameters_and_case_of_a_type_do_not_matter(serve: Loopwatch, media_type: str) -> None:
    """A charset is no other encoding."""
    assert over_http(serve, b"{}", **{"content-type": media_type}).code == "OK"
