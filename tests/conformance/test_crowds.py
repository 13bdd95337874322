"""Slow clients and many of them: each gets an end, and the others get their answers."""

from __future__ import annotations

import resource
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import httpx
import pytest

from loopwatch_processor.receive.connections import ConnectionLimits
from loopwatch_processor.receive.intake import Signal
from tests.conformance.conftest import QUIET
from tests.conformance.h2 import H2
from tests.conformance.payloads import EXAMPLES, protobuf
from tests.conformance.sending import Way, send
from tests.conformance.test_http_wire import answers, request
from tests.stack.processes import Loopwatch, until

BODY = protobuf(Signal.traces, EXAMPLES[Signal.traces])
GOOD = request(BODY, f"Content-Length: {len(BODY)}")
CROWD = 1_000


def descriptors(serve: Loopwatch) -> int:
    """How many files and sockets the service has open."""
    return len(list(Path(f"/proc/{serve.pid}/fd").iterdir()))


def refused(serve: Loopwatch, reason: str) -> float:
    """How many connections were closed for *reason*."""
    return serve.metric("loopwatch_connections_refused_total", reason=reason)


@pytest.fixture(scope="module", name="impatient")
def _impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopwatch]:
    """A service that gives slow clients a second."""
    limits = ("receive.header_timeout_s=1", "receive.body_timeout_s=1", "receive.body_spared_s=0.2")
    few = ("receive.max_connections=60", "receive.max_waiting_requests=20")
    serve = Loopwatch(tmp_path_factory.mktemp("impatient"), *QUIET, *limits, *few)
    with serve.running():
        yield serve


@pytest.mark.parametrize("begun", [b"", b"POST /v1/tr", GOOD[:60]], ids=["silent", "in the line", "in the headers"])
def test_a_client_that_never_says_what_it_wants_is_let_go(impatient: Loopwatch, begun: bytes) -> None:
    """The connection is closed without an answer, and counted."""
    before = refused(impatient, "slow")
    with socket.create_connection(("127.0.0.1", impatient.http_port), timeout=30) as connection:
        connection.sendall(begun)
        assert connection.recv(1) == b""
    assert refused(impatient, "slow") == before + 1


def test_headers_that_drip_are_let_go_too(impatient: Loopwatch) -> None:
    """The time is that of all headers, not of each byte, also on a connection that was used before."""
    with socket.create_connection(("127.0.0.1", impatient.http_port), timeout=30) as connection:
        connection.sendall(GOOD)
        assert answers(connection, 1) == [200]
        with pytest.raises(ConnectionError):
            _drip(connection, GOOD * 100)


def _drip(connection: socket.socket, text: bytes) -> None:
    for byte in text:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def test_slow_bodies_do_not_keep_out_the_others(impatient: Loopwatch) -> None:
    """With every place taken by bodies that do not come, a quick client is served; the slow ones are told to retry."""
    slow = request(b"half", "Content-Length: 1000")
    before = impatient.metric("loopwatch_requests_answered_total", outcome="slow")
    with ExitStack() as stack:
        open_ones = [
            stack.enter_context(socket.create_connection(("127.0.0.1", impatient.http_port), timeout=30))
            for _ in range(20)
        ]
        for connection in open_ones:
            connection.sendall(slow)
        until("all to be inside", lambda: impatient.metric("loopwatch_requests_waiting") == 20)
        until("a place", lambda: send(impatient, Way.HTTP, BODY).code == "OK")
        assert send(impatient, Way.GRPC, BODY).code == "OK"
        seen = Counter(connection.makefile("rb").readline()[:12] for connection in open_ones)
    assert seen == {b"HTTP/1.1 503": 20}
    until("their count", lambda: impatient.metric("loopwatch_requests_answered_total", outcome="slow") == before + 20)


@pytest.mark.parametrize("begun", [b"", b"\0\0\0\x10\0half"], ids=["no message", "half a message"])
def test_a_call_that_never_sends_its_message_is_told_to_retry(impatient: Loopwatch, begun: bytes) -> None:
    """Over gRPC too a body has its time; the answer is UNAVAILABLE, which loses nothing."""
    before = impatient.metric("loopwatch_requests_answered_total", outcome="slow")
    with H2(impatient.grpc_port) as client:
        client.call(Signal.traces, begun, ends=False)
        assert client.status() == grpc.StatusCode.UNAVAILABLE.value[0]
    until("its count", lambda: impatient.metric("loopwatch_requests_answered_total", outcome="slow") == before + 1)


def test_calls_that_never_end_do_not_keep_out_the_others(impatient: Loopwatch) -> None:
    """Twenty half messages take every place, and a quick client is served."""
    with H2(impatient.grpc_port) as client:
        for _ in range(20):
            client.call(Signal.traces, b"\0\0\0\x10\0half", ends=False)
        until("all to be inside", lambda: impatient.metric("loopwatch_requests_waiting") == 20)
        until("a place", lambda: send(impatient, Way.GRPC, BODY).code == "OK")
        assert send(impatient, Way.HTTP, BODY).code == "OK"


@pytest.mark.parametrize("begun", [b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], ids=["silent", "no settings"])
def test_a_grpc_client_that_never_begins_is_let_go(impatient: Loopwatch, begun: bytes) -> None:
    """The handshake has its time as well."""
    with socket.create_connection(("127.0.0.1", impatient.grpc_port), timeout=30) as connection:
        connection.sendall(begun)
        while connection.recv(1024):
            pass


def test_connections_beyond_the_bound_are_closed_and_the_others_served(impatient: Loopwatch) -> None:
    """Sixty are served; each further one is closed at once and counted."""
    before = refused(impatient, "too_many")
    with ExitStack() as stack:
        seen: Counter[bytes] = Counter()
        for _ in range(100):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", impatient.http_port), timeout=30))
            try:
                connection.sendall(GOOD)
                seen[connection.recv(12)] += 1
            except ConnectionError:
                seen[b""] += 1
    assert seen == {b"HTTP/1.1 200": 60, b"": 40}
    until("room again", lambda: _answers(impatient))
    assert refused(impatient, "too_many") >= before + 40


def test_grpc_connections_beyond_the_bound_are_closed_and_the_others_served(impatient: Loopwatch) -> None:
    """The same bound, held by gRPC, which does not tell whom it refused."""
    message = b"\0" + len(BODY).to_bytes(4, "big") + BODY
    with ExitStack() as stack:
        seen: Counter[int | None] = Counter()
        for _ in range(100):
            client = stack.enter_context(H2(impatient.grpc_port))
            try:
                client.call(Signal.traces, message)
                seen[client.status()] += 1
            except ConnectionError:
                seen[None] += 1
    assert seen == {0: 60, None: 40}
    until("room again", lambda: send(impatient, Way.GRPC, BODY).code == "OK")


def _answers(serve: Loopwatch) -> bool:
    try:
        return httpx.get(f"{serve.url}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def test_a_thousand_connections_are_all_answered(serve: Loopwatch) -> None:
    """A thousand over HTTP and a thousand over gRPC, all open together: each gets its answer, and nothing is left."""
    before = descriptors(serve)
    with ExitStack() as stack:
        open_ones = [
            stack.enter_context(socket.create_connection(("127.0.0.1", serve.http_port), timeout=60))
            for _ in range(CROWD)
        ]
        calls = [stack.enter_context(H2(serve.grpc_port)) for _ in range(CROWD)]
        for connection, call in zip(open_ones, calls, strict=True):
            connection.sendall(GOOD)
            call.call(Signal.traces, b"\0" + len(BODY).to_bytes(4, "big") + BODY)
        over_http = Counter(connection.makefile("rb").readline()[:12] for connection in open_ones)
        over_grpc = Counter(call.status() for call in calls)
        most = descriptors(serve)
    assert set(over_http) <= {b"HTTP/1.1 200", b"HTTP/1.1 503"}
    assert set(over_grpc) <= {0, grpc.StatusCode.UNAVAILABLE.value[0]}
    assert over_http.total() == over_grpc.total() == CROWD
    assert over_http[b"HTTP/1.1 200"] > 0
    assert over_grpc[0] > 0
    assert before + CROWD < most < before + 2 * CROWD + 100
    until("the descriptors back", lambda: descriptors(serve) < before + 50)


def test_a_process_takes_no_more_connections_than_it_may_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The soft limit is raised as far as the hard one allows, and the bound follows that."""
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, limits: raised.append(limits))
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (256, 1024))
    assert ConnectionLimits(connections_max=2048).affordable().connections_max == 384
    assert ConnectionLimits(connections_max=100).affordable().connections_max == 100
    assert raised == [(1024, 1024), (456, 1024)]
