"""Limits on silence: raised while the provider is silent, and only where the caller set one."""

import asyncio
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch
from loopwatch import StreamStalled, http_clock
from loopwatch._counts import counts
from loopwatch.content_clock import ContentClock
from loopwatch.stall import Patience, SyncGuard
from tests.inflight.hanging import TOKENS_AFTER, TOKENS_BEFORE, Hanging, hanging
from tests.inflight.waiting import until

PACKAGES = ["httpx", "httpx2"]


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def stop_reason(spans: InMemorySpanExporter) -> object:
    """Why the run ended."""
    (run,) = (span for span in spans.get_finished_spans() if span.name.startswith("invoke_agent"))
    return (run.attributes or {})["loopwatch.stop.reason"]


@pytest.mark.parametrize(("max_first_s", "max_gap_s", "chunks"), [(None, 0.05, 2), (0.05, None, 0)])
def test_an_async_reader_is_freed_while_the_provider_is_silent(
    provider: TracerProvider,
    spans: InMemorySpanExporter,
    max_first_s: float | None,
    max_gap_s: float | None,
    chunks: int,
) -> None:
    """The provider never goes on: the reader gets StreamStalled, the run its stop reason."""

    async def silent() -> AsyncIterator[str]:
        for _ in range(chunks):
            yield "word"
        await asyncio.Event().wait()

    async def read() -> None:
        async with loopwatch.session("a"), loopwatch.model_call("m"):
            async for _ in loopwatch.stream(silent(), max_first_s=max_first_s, max_gap_s=max_gap_s):
                pass

    with pytest.raises(StreamStalled) as raised:
        asyncio.run(read())

    assert (raised.value.chunks, raised.value.limit_s) == (chunks, 0.05)
    assert raised.value.silent_s >= 0.05
    assert stop_reason(spans) == "stream_stalled"


def test_keep_alives_do_not_free_a_stalled_stream(provider: TracerProvider) -> None:
    """Chunks without content come all the time, and the limit is on content."""

    async def empty() -> AsyncIterator[dict[str, str]]:
        yield {"type": "content_block_delta"}
        while True:
            await asyncio.sleep(0.001)
            yield {"type": "ping"}

    async def read() -> None:
        async for _ in loopwatch.stream(empty(), max_gap_s=0.05):
            pass

    with pytest.raises(StreamStalled):
        asyncio.run(read())


def test_a_timeout_of_the_providers_own_goes_through(provider: TracerProvider) -> None:
    """A TimeoutError that is not ours stays what it is."""

    async def broken() -> AsyncIterator[str]:
        yield "word"
        raise TimeoutError("theirs")

    async def read() -> None:
        async for _ in loopwatch.stream(broken(), max_gap_s=60.0, max_first_s=60.0):
            pass

    with pytest.raises(TimeoutError, match="theirs") as raised:
        asyncio.run(read())
    assert not isinstance(raised.value, StreamStalled)


def test_streams_within_their_limits_are_left_alone(provider: TracerProvider, spans: InMemorySpanExporter) -> None:
    """Limits that nothing reaches change nothing, for both kinds of reader."""

    async def words() -> AsyncIterator[str]:
        for word in "abc":
            yield word

    async def read() -> list[str]:
        return [chunk async for chunk in loopwatch.stream(words(), max_gap_s=60.0, max_first_s=60.0)]

    assert asyncio.run(read()) == list(loopwatch.stream(iter("abc"), max_gap_s=60.0, max_first_s=60.0)) == list("abc")
    assert counts() == {}


@pytest.mark.parametrize("limit_s", [0, -1.0, float("nan")])
def test_a_limit_that_is_none_is_refused(limit_s: float) -> None:
    """The message says what was wrong, and with which limit."""
    with pytest.raises(ValueError, match=r"stream\(max_gap_s=.*greater than 0"):
        loopwatch.stream([], max_gap_s=limit_s)


def has_word(line: str) -> bool:
    """Whether a line of the chat stream has a token in it: its first event has only a role."""
    return '"content": "' in line and '"role"' not in line


class SdkStream:
    """As the SDKs of OpenAI and Anthropic have it: an iterator with the HTTP response in it."""

    def __init__(self, response: Any) -> None:
        self.response = response

    def __iter__(self) -> Iterator[str]:
        return self.response.iter_lines()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this test alone, with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    files = ["-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    try:
        subprocess.run(["openssl", "req", *kind, *files], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture(params=["http", "https"])
def either(request: pytest.FixtureRequest) -> Iterator[Hanging]:
    """The hanging server, plain and over TLS."""
    with hanging(None if request.param == "http" else request.getfixturevalue("certificate")) as kept:
        yield kept


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("reach", ["by the response", "by the hook"])
def test_a_blocked_reader_is_freed_through_its_socket(
    provider: TracerProvider, spans: InMemorySpanExporter, either: Hanging, name: str, reach: str
) -> None:
    """Forty tokens, then comments only: the reader is freed while the server still holds the connection."""
    package = pytest.importorskip(name)
    client = package.Client(verify=False)

    def read() -> None:
        with client, loopwatch.session("a"), loopwatch.model_call("m"):
            response = client.send(client.build_request("POST", either.url("chat")), stream=True)
            chunks = SdkStream(response) if reach == "by the response" else (line for line in response.iter_lines())
            list(loopwatch.stream(chunks, is_content=has_word, max_gap_s=0.3))

    if reach == "by the hook":
        http_clock.watch(client)
    with pytest.raises(StreamStalled) as raised:
        read()

    assert not either.goes_on.is_set()
    assert raised.value.chunks == TOKENS_BEFORE
    assert raised.value.silent_s >= 0.3
    assert raised.value.__cause__ is not None
    assert stop_reason(spans) == "stream_stalled"
    assert counts() == {}


@pytest.mark.parametrize("name", PACKAGES)
def test_without_a_limit_a_blocked_reader_waits(provider: TracerProvider, server: Hanging, name: str) -> None:
    """A stall is only reported by default: the reader gets the rest when the provider goes on."""
    package = pytest.importorskip(name)
    http_clock.install()
    read: list[str] = []

    def work() -> None:
        with package.Client() as client, loopwatch.model_call("m"):
            response = client.send(client.build_request("POST", server.url("chat")), stream=True)
            read.extend(line for line in loopwatch.stream(SdkStream(response)) if has_word(line))

    agent = threading.Thread(target=work)
    agent.start()
    assert server.is_silent.wait(60)
    server.goes_on.set()
    agent.join(20)

    assert len(read) == TOKENS_BEFORE + TOKENS_AFTER


def test_where_nothing_can_be_interrupted_it_is_said_and_not_raised(
    provider: TracerProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """A plain generator has no socket: its reader goes on when it does, and the log says what would help."""
    silence = threading.Event()

    def chunks() -> Iterator[str]:
        yield "a"
        until(lambda: counts().get("stall_not_interrupted"))
        silence.set()
        yield "b"

    assert list(loopwatch.stream(chunks(), max_gap_s=0.05)) == ["a", "b"]

    assert silence.is_set()
    (record,) = caplog.records
    assert "loopwatch.inflight.install()" in record.getMessage()


@pytest.mark.parametrize(("silent_s", "given_up"), [(9.0, {}), (11.0, {"stall_not_interrupted": 1})])
def test_an_async_reader_outside_asyncio_is_told_of_only_when_it_stalls(
    provider: TracerProvider, caplog: pytest.LogCaptureFixture, silent_s: float, given_up: dict[str, int]
) -> None:
    """Under trio no wait is cancelled: nothing is raised, and nothing is said of streams within their limits."""
    clock = Clock()

    async def chunks() -> AsyncIterator[str]:
        yield "a"
        clock.now_s += silent_s
        yield "b"
        clock.now_s += 1.0
        yield "c"

    async def read() -> list[str]:
        return [chunk async for chunk in loopwatch.stream(chunks(), max_gap_s=10.0, clock=clock)]

    with pytest.raises(StopIteration) as read_all:
        read().send(None)

    assert read_all.value.value == ["a", "b", "c"]
    assert counts() == given_up
    assert len(caplog.records) == sum(given_up.values())


def guarded(clock: Clock, **limits: float) -> tuple[SyncGuard, ContentClock, socket.socket]:
    """A guard over a stream that is read from one end of a pair of sockets."""
    ours, theirs = socket.socketpair()
    times = ContentClock(clock)
    stream = SimpleNamespace(get_extra_info=lambda _: theirs)
    extensions = {"network_stream": stream, "http_version": b"HTTP/1.1"}
    chunks = SimpleNamespace(response=SimpleNamespace(extensions=extensions, is_closed=False))
    guard = SyncGuard(chunks, Patience(**limits), times, None)
    guard._is_waiting = True
    return guard, times, ours


def is_shut(ours: socket.socket) -> bool:
    """Whether the other end was shut down."""
    ours.settimeout(0.0)
    try:
        return ours.recv(1) == b""
    except BlockingIOError:
        return False


def test_the_socket_is_shut_down_when_patience_ends_and_not_before() -> None:
    """At nine of ten seconds it is not, at ten it is, and afterwards nobody looks again."""
    clock = Clock()
    guard, times, ours = guarded(clock, max_first_s=10.0)
    times.asked()
    clock.now_s += 9.0
    assert guard.check() == pytest.approx(1.0)
    assert not is_shut(ours)
    clock.now_s += 1.0
    assert guard.check() is None
    assert is_shut(ours)
    assert guard.check() is None


def test_the_limit_on_gaps_begins_with_the_first_content() -> None:
    """Without a limit on the first content any time may pass before it."""
    clock = Clock()
    guard, times, ours = guarded(clock, max_gap_s=10.0)
    times.asked()
    clock.now_s += 1000.0
    assert guard.check() == 10.0
    times.arrived(1)
    times.asked()
    clock.now_s += 10.0
    assert guard.check() is None
    assert is_shut(ours)


def test_a_gap_is_ended_in_time_though_the_first_content_may_take_longer() -> None:
    """A minute for the first content, ten seconds between any two: who looks must not sleep for the minute."""
    clock = Clock()
    guard, times, ours = guarded(clock, max_first_s=60.0, max_gap_s=10.0)
    times.asked()
    assert guard.check() == 10.0
    clock.now_s += 1.0
    times.arrived(1)
    times.asked()
    clock.now_s += 9.0
    assert guard.check() == pytest.approx(1.0)
    assert not is_shut(ours)
    clock.now_s += 1.0
    assert guard.check() is None
    assert is_shut(ours)


def test_a_slow_reader_is_never_freed() -> None:
    """The time that the reader works between two chunks is no silence."""
    clock = Clock()
    guard, times, ours = guarded(clock, max_gap_s=10.0)
    times.asked()
    times.arrived(1)
    guard._is_waiting = False
    clock.now_s += 1000.0
    assert guard.check() == 10.0
    assert not is_shut(ours)


def test_a_reader_that_works_is_not_freed_though_its_patience_is_over() -> None:
    """A keep-alive ended its wait just in time: it is freed when it waits again, and not before."""
    clock = Clock()
    guard, times, ours = guarded(clock, max_first_s=10.0)
    times.asked()
    clock.now_s += 10.0
    times.arrived(0)
    guard._is_waiting = False
    assert guard.check() is not None
    assert not is_shut(ours)
    guard._is_waiting = True
    assert guard.check() is None
    assert is_shut(ours)


@pytest.mark.parametrize(("version", "is_closed"), [(b"HTTP/2", False), (b"HTTP/1.1", True)])
def test_a_connection_that_serves_others_is_not_shut_down(version: bytes, is_closed: bool) -> None:
    """Streams of HTTP/2 share their socket, and a closed answer has given it back."""
    clock = Clock()
    guard, times, ours = guarded(clock, max_gap_s=10.0)
    response: Any = guard._chunks.response  # type: ignore[attr-defined]
    response.extensions["http_version"], response.is_closed = version, is_closed
    times.arrived(1)
    times.asked()
    clock.now_s += 10.0
    assert guard.check() is None
    assert not is_shut(ours)
    assert counts() == {"stall_not_interrupted": 1}
