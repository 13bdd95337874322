"""What a real service answers to each kind of request, on every way that OTLP knows."""

from __future__ import annotations

import asyncio
import gzip
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import zstandard

from loopwatch_processor.errors import Busy, Undecodable
from loopwatch_processor.receive.intake import Receipt, Signal
from tests.conformance.conftest import BODY_MAX_BYTES, QUIET, Inline
from tests.conformance.payloads import EXAMPLES, official
from tests.conformance.sending import JSON, PROTOBUF, RESPONSES, Answer, Way, encoded, over_http, send
from tests.stack.processes import Loopwatch, free_ports, until

EVERY_WAY = pytest.mark.parametrize("way", Way)
EVERY_SIGNAL = pytest.mark.parametrize("signal", Signal)
HTTP = pytest.mark.parametrize("way", [Way.HTTP, Way.HTTP_JSON])
MEDIA_TYPES = {Way.HTTP: PROTOBUF, Way.HTTP_JSON: JSON}


@EVERY_WAY
@EVERY_SIGNAL
def test_an_example_is_taken_whole(inline: Inline, way: Way, signal: Signal) -> None:
    """The answer is an empty response in the request's encoding, and what goes on is what was sent."""
    answer = send(inline.serve, way, encoded(way, signal, EXAMPLES[signal]), signal)

    ((arrived_as, body),) = inline.recorder.bodies
    assert (answer.code, answer.response) == ("OK", RESPONSES[signal][0]())
    assert answer.body == (b"{}" if way is Way.HTTP_JSON else b"")
    assert answer.headers.get("content-type") == MEDIA_TYPES.get(way)
    expected = official(signal, EXAMPLES[signal])
    assert (arrived_as, type(expected).FromString(body)) == (signal, expected)


@EVERY_WAY
@EVERY_SIGNAL
def test_an_empty_request_is_a_success(serve: Loopwatch, way: Way, signal: Signal) -> None:
    """Nothing sent is nothing wrong: no bytes, and a message without content."""
    empties = (b"", b"{}") if way is Way.HTTP_JSON else (b"",)
    assert [send(serve, way, body, signal).code for body in empties] == ["OK"] * len(empties)


@EVERY_WAY
@EVERY_SIGNAL
def test_what_was_rejected_is_said_with_a_success(inline: Inline, way: Way, signal: Signal) -> None:
    """partial_success carries number and reason, and the request is not to be sent again."""
    inline.recorder.answer = lambda _signal, _body: Receipt(rejected=3, message="no room for three")
    answer = send(inline.serve, way, encoded(way, signal, EXAMPLES[signal]), signal)

    partial: Any = answer.response
    rejected = getattr(partial.partial_success, RESPONSES[signal][1])
    assert (answer.code, rejected, partial.partial_success.error_message) == ("OK", 3, "no room for three")


@EVERY_WAY
@pytest.mark.parametrize("signal", [Signal.traces, Signal.logs])
def test_bad_data_is_a_bad_request(serve: Loopwatch, way: Way, signal: Signal) -> None:
    """INVALID_ARGUMENT, over HTTP 400, says what is wrong, and nothing of a retry."""
    answer = send(serve, way, b"{" if way is Way.HTTP_JSON else b"\x0a\xff", signal)

    assert (answer.code, answer.retry_after_s) == ("INVALID_ARGUMENT", None)
    assert answer.violations == [answer.status.message]
    assert answer.headers.get("content-type") == MEDIA_TYPES.get(way)
    assert answer.http_status == (0 if way is Way.GRPC else 400)


@EVERY_WAY
def test_an_oversized_request_is_refused_for_good(serve: Loopwatch, way: Way) -> None:
    """RESOURCE_EXHAUSTED without RetryInfo, over HTTP 413 without Retry-After: sending it again would not help."""
    answer = send(serve, way, bytes(BODY_MAX_BYTES + 1))

    assert (answer.code, answer.retry_after_s) == ("RESOURCE_EXHAUSTED", None)
    assert "retry-after" not in answer.headers
    assert answer.http_status == (0 if way is Way.GRPC else 413)
    assert answer.headers.get("content-type") == MEDIA_TYPES.get(way)


@HTTP
@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_the_size_limit_holds_after_decompression(
    serve: Loopwatch, way: Way, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    """A small body that becomes a large one is answered as a large one."""
    body = compress(bytes(BODY_MAX_BYTES + 1))
    answer = send(serve, way, body, **{"content-encoding": encoding})

    assert len(body) < BODY_MAX_BYTES / 100
    assert (answer.code, answer.http_status, answer.retry_after_s) == ("RESOURCE_EXHAUSTED", 413, None)


@HTTP
@EVERY_SIGNAL
@pytest.mark.parametrize(
    ("encoding", "compress"), [("identity", bytes), ("gzip", gzip.compress), ("zstd", zstandard.compress)]
)
def test_every_compression_is_taken(
    inline: Inline, way: Way, signal: Signal, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    """What comes out is what was put in."""
    body = compress(encoded(way, signal, EXAMPLES[signal]))
    assert send(inline.serve, way, body, signal, **{"content-encoding": encoding}).code == "OK"
    expected = official(signal, EXAMPLES[signal])
    assert type(expected).FromString(inline.recorder.bodies[0][1]) == expected


@EVERY_WAY
def test_a_downstream_that_is_busy_makes_the_sender_wait_as_long(inline: Inline, way: Way) -> None:
    """UNAVAILABLE with RetryInfo, over HTTP 503 with Retry-After, of the time that the downstream asked for."""

    def busy(_signal: Signal, _body: bytes) -> Receipt:
        raise Busy(2.5)

    inline.recorder.answer = busy
    _is_retryable(send(inline.serve, way, b""), way, after_s=2.5)


@EVERY_WAY
def test_a_full_queue_makes_the_sender_wait(inline: Inline, way: Way) -> None:
    """While one request is on its way and no more may be, the next one is told to come back."""
    gate, release = threading.Event(), threading.Event()

    async def hold() -> Receipt:
        gate.set()
        while not release.is_set():
            await asyncio.sleep(0.01)
        return Receipt()

    def held(_signal: Signal, _body: bytes) -> Awaitable[Receipt]:
        return hold()

    inline.recorder.answer = held
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, inline.serve, way, b"")
        assert gate.wait(60)
        second = send(inline.serve, way, b"")
        release.set()
        assert first.result(60).code == "OK"
    _is_retryable(second, way, after_s=1.0)


@EVERY_WAY
def test_what_the_downstream_refuses_is_refused(inline: Inline, way: Way) -> None:
    """A refusal for good is passed on as one."""

    def refuse(_signal: Signal, _body: bytes) -> Receipt:
        raise Undecodable("too old")

    inline.recorder.answer = refuse
    answer = send(inline.serve, way, b"")
    assert (answer.code, answer.retry_after_s) == ("INVALID_ARGUMENT", None)
    assert "too old" in answer.status.message


_CRIPPLED = """
import sys
from loopwatch_processor.scorer import Scorer
accept = Scorer.accept
def broken(self, signal, body):
    if body == b"poison":
        raise KeyError("a bug in loopwatch")
    return accept(self, signal, body)
Scorer.accept = broken
from loopwatch.__main__ import main
sys.argv = ["loopwatch", *sys.argv[1:]]
main()
"""


class Crippled(Loopwatch):
    """A service with a bug, before a downstream that is away."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        super().__init__(folder, *QUIET, f"forward.endpoint=http://127.0.0.1:{port}")
        script = folder / "crippled.py"
        script.write_text(_CRIPPLED)
        self._command[:3] = [sys.executable, str(script)]


@pytest.fixture(scope="module", name="crippled")
def _crippled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopwatch]:
    serve = Crippled(tmp_path_factory.mktemp("crippled"))
    with serve.running():
        yield serve


@EVERY_WAY
def test_a_downstream_that_is_away_makes_the_sender_wait(crippled: Loopwatch, way: Way) -> None:
    """Nobody listens where loopwatch forwards to: the sender keeps its data and comes back."""
    _is_retryable(send(crippled, way, b""), way, after_s=1.0)


@pytest.mark.parametrize("way", [Way.GRPC, Way.HTTP])
def test_a_fault_of_ours_costs_no_data(crippled: Loopwatch, way: Way) -> None:
    """Never UNKNOWN or 500, on which senders drop; it is counted, and nothing of the inside is told."""
    before = crippled.metric("loopwatch_requests_answered_total", outcome="fault")
    answer = send(crippled, way, b"poison")
    _is_retryable(answer, way, after_s=1.0)
    assert "bug" not in answer.status.message
    until("its count", lambda: crippled.metric("loopwatch_requests_answered_total", outcome="fault") == before + 1)


def test_every_refusal_is_counted_with_its_reason(serve: Loopwatch) -> None:
    """The metric of answers tells each kind of refusal apart."""

    def answered() -> dict[str, float]:
        outcomes = ("ok", "undecodable", "too_large", "unsupported")
        return {name: serve.metric("loopwatch_requests_answered_total", outcome=name) for name in outcomes}

    before = answered()
    for way in Way:
        send(serve, way, b"")
        send(serve, way, b"\xff")
        send(serve, way, bytes(BODY_MAX_BYTES + 1))
    over_http(serve, b"", **{"content-type": "text/plain"})
    expected = {"ok": 3, "undecodable": 3, "too_large": 3, "unsupported": 1}
    until("the last of the counts", lambda: sum(answered().values()) - sum(before.values()) >= sum(expected.values()))
    after = answered()
    assert {name: after[name] - before[name] for name in after} == expected


def _is_retryable(answer: Answer, way: Way, after_s: float) -> None:
    assert (answer.code, answer.retry_after_s) == ("UNAVAILABLE", after_s)
    if way is not Way.GRPC:
        assert (answer.http_status, answer.headers["retry-after"]) == (503, str(int(after_s + 0.9)))
        assert answer.headers["content-type"] == MEDIA_TYPES[way]
