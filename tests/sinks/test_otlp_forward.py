"""The OTLP forwarder: bytes in, the same bytes out, retried and dropped as the specification says."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]
from grpc_status import rpc_status
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from loopwatch_processor.errors import BadEndpoint, Busy, Undecodable
from loopwatch_processor.receive.http_server import HttpServer, HttpSettings
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.receive.responses import status
from loopwatch_processor.sinks.otlp import ForwardPolicy, OtlpForwarder
from loopwatch_processor.sinks.otlp_answer import RETRY_AFTER_MAX_S, Answer, Delivered, Refused, Transport, TryAgain
from loopwatch_processor.sinks.otlp_endpoint import TlsFiles
from loopwatch_processor.sinks.otlp_grpc import GrpcTransport
from loopwatch_processor.sinks.otlp_http import HttpTransport
from tests.receive.harness import Receivers, Recorder, receivers

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BODY = bytes(range(256)) * 10


@dataclass
class Scripted:
    """A transport that gives the scripted answers in turn, then delivers; and the time that passes meanwhile."""

    answers: list[Answer | Exception] = field(default_factory=list)
    sent: list[tuple[Signal, bytes]] = field(default_factory=list)
    slept_s: list[float] = field(default_factory=list)
    now_s: float = 100.0
    send_takes_s: float = 0.0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    async def send(self, signal: Signal, body: bytes) -> Answer:
        """Answer once the gate is open."""
        await self.open.wait()
        self.now_s += self.send_takes_s
        self.sent.append((signal, body))
        answer = self.answers.pop(0) if self.answers else Delivered()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    async def sleep(self, seconds: float) -> None:
        """Let time pass without waiting."""
        self.slept_s.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


def _forwarder(script: Scripted, **policy: Any) -> OtlpForwarder:
    return OtlpForwarder(
        script, ForwardPolicy(**{"consumers": 1, **policy}), lambda: script.now_s, script.sleep, lambda: 0.5
    )


def _forward(script: Scripted, bodies: list[bytes], **policy: Any) -> OtlpForwarder:
    """Offer *bodies*, drain, close, and return the forwarder for its numbers."""

    async def run() -> OtlpForwarder:
        forwarder = _forwarder(script, **policy)
        forwarder.start()
        script.open.set()
        assert all(forwarder.offer(Signal.traces, body) for body in bodies)
        await forwarder.close(30)
        return forwarder

    return asyncio.run(run())


@given(bodies=st.lists(st.binary(max_size=50), max_size=8))
def test_every_batch_goes_out_as_it_came_and_in_order(bodies: list[bytes]) -> None:
    """One worker keeps the order; no byte changes."""
    script = Scripted()
    stats = _forward(script, bodies).stats
    assert script.sent == [(Signal.traces, body) for body in bodies]
    assert (stats.delivered_batches, stats.delivered_bytes) == (len(bodies), sum(map(len, bodies)))


def test_a_retry_waits_as_long_as_the_endpoint_asked() -> None:
    """RetryInfo and Retry-After come before our own back-off."""
    script = Scripted([TryAgain("busy", 7.0), TryAgain("busy", 3.0)])
    stats = _forward(script, [b"x"]).stats
    assert (script.slept_s, stats.retries, stats.delivered_batches) == ([7.0, 3.0], 2, 1)


def test_back_off_grows_to_its_limit() -> None:
    """Without a word from the endpoint each wait is longer, up to the maximum."""
    script = Scripted([TryAgain("down")] * 5)
    _forward(script, [b"x"], backoff_initial_s=1.0, backoff_factor=2.0, backoff_max_s=5.0)
    assert script.slept_s == [1.0, 2.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize(("jitter", "wait_s"), [(0.0, 5.0), (1.0, 15.0)])
def test_jitter_spreads_a_wait_by_half(jitter: float, wait_s: float) -> None:
    """Many senders do not come back in the same moment."""
    script = Scripted([TryAgain("down")])

    async def run() -> None:
        policy = ForwardPolicy(consumers=1, backoff_initial_s=10.0)
        forwarder = OtlpForwarder(script, policy, lambda: script.now_s, script.sleep, lambda: jitter)
        forwarder.start()
        script.open.set()
        forwarder.offer(Signal.logs, b"x")
        await forwarder.close(30)

    asyncio.run(run())
    assert script.slept_s == [wait_s]


def test_a_refused_batch_is_dropped_with_its_reason_and_the_next_one_goes_on() -> None:
    """What is never retried is counted under the endpoint's code."""
    script = Scripted([Refused("http_400", "HTTP 400: no")])
    stats = _forward(script, [b"bad", b"good"]).stats
    assert (stats.dropped, stats.delivered_batches, script.slept_s) == ({"http_400": 1}, 1, [])


def test_it_gives_up_only_when_told_to() -> None:
    """By default a batch is tried for ever; with a limit it is dropped before a wait that is too long."""
    patient, hasty = Scripted([TryAgain("down", 100.0)] * 50), Scripted([TryAgain("down", 100.0)] * 50)
    assert _forward(patient, [b"x"]).stats.dropped == {}
    assert _forward(hasty, [b"x"], give_up_after_s=250.0).stats.dropped == {"gave_up": 1}
    assert hasty.slept_s == [100.0, 100.0]


def test_a_fault_of_our_own_is_retried_and_kills_no_worker() -> None:
    """An unexpected exception loses nothing."""
    script = Scripted([RuntimeError("bug"), RuntimeError("bug")])
    stats = _forward(script, [b"x", b"y"]).stats
    assert (stats.delivered_batches, stats.retries) == (2, 2)


def test_partial_success_is_counted_and_not_retried(caplog: pytest.LogCaptureFixture) -> None:
    """The endpoint took the batch but for some items: sending again would double the rest."""
    script = Scripted([Delivered(3, "too old")])
    stats = _forward(script, [b"x"]).stats
    assert (stats.rejected_items, stats.delivered_batches, stats.retries) == (3, 1, 0)
    assert "too old" in caplog.text


def test_an_outage_is_logged_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    """Ten retries are not ten lines."""
    caplog.set_level("INFO")
    _forward(Scripted([TryAgain("down")] * 10), [b"x", b"y"])
    assert [record.message for record in caplog.records] == [
        "forwarding fails and is retried: down",
        "forwarding works again",
    ]


@pytest.mark.parametrize(
    ("policy", "taken"), [({"queue_max_bytes": 10}, 2), ({"queue_max_batches": 3}, 3), ({"queue_max_bytes": 1}, 1)]
)
def test_a_full_queue_takes_nothing_more_until_something_left(policy: dict[str, int], taken: int) -> None:
    """Bytes and batches are bounded, those in flight included; an empty queue takes any one batch."""

    async def run() -> None:
        script = Scripted()
        forwarder = _forwarder(script, **policy)
        forwarder.start()
        offers = [forwarder.offer(Signal.traces, b"12345") for _ in range(5)]
        await asyncio.sleep(0)
        in_flight = forwarder.offer(Signal.traces, b"12345")
        script.open.set()
        while forwarder.queued_batches:
            await asyncio.sleep(0)
        afterwards = forwarder.offer(Signal.traces, b"12345")
        await forwarder.close(30)

        assert (offers, in_flight, afterwards) == ([True] * taken + [False] * (5 - taken), False, True)
        assert (forwarder.stats.full, forwarder.queued_bytes) == (6 - taken, 0)

    asyncio.run(run())


def test_the_drain_time_follows_the_pace_and_the_wait() -> None:
    """Busy senders are told when to come back: the more work the later, within a second and a minute."""

    async def run() -> None:
        script = Scripted(send_takes_s=10.0)
        forwarder = _forwarder(script)
        idle_s = forwarder.drain_s()
        forwarder.start()
        script.open.set()
        forwarder.offer(Signal.traces, b"x")
        while forwarder.queued_batches:
            await asyncio.sleep(0)
        script.open.clear()
        for _ in range(4):
            forwarder.offer(Signal.traces, b"x")
        four_s = forwarder.drain_s()
        for _ in range(100):
            forwarder.offer(Signal.traces, b"x")
        assert (idle_s, forwarder.drain_s()) == (1.0, 60.0)
        assert 4.0 < four_s < 40.0
        await forwarder.close(0)

    asyncio.run(run())


def test_a_wait_under_way_is_part_of_the_drain_time() -> None:
    """While the endpoint asked for 20 s, nothing leaves before that."""

    async def run() -> float:
        script = Scripted([TryAgain("down", 20.0)])
        waiting = asyncio.Event()

        async def sleep(seconds: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        forwarder = OtlpForwarder(script, ForwardPolicy(consumers=1), lambda: script.now_s, sleep)
        forwarder.start()
        script.open.set()
        forwarder.offer(Signal.traces, b"x")
        await waiting.wait()
        drain_s = forwarder.drain_s()
        await forwarder.close(0)
        return drain_s

    assert asyncio.run(run()) == 20.0


def test_closing_says_what_was_lost_and_takes_nothing_more() -> None:
    """What could not be delivered in time is counted, batches in flight included."""

    async def run() -> None:
        script = Scripted()
        forwarder = _forwarder(script)
        forwarder.start()
        for _ in range(3):
            forwarder.offer(Signal.traces, b"x")
        lost = await forwarder.close(0)
        assert (lost, forwarder.stats.dropped, script.closed) == (3, {"shutdown": 3}, True)
        assert not forwarder.offer(Signal.traces, b"late")

    asyncio.run(run())


# The transports, against real servers.

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
        TlsFiles(ca=tmp_path / "gone.pem")
    with pytest.raises(BadEndpoint, match="needs its key"):
        TlsFiles(cert=broken)
    with pytest.raises(BadEndpoint, match="cannot use the TLS files"):
        HttpTransport("https://h:1", tls=TlsFiles(ca=broken))


def test_a_batch_survives_an_endpoint_that_comes_back() -> None:
    """From end to end: refused while busy, delivered once, byte for byte."""
    replies = [Busy(1), Busy(1)]

    def answer(signal: Signal, body: bytes) -> Receipt:
        if replies:
            raise replies.pop()
        return Receipt()

    async def run(servers: Receivers) -> OtlpForwarder:
        script = Scripted()
        forwarder = OtlpForwarder(GrpcTransport(servers.target), sleep=script.sleep)
        forwarder.start()
        forwarder.offer(Signal.traces, BODY)
        await forwarder.close(30)
        assert script.slept_s == [1.0, 1.0]
        return forwarder

    with receivers(Recorder(answer)) as servers:
        stats = asyncio.run(run(servers)).stats
        assert servers.intake.bodies == [(Signal.traces, BODY)]
    assert (stats.delivered_batches, stats.retries) == (1, 2)
