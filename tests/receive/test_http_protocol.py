"""The reading of HTTP is bounded and forgiving in the same way, whichever parser does it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from functools import partial

import pytest

from loopwatch_processor.receive import http_protocol
from tests.receive.harness import Receivers, receivers

HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
PIECE = 4_096
PIECES = 1_000
"""Four MiB: more than any bound, and what the sockets in between hold."""


@pytest.fixture(scope="module", name="servers", params=["h11", "httptools"])
def _servers(request: pytest.FixtureRequest) -> Iterator[Receivers]:
    by_httptools = request.param == "httptools"
    if by_httptools and not http_protocol.HAS_HTTPTOOLS:
        missing = pytest.fail if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1" else pytest.skip
        missing("httptools is not installed")
    chosen = partial(http_protocol.bounded_http, by_httptools=by_httptools)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopwatch_processor.receive.http_server.bounded_http", chosen)
        with receivers() as servers:
            yield servers


def _connected(servers: Receivers) -> socket.socket:
    return socket.create_connection(("127.0.0.1", servers.http_port), timeout=30)


def _answer(connection: socket.socket) -> bytes:
    """The next status line; the answers here have no body."""
    stream = connection.makefile("rb")
    line = stream.readline()
    while stream.readline().strip():
        pass
    return line.split(b" ")[1] if line else b""


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (HEAD + b"X-Long: ", b"x" * PIECE),
        (HEAD, b"X-Many: x\r\n" * (PIECE // 11)),
        (b"POST /", b"x" * PIECE),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: x\r\n" * (PIECE // 14)),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * PIECE),
    ],
    ids=["a header", "headers", "a path", "trailers", "an extension of a chunk"],
)
def test_what_never_ends_is_ended(servers: Receivers, begun: bytes, more: bytes) -> None:
    """The connection is closed long before the memory of the service is full."""
    with _connected(servers) as connection:
        assert not _goes_on(connection, begun, more)


def _goes_on(connection: socket.socket, begun: bytes, more: bytes) -> bool:
    """Whether after all of it the connection is still open; an answer before its end may have come."""
    try:
        connection.sendall(begun)
        for _ in range(PIECES):
            connection.sendall(more)
        return bool(connection.recv(1024) and connection.recv(1024))
    except ConnectionError:
        return False


def test_requests_sent_far_ahead_are_not_kept(servers: Receivers) -> None:
    """Each is answered before the next ones are read, or the connection ends without a word that would be mistaken."""
    request = HEAD + b"Content-Length: 0\r\n\r\n"
    with _connected(servers) as connection:
        connection.sendall(request * 1_000)
        connection.shutdown(socket.SHUT_WR)
        try:
            answers = connection.makefile("rb").read()
        except ConnectionError:
            answers = b""
    assert answers.count(b"HTTP/1.1 ") == answers.count(b"HTTP/1.1 200")


def test_a_client_that_would_rather_speak_http_2_is_served(servers: Receivers) -> None:
    """Java's own client asks for it with its first request, and goes on without."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
    with _connected(servers) as connection:
        connection.sendall(HEAD + upgrade + b"Content-Length: 6\r\n\r\nfir")
        connection.sendall(b"st:")
        assert _answer(connection) == b"200"
        connection.sendall(HEAD + b"Content-Length: 6\r\n\r\nsecond")
        assert _answer(connection) == b"200"
    # Empty ones may still come from the test before.
    assert [body for _, body in servers.intake.bodies if body in (b"first:", b"second", b"fir")] == [
        b"first:",
        b"second",
    ]


def test_a_body_is_waited_for_where_the_client_asks_first(servers: Receivers) -> None:
    """Who expects it is told to continue, and then answered."""
    with _connected(servers) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert _answer(connection) == b"100"
        connection.sendall(b"body")
        assert _answer(connection) == b"200"


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nbodyx",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n",
        b"CONNECT example:443 HTTP/1.1\r\nHost: example:443\r\n\r\n",
        HEAD + b"X Y: 1\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"X-Y: 1\x00\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["two lengths", "two codings", "another coding", "a tunnel", "a space", "a zero"],
)
def test_what_proxies_read_differently_is_refused(servers: Receivers, sent: bytes) -> None:
    """Two readers who disagree about where a request ends are how one is smuggled in."""
    with _connected(servers) as connection:
        connection.sendall(sent)
        assert _answer(connection) in (b"400", b"404", b"501")
