"""A watched stream gives the user the same chunks and the span its timings, from an injected clock."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch
from loopwatch.chunks import is_content
from loopwatch.stream import Stream
from tests.helpers.reading import attributes_of


class Clock:
    """Seconds that move only when a test says so."""

    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def _timed(clock: Clock, chunks: list[tuple[float, Any]]) -> Iterator[Any]:
    for wait_s, chunk in chunks:
        clock.now_s += wait_s
        yield chunk


async def _timed_async(clock: Clock, chunks: list[tuple[float, Any]]) -> AsyncIterator[Any]:
    for chunk in _timed(clock, chunks):
        await asyncio.sleep(0)
        yield chunk


CHUNKS = [(0.5, ""), (0.5, "one"), (1.0, ": keep-alive\n\n"), (2.0, "two"), (0.25, "three"), (4.0, "")]


def _timings(exporter: InMemorySpanExporter, name: str = "chat m") -> dict[str, Any]:
    names = ("gen_ai.request.stream", "gen_ai.response.time_to_first_chunk")
    found = attributes_of(exporter, name)
    return {key: value for key, value in found.items() if key in names or key.startswith("loopwatch.stream.")}


def test_keep_alives_are_not_content(exporter: InMemorySpanExporter) -> None:
    """First content after 1 s although bytes came before; 3 s between contents although bytes came between."""
    clock = Clock()
    with loopwatch.model_call("m"):
        seen = list(loopwatch.stream(_timed(clock, CHUNKS), clock=clock))

    assert seen == [chunk for _, chunk in CHUNKS]
    assert _timings(exporter) == {
        "gen_ai.request.stream": True,
        "gen_ai.response.time_to_first_chunk": 1.0,
        "loopwatch.stream.max_gap": 3.0,
        "loopwatch.stream.chunks": 3,
        "loopwatch.stream.completed": True,
    }


def test_an_async_stream_is_watched_in_the_same_way(exporter: InMemorySpanExporter) -> None:
    """The same numbers from an async iterator."""
    clock = Clock()

    async def read() -> list[Any]:
        async with loopwatch.model_call("m"):
            return [chunk async for chunk in loopwatch.stream(_timed_async(clock, CHUNKS), clock=clock)]

    assert asyncio.run(read()) == [chunk for _, chunk in CHUNKS]
    assert _timings(exporter)["loopwatch.stream.max_gap"] == 3.0
    assert _timings(exporter)["loopwatch.stream.completed"] is True


def test_a_slow_reader_makes_no_gap(exporter: InMemorySpanExporter) -> None:
    """Ten seconds of the user's own work between two chunks are not the stream's."""
    clock = Clock()
    with loopwatch.model_call("m"):
        for _ in loopwatch.stream(_timed(clock, [(0.0, "a"), (1.0, "b")]), clock=clock):
            clock.now_s += 10.0

    assert _timings(exporter)["loopwatch.stream.max_gap"] == 1.0


def test_a_stream_that_is_left_is_not_completed(exporter: InMemorySpanExporter) -> None:
    """The call's end writes what was seen so far."""
    clock = Clock()
    with loopwatch.model_call("m"):
        for _ in loopwatch.stream(_timed(clock, CHUNKS), clock=clock):
            break

    assert _timings(exporter) == {
        "gen_ai.request.stream": True,
        "loopwatch.stream.chunks": 0,
        "loopwatch.stream.completed": False,
    }


def test_a_stream_that_fails_is_not_completed(exporter: InMemorySpanExporter) -> None:
    """The SDK's exception goes through, the timings until then are kept."""

    def broken() -> Iterator[str]:
        yield "a"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError), loopwatch.model_call("m"):
        list(loopwatch.stream(broken()))

    assert _timings(exporter)["loopwatch.stream.completed"] is False
    assert _timings(exporter)["loopwatch.stream.chunks"] == 1


def test_a_cancelled_reader_leaves_the_stream_incomplete(exporter: InMemorySpanExporter) -> None:
    """A task that is cancelled while it waits for a chunk."""

    async def forever() -> AsyncIterator[str]:
        yield "a"
        await asyncio.Event().wait()

    async def read() -> None:
        started = asyncio.Event()

        async def reader() -> None:
            async with loopwatch.model_call("m"):
                async for _ in loopwatch.stream(forever()):
                    started.set()

        task = asyncio.create_task(reader())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(read())

    assert _timings(exporter)["loopwatch.stream.completed"] is False
    assert _timings(exporter)["loopwatch.stream.chunks"] == 1


def test_beside_an_instrumentation_the_current_span_is_written(exporter: InMemorySpanExporter) -> None:
    """Without a model_call() the span that is open here gets the timings."""
    with loopwatch.session("a"):
        list(loopwatch.stream(iter("ab")))

    assert _timings(exporter, "invoke_agent a")["loopwatch.stream.chunks"] == 2


def test_a_stream_read_after_its_call_says_so_once(
    exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    """Its timings cannot be written any more, its chunks are all there."""
    with loopwatch.model_call("m"):
        chunks = loopwatch.stream(iter("ab"))
    assert list(chunks) == ["a", "b"]

    assert _timings(exporter)["loopwatch.stream.completed"] is False
    (record,) = caplog.records
    assert "read it inside" in record.getMessage()


class SdkStream:
    """As SDKs have it: a context manager and an iterator with more of its own."""

    response_id = "r-1"

    def __init__(self) -> None:
        self.closed = False

    def __iter__(self) -> Iterator[str]:
        return iter("ab")

    def __enter__(self) -> "SdkStream":
        return self

    def __exit__(self, *raised: object) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True


def test_the_rest_of_an_sdk_stream_is_there(exporter: InMemorySpanExporter) -> None:
    """Its context manager, methods and attributes keep working through the watched one."""
    source = SdkStream()
    with loopwatch.model_call("m"):
        watched: Any = loopwatch.stream(source)
        with watched as opened:
            assert opened.response_id == "r-1"
            assert list(opened) == ["a", "b"]

    assert source.closed
    with pytest.raises(AttributeError):
        _ = watched.no_such_thing


def test_a_faulty_content_test_costs_only_timings(exporter: InMemorySpanExporter) -> None:
    """The user's chunks arrive although our reading of them fails."""

    def explode(chunk: str) -> bool:
        raise ZeroDivisionError

    with loopwatch.model_call("m"):
        assert list(loopwatch.stream(iter("ab"), is_content=explode)) == ["a", "b"]

    assert _timings(exporter)["loopwatch.stream.chunks"] == 0


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["", "x"])), max_size=20))
def test_largest_gap_is_never_more_than_the_whole(chunks: list[tuple[float, str]]) -> None:
    """Gap and time to the first chunk lie within the stream's own time, whatever arrives when."""
    clock = Clock()
    watched = Stream(_timed(clock, chunks), is_content, clock)
    list(watched)
    whole_s = clock.now_s - 50.0

    assert watched.times.chunks == sum(chunk == "x" for _, chunk in chunks)
    assert (watched.times.first_s or 0.0) + (watched.times.max_gap_s or 0.0) <= whole_s + 1e-6


def _delta(**fields: object) -> SimpleNamespace:
    return SimpleNamespace(choices=[SimpleNamespace(delta=SimpleNamespace(**fields))], type=None)


@pytest.mark.parametrize(
    "chunk",
    [
        "text",
        b"data: {}",
        b'event: message\ndata: {"x": 1}\n\n',
        _delta(content="a", role=None),
        _delta(content=None, tool_calls=[{"index": 0}]),
        _delta(content=None, reasoning_content="hm"),
        {"choices": [{"delta": {"content": "a"}}]},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "a"}},
        SimpleNamespace(type="response.output_text.delta", delta="a"),
        SimpleNamespace(type="response.function_call_arguments.delta", delta="a"),
        {"contentBlockDelta": {"delta": {"text": "a"}}},
        SimpleNamespace(candidates=[SimpleNamespace(content=SimpleNamespace(parts=["a"]))]),
        SimpleNamespace(content="a", tool_call_chunks=[], type="AIMessageChunk"),
        SimpleNamespace(content="", tool_call_chunks=[{"args": "a"}], type="AIMessageChunk"),
        object(),
        7,
    ],
)
def test_chunks_with_content_are_known(chunk: object) -> None:
    """Text, reasoning and pieces of tool calls are content; so is a shape that nobody knows."""
    assert is_content(chunk)


@pytest.mark.parametrize(
    "chunk",
    [
        None,
        "",
        b"",
        ": ping\n\n",
        b"event: ping\n\n",
        "data: [DONE]",
        _delta(content="", role="assistant"),
        _delta(content=None, tool_calls=None),
        SimpleNamespace(choices=[], usage={"total_tokens": 3}),
        {"type": "ping"},
        {"type": "message_start", "message": {"content": []}},
        SimpleNamespace(type="content_block_stop"),
        SimpleNamespace(type="response.created"),
        SimpleNamespace(type="response.completed"),
        {"messageStart": {"role": "assistant"}},
        {"metadata": {"usage": {}}},
        SimpleNamespace(candidates=[SimpleNamespace(content=None)]),
        SimpleNamespace(content="", tool_call_chunks=[], type="AIMessageChunk"),
        {},
    ],
)
def test_chunks_without_content_are_known(chunk: object) -> None:
    """Keep-alives, roles, openings, closings and usage reports are not content."""
    assert not is_content(chunk)
