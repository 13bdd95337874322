"""What following open spans costs: on a span, in a sweep, and on a chunk of a stream. Run: python -m bench.inflight

Rounds are interleaved so that a busy machine slows both alike; figures are medians over rounds, of processor time of
the thread that does the agent's work.
"""

import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

import loopwatch
from loopwatch import http_clock
from loopwatch.inflight import InFlightReporter
from loopwatch.open_spans import OpenSpans

ROUNDS = 60
CALLS = 500
ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.conversation.id": "thread-1",
    "gen_ai.agent.name": "planner",
}
CHUNK = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'


def main() -> None:
    """Print the figures."""
    _print_span()
    _print_sweeps()
    _print_ended()
    _print_chunks()


def _print_span() -> None:
    def spans(*processors: SpanProcessor) -> Callable[[], None]:
        provider = TracerProvider()
        for processor in processors:
            provider.add_span_processor(processor)
        tracer = provider.get_tracer("bench")
        return lambda: tracer.start_span("chat gpt-4o-mini", attributes=ATTRIBUTES).end()

    figures = _interleaved(
        {
            "plain": spans(),
            "empty": spans(SpanProcessor()),
            "reporter": spans(InFlightReporter(grace_s=3600.0)),
            **_by_itself(),
        }
    )
    print(f"SDK span, no processor                {figures['plain']:8.2f} µs")
    print(f"with a processor that does nothing    {figures['empty']:8.2f} µs  {_over(figures, 'empty', 'plain')}")
    print(f"with the reporter                     {figures['reporter']:8.2f} µs  {_over(figures, 'reporter', 'plain')}")
    print(f"its two calls, beside those of one that does nothing     {_over(figures, 'own', 'nothing')}")
    print(f"the same while another span is announced                 {_over(figures, 'announced', 'nothing')}")


def _by_itself() -> dict[str, Callable[[], None]]:
    """What the SDK calls on a processor for one span, without the span itself."""
    tracer = TracerProvider().get_tracer("bench")
    quiet, loud = InFlightReporter(grace_s=3600.0), InFlightReporter(grace_s=3600.0, logger_provider=LoggerProvider())
    held: Any = tracer.start_span("held", attributes=ATTRIBUTES)
    loud.on_start(held)
    loud.sweep(held.start_time + 10**14)
    _HELD.append(held)

    def calls(processor: SpanProcessor) -> Callable[[], None]:
        span: Any = tracer.start_span("chat gpt-4o-mini", attributes=ATTRIBUTES)
        span.end()

        def both() -> None:
            processor.on_start(span, parent_context=None)
            processor.on_end(span)

        return both

    return {"nothing": calls(SpanProcessor()), "own": calls(quiet), "announced": calls(loud)}


_HELD: list[Any] = []


def _print_sweeps() -> None:
    for number in (10, 1_000, 10_000):
        for name, attributes in (("other", {}), ("GenAI", ATTRIBUTES)):
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
            provider, open_spans = TracerProvider(), OpenSpans(0, 15 * 10**9, 10_000, 1_000, {})
            kept = [provider.get_tracer("bench").start_span("s", attributes=attributes) for _ in range(number)]
            spans_bytes = tracemalloc.get_traced_memory()[0] - before
            for span in kept:
                open_spans.add(span)  # type: ignore[arg-type]
            table_bytes = tracemalloc.get_traced_memory()[0] - before - spans_bytes
            tracemalloc.stop()
            first_ms, quiet_ms = (_sweep_ms(open_spans, now_ns) for now_ns in (10**19, 10**19 + 1))
            print(
                f"sweep of {number:6} open {name} spans, {table_bytes / number:4.0f} B each: "
                f"announcing {first_ms:7.2f} ms, quiet {quiet_ms:7.2f} ms"
            )


def _print_ended() -> None:
    """What nobody does on the agent's path has to be done beside it."""
    open_spans, tracer = OpenSpans(10**10, 10**10, 10_000, 1_000, {}), TracerProvider().get_tracer("bench")
    for _ in range(10_000):
        span: Any = tracer.start_span("s", attributes=ATTRIBUTES)
        open_spans.add(span)
        span.end()
    print(f"sweep of  10000 spans that have ended: {_sweep_ms(open_spans, 10**10):7.2f} ms")


def _sweep_ms(open_spans: OpenSpans, now_ns: int) -> float:
    began = time.perf_counter()
    open_spans.sweep(now_ns)
    return (time.perf_counter() - began) * 1e3


def _print_chunks() -> None:
    trace.set_tracer_provider(TracerProvider())
    chunks = [{"choices": [{"index": 0, "delta": {"content": "word "}}]}] * CALLS
    parts = [CHUNK] * CALLS

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield from parts

    def answer(_: Any) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Body())

    plain, watched = (httpx.Client(transport=httpx.MockTransport(answer)) for _ in range(2))
    http_clock.watch(watched)

    def read(client: httpx.Client) -> Callable[[], object]:
        def go() -> None:
            with trace.get_tracer("bench").start_as_current_span("chat m", attributes=ATTRIBUTES):
                for _ in client.send(client.build_request("POST", "http://m/"), stream=True).iter_bytes():
                    pass

        return go

    def wrapped(**limits: float) -> Callable[[], object]:
        return lambda: sum(1 for _ in loopwatch.stream(iter(chunks), **limits))  # type: ignore[arg-type,misc]

    figures = _interleaved(
        {
            "bare": lambda: sum(1 for _ in iter(chunks)),
            "stream": wrapped(),
            "limited": wrapped(max_gap_s=60.0, max_first_s=60.0),
            "http": read(plain),
            "clock": read(watched),
        },
        calls=1,
    )
    each = {name: figure / CALLS for name, figure in figures.items()}
    print(f"stream() on a chunk                   {_over(each, 'stream', 'bare')}")
    print(f"stream(max_gap_s=…) on a chunk        {_over(each, 'limited', 'bare')}")
    print(f"HTTP client's chunk of {len(CHUNK)} B         {each['http']:8.2f} µs")
    print(f"with a content clock                  {each['clock']:8.2f} µs  {_over(each, 'clock', 'http')}")


def _over(figures: Mapping[str, float], name: str, base: str) -> str:
    return f"(+{figures[name] - figures[base]:.2f} µs)"


def _interleaved(actions: Mapping[str, Callable[[], object]], calls: int = CALLS) -> dict[str, float]:
    rounds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(ROUNDS):
        for name, action in actions.items():
            began = time.thread_time()
            for _ in range(calls):
                action()
            rounds[name].append((time.thread_time() - began) / calls * 1e6)
    return {name: statistics.median(times) for name, times in rounds.items()}


if __name__ == "__main__":
    main()
