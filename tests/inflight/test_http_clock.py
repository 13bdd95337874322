"""Streams that httpx and httpx2 clients read inside a model call's span, without a helper of ours."""

import asyncio
import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch
from loopwatch import http_clock
from loopwatch._counts import counts
from loopwatch.content_clock import clock_of
from tests.inflight.hanging import TOKENS_AFTER, TOKENS_BEFORE, Hanging
from tests.inflight.waiting import until

WHOLE = TOKENS_BEFORE + TOKENS_AFTER
PACKAGES = ["httpx", "httpx2"]


@contextmanager
def model_call() -> Iterator[trace.Span]:
    """A span as an instrumentation opens it."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
    with trace.get_tracer("foreign").start_as_current_span("chat m", attributes=attributes) as span:
        yield span


def read(client: Any, url: str) -> bytes:
    """As an SDK reads a stream."""
    response = client.send(client.build_request("POST", url), stream=True)
    try:
        return b"".join(response.iter_bytes())
    finally:
        response.close()


async def aread(client: Any, url: str) -> bytes:
    """As an asynchronous SDK does."""
    response = await client.send(client.build_request("POST", url), stream=True)
    try:
        return b"".join([part async for part in response.aiter_bytes()])
    finally:
        await response.aclose()


def said(spans: InMemorySpanExporter) -> dict[str, Any]:
    """What the one span that ended says of its stream."""
    (span,) = spans.get_finished_spans()
    return {name: value for name, value in (span.attributes or {}).items() if "stream" in name or "first" in name}


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest) -> Any:
    """Each of the two client libraries, watched."""
    module = pytest.importorskip(request.param)
    http_clock.install()
    return module


@pytest.mark.parametrize("dialect", ["chat", "responses", "messages", "lines"])
def test_every_dialects_content_is_seen(
    provider: TracerProvider, spans: InMemorySpanExporter, server: Hanging, package: Any, dialect: str
) -> None:
    """Tokens are counted, openings, pings, keep-alives and the end are not; the span says that it was whole."""
    server.goes_on.set()
    with package.Client() as client, model_call():
        read(client, server.url(dialect))

    told = said(spans)
    assert told.pop("loopwatch.stream.max_gap") >= 0
    assert told.pop("gen_ai.response.time_to_first_chunk") > 0
    assert told == {
        "gen_ai.request.stream": True,
        "loopwatch.stream.chunks": WHOLE,
        "loopwatch.stream.completed": True,
    }


def test_an_async_client_is_seen_in_the_same_way(
    provider: TracerProvider, spans: InMemorySpanExporter, server: Hanging, package: Any
) -> None:
    """The same numbers from an asynchronous client."""
    server.goes_on.set()

    async def work() -> None:
        async with package.AsyncClient() as client:
            with model_call():
                await aread(client, server.url("chat"))

    asyncio.run(work())

    assert said(spans)["loopwatch.stream.chunks"] == WHOLE
    assert said(spans)["loopwatch.stream.completed"] is True


def test_keep_alives_do_not_hide_a_silence(provider: TracerProvider, server: Hanging, package: Any) -> None:
    """While the server sends only comments, the gap grows and the chunks stand still."""
    opened: list[trace.Span] = []

    def work() -> None:
        with package.Client() as client, model_call() as span:
            opened.append(span)
            read(client, server.url("chat"))

    agent = threading.Thread(target=work)
    agent.start()
    assert server.is_silent.wait(60)
    clock = clock_of(opened[0])
    assert clock is not None
    until(lambda: clock.chunks == TOKENS_BEFORE)
    until(lambda: clock.current_gap_s() > 0.2)  # ten keep-alives
    assert clock.chunks == TOKENS_BEFORE
    server.goes_on.set()
    agent.join()

    assert clock.max_gap_s is not None
    assert clock.max_gap_s > 0.2
    assert clock_of(opened[0]) is None


def test_a_stream_that_the_reader_leaves_is_not_completed(
    provider: TracerProvider, spans: InMemorySpanExporter, server: Hanging, package: Any
) -> None:
    """Closing the answer early is told, with what came until then."""
    with package.Client() as client, model_call():
        response = client.send(client.build_request("POST", server.url("chat")), stream=True)
        next(response.iter_bytes())
        response.close()

    assert said(spans)["loopwatch.stream.completed"] is False
    assert said(spans)["loopwatch.stream.chunks"] <= TOKENS_BEFORE


def test_a_stream_that_is_cut_off_is_not_completed(
    provider: TracerProvider, spans: InMemorySpanExporter, package: Any
) -> None:
    """The body ends as if all were well, and the provider never said that the answer was over."""
    cut = b'data: {"choices": [{"delta": {"content": "half a"}, "finish_reason": null}]}\n\n'
    with client_of(package, cut) as client, model_call():
        assert read(client, "http://models/") == cut

    assert said(spans)["loopwatch.stream.completed"] is False


def test_a_stream_that_has_no_end_mark_is_over_when_it_is(
    provider: TracerProvider, spans: InMemorySpanExporter, package: Any
) -> None:
    """Where nobody knows how the answer should end, the end of the body is one."""
    with client_of(package, b"data: some words\n\ndata: and more\n\n") as client, model_call():
        read(client, "http://models/")

    assert (said(spans)["loopwatch.stream.completed"], said(spans)["loopwatch.stream.chunks"]) == (True, 2)


def client_of(package: Any, body: bytes, **headers: str) -> Any:
    """A client whose server answers with *body*, in parts of ten bytes."""
    parts = [body[i : i + 10] for i in range(0, len(body), 10)]

    class Body(package.SyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            yield from parts

    def answer(_: Any) -> Any:
        return package.Response(200, headers={"content-type": "text/event-stream"} | headers, stream=Body())

    return package.Client(transport=package.MockTransport(answer))


@pytest.mark.parametrize("kind", ["invoke_agent", "execute_tool", None])
def test_only_model_calls_have_clocks(
    provider: TracerProvider, spans: InMemorySpanExporter, server: Hanging, package: Any, kind: str | None
) -> None:
    """A stream of events inside a tool, as MCP has them, or in a span of no GenAI says nothing of a model."""
    server.goes_on.set()
    attributes = {} if kind is None else {"gen_ai.operation.name": kind}
    with package.Client() as client, trace.get_tracer("t").start_as_current_span("s", attributes=attributes):
        read(client, server.url("chat"))

    assert said(spans) == {}


@pytest.mark.parametrize("kind", ["plain", "refused"])
def test_an_answer_that_is_no_stream_says_nothing(
    provider: TracerProvider, spans: InMemorySpanExporter, server: Hanging, package: Any, kind: str
) -> None:
    """One JSON document and a refusal have no gaps."""
    with package.Client() as client, model_call():
        assert read(client, server.url(kind)) == b"{}"

    assert said(spans) == {}


def test_a_retry_is_timed_from_the_first_try(
    provider: TracerProvider, spans: InMemorySpanExporter, server: Hanging, package: Any
) -> None:
    """The caller waits for the first chunk since the request that was refused."""
    server.goes_on.set()
    with package.Client() as client, model_call() as span:
        read(client, server.url("refused"))
        before = clock_of(span)
        assert before is not None
        before.began_s -= 100.0
        read(client, server.url("chat"))

    assert said(spans)["gen_ai.response.time_to_first_chunk"] > 100.0


def test_a_connection_is_lent_for_one_answer_only(
    provider: TracerProvider, spans: InMemorySpanExporter, server: Hanging, package: Any
) -> None:
    """Who may shut it down has it while the body is read: afterwards it serves others."""
    server.goes_on.set()
    with package.Client() as client, loopwatch.model_call("m"):

        def lazily() -> Iterator[bytes]:
            response = client.send(client.build_request("POST", server.url("chat")), stream=True)
            lent.append(chunks.times.connection)
            yield from response.iter_bytes()
            lent.append(chunks.times.connection)

        lent: list[Any] = []
        chunks = loopwatch.stream(lazily())
        assert list(chunks)

    assert lent[0] is not None
    assert lent[1] is None
    assert said(spans)["loopwatch.stream.completed"] is True


def test_what_the_instrumentation_said_stays(
    provider: TracerProvider, spans: InMemorySpanExporter, server: Hanging, package: Any
) -> None:
    """An official attribute that is there already is not ours to change."""
    server.goes_on.set()
    with package.Client() as client, model_call() as span:
        span.set_attribute("gen_ai.response.time_to_first_chunk", 42.0)
        read(client, server.url("chat"))

    assert said(spans)["gen_ai.response.time_to_first_chunk"] == 42.0


def test_a_fault_in_our_reading_costs_the_request_nothing(
    provider: TracerProvider,
    spans: InMemorySpanExporter,
    server: Hanging,
    package: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every byte arrives, the fault is counted, and what could not be read counts as content."""

    def explode(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("loopwatch.wire_chunks.ServerSentEvents.feed", explode)
    server.goes_on.set()
    with package.Client() as client, model_call():
        assert read(client, server.url("chat")).endswith(b"data: [DONE]\n\n")

    assert counts()["fault"] > 0
    assert said(spans)["loopwatch.stream.chunks"] > 0


def test_a_fault_at_the_start_costs_the_request_nothing(
    provider: TracerProvider, server: Hanging, package: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is the client's own where it cannot be watched."""
    monkeypatch.setattr("loopwatch.http_body.chunks_of", None)
    server.goes_on.set()
    with package.Client() as client, model_call():
        assert read(client, server.url("chat")).endswith(b"data: [DONE]\n\n")

    assert counts()["fault"] == 1


def test_errors_of_the_client_go_through(provider: TracerProvider, spans: InMemorySpanExporter, package: Any) -> None:
    """A server that cannot be reached raises what the client raises."""
    with package.Client() as client, model_call(), pytest.raises(package.ConnectError):
        read(client, "http://127.0.0.1:1/")

    (span,) = spans.get_finished_spans()
    assert "loopwatch.stream.chunks" not in (span.attributes or {})


def test_one_client_can_be_watched_alone(
    provider: TracerProvider, spans: InMemorySpanExporter, server: Hanging
) -> None:
    """watch() leaves the class and every other client as they are."""
    httpx = importlib.import_module("httpx")
    server.goes_on.set()
    with http_clock.watch(httpx.Client()) as client, httpx.Client() as other:
        with model_call():
            read(client, server.url("chat"))
        assert said(spans)["loopwatch.stream.chunks"] == WHOLE
        spans.clear()
        with model_call():
            read(other, server.url("chat"))
    assert said(spans) == {}


def test_installing_twice_and_uninstalling_leave_one_and_none(package: Any) -> None:
    """The client's own method is wrapped once, and is itself again afterwards."""
    wrapped = package.Client.send
    http_clock.install()
    assert package.Client.send is wrapped
    http_clock.uninstall()
    assert package.Client.send is wrapped.__wrapped__
