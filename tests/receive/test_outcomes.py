"""Every answer is counted once, by signal and outcome, also where the intake never heard of the request."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

import grpc
import httpx
import pytest

from loopwatch_processor.errors import Busy, RefusedDownstream, TooLarge, Undecodable
from loopwatch_processor.receive.admission import Admission, AdmissionLimits
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.receive.outcome import Outcome
from tests.receive.harness import Receivers, Recorder, receivers

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
ANSWERS: dict[Outcome, Receipt | Exception] = {
    Outcome.ok: Receipt(rejected=1),
    Outcome.undecodable: Undecodable("no"),
    Outcome.too_large: TooLarge(1),
    Outcome.busy: Busy(1),
    Outcome.refused: RefusedDownstream("no"),
    Outcome.fault: KeyError("bug"),
}


def _answering(answer: Receipt | Exception) -> Callable[[Signal, bytes], Receipt]:
    def give(_signal: Signal, _body: bytes) -> Receipt:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return give


def _post(servers: Receivers, content: bytes, headers: dict[str, str], path: str = "/v1/logs") -> None:
    httpx.post(servers.url + path, content=content, headers=headers, trust_env=False, timeout=30)


def _export(servers: Receivers, body: bytes, compression: grpc.Compression = grpc.Compression.NoCompression) -> None:
    with grpc.insecure_channel(servers.target) as channel:
        call: Any = channel.unary_unary(f"/{Signal.logs.grpc_service}/Export")
        call.with_call(body, timeout=30, compression=compression)


def _refused(servers: Receivers, body: bytes, compression: grpc.Compression = grpc.Compression.NoCompression) -> None:
    with pytest.raises(grpc.RpcError):
        _export(servers, body, compression)


def _counted(servers: Receivers) -> Counter[tuple[Signal, Outcome]]:
    """What was counted, once the servers' loop did all that it had begun."""
    servers.run(asyncio.sleep(0))
    return servers.intake.answered


@pytest.mark.parametrize("outcome", ANSWERS)
def test_what_the_intake_says_is_counted_over_http(outcome: Outcome) -> None:
    """The word fits the answer."""
    with receivers(Recorder(_answering(ANSWERS[outcome]))) as servers:
        _post(servers, b"x", PROTOBUF)
        assert _counted(servers) == {(Signal.logs, outcome): 1}


@pytest.mark.parametrize("outcome", ANSWERS)
def test_what_the_intake_says_is_counted_over_grpc(outcome: Outcome) -> None:
    """In the same words as over HTTP."""
    with receivers(Recorder(_answering(ANSWERS[outcome]))) as servers:
        _export(servers, b"x") if outcome is Outcome.ok else _refused(servers, b"x")
        assert _counted(servers) == {(Signal.logs, outcome): 1}


@pytest.mark.parametrize(
    ("content", "headers", "outcome"),
    [
        (b"{not json", JSON, Outcome.undecodable),
        (b"not gzip", {**PROTOBUF, "content-encoding": "gzip"}, Outcome.undecodable),
        (bytes(2 * 1024 * 1024), PROTOBUF, Outcome.too_large),
        (gzip.compress(bytes(2 * 1024 * 1024)), {**PROTOBUF, "content-encoding": "gzip"}, Outcome.too_large),
        (b"x", {"content-type": "text/plain"}, Outcome.unsupported),
        (b"x", {**PROTOBUF, "content-encoding": "br"}, Outcome.unsupported),
    ],
    ids=["json", "gzip", "large", "bomb", "type", "encoding"],
)
def test_a_body_that_never_reaches_the_intake_is_counted(
    content: bytes, headers: dict[str, str], outcome: Outcome
) -> None:
    """Broken bodies would otherwise show nowhere."""
    with receivers() as servers:
        _post(servers, content, headers)
        assert servers.intake.bodies == []
        assert _counted(servers) == {(Signal.logs, outcome): 1}


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_that_grpc_itself_refuses_is_counted(compression: grpc.Compression) -> None:
    """It is too large before or after decompression, and no handler of a message ever sees it."""
    with receivers() as servers:
        _refused(servers, bytes(2 * 1024 * 1024), compression)
        assert _counted(servers) == {(Signal.logs, Outcome.too_large): 1}


def test_a_body_that_does_not_arrive_is_slow() -> None:
    """It is told apart from our own being busy."""
    with (
        receivers(body_timeout_s=0.01) as servers,
        socket.create_connection(("127.0.0.1", servers.http_port), timeout=10) as connection,
    ):
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
            b"Content-Length: 1000\r\n\r\nhalf"
        )
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 503")
        assert _counted(servers) == {(Signal.traces, Outcome.slow): 1}


def test_a_full_door_is_busy_on_both_servers() -> None:
    """Who is not let in is counted too."""
    with receivers(limits=AdmissionLimits(requests_max=1)) as servers, servers.admission.request():
        _post(servers, b"x", PROTOBUF)
        _refused(servers, b"x")
        assert _counted(servers) == {(Signal.logs, Outcome.busy): 2}


def test_other_paths_pages_and_clients_that_hang_up_are_no_answered_requests() -> None:
    """Only what is sent to a signal's path, and answered, counts."""
    with receivers() as servers:
        _post(servers, b"x", PROTOBUF, "/v1/profiles")
        httpx.get(servers.url + "/healthz", trust_env=False)
        with socket.create_connection(("127.0.0.1", servers.http_port), timeout=10) as connection:
            connection.sendall(
                b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
                b"Content-Length: 1000\r\n\r\nhalf"
            )
        _post(servers, b"x", PROTOBUF)
        assert _counted(servers) == {(Signal.logs, Outcome.ok): 1}


def test_a_fault_in_counting_answers_changes_nothing() -> None:
    """The callback is not on the way to the answer."""

    def broken(_signal: Signal, _outcome: Outcome) -> None:
        raise KeyError("bug")

    Admission(Recorder(), on_answer=broken).answered(Signal.traces, Outcome.ok)
