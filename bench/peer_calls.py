"""What a call of the OpenAI SDK takes beneath one instrumentation, or in loopwatch's helpers; see bench.peers."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind

import loopwatch
from loopwatch.inflight import InFlightReporter

ROUNDS = 8
CALLS = 20
STREAMS = 2
SPANS = 200
CHUNKS = 50
MODEL = "gpt-4o-mini"
PEERS = {
    "official": "opentelemetry.instrumentation.genai.openai",
    "openllmetry": "opentelemetry.instrumentation.openai",
    "openinference": "openinference.instrumentation.openai",
}
# Not installed where types are checked.
httpx: Any = import_module("httpx2")
openai: Any = import_module("openai")
MESSAGES: Any = [
    {"role": ("system", "user", "assistant")[min(number, 1 + number % 2)], "content": f"{number}: " + "word " * 40}
    for number in range(8)
]
USAGE = {"prompt_tokens": 400, "completion_tokens": 60, "total_tokens": 460}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": MODEL,
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "word " * 60}}],
    "usage": USAGE,
}
OFFICIAL: Mapping[str, str | int] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": MODEL,
    "gen_ai.agent.name": "bench",
    "gen_ai.conversation.id": "bench",
    "loopwatch.step.index": 1,
}
Act = Callable[[], object]


class Spans(SpanProcessor):
    """Counts what ends, so that an instrumentation that does nothing is found out."""

    ended = 0

    def on_end(self, span: ReadableSpan) -> None:  # noqa: ARG002
        """One more."""
        self.ended += 1


def main() -> None:
    """Print as JSON what a call takes in the way that is the only argument, whole and streamed, in µs."""
    way, spans = sys.argv[1], Spans()
    provider = TracerProvider()
    provider.add_span_processor(spans)
    trace.set_tracer_provider(provider)
    client = openai.OpenAI(
        api_key="none", max_retries=0, http_client=httpx.Client(transport=httpx.MockTransport(_answer))
    )
    call, stream = partial(_call, client), partial(_stream, client)
    if way in PEERS:
        import_module(PEERS[way]).OpenAIInstrumentor().instrument(tracer_provider=provider)
    with loopwatch.session("bench", conversation_id="bench", max_steps=10**9):
        if way == "loopwatch":
            call, stream = partial(_call_helped, client), partial(_stream_helped, client)
        figures = {"call": _figure(call, CALLS), "stream": _figure(stream, STREAMS)}
        assert spans.ended == (0 if way == "alone" else ROUNDS * (CALLS + STREAMS) + 2), f"{way}: {spans.ended} spans"
        if way == "loopwatch":
            figures |= _of_spans()
    print(json.dumps(figures))


def _of_spans() -> dict[str, float]:
    followed = TracerProvider()
    followed.add_span_processor(InFlightReporter(grace_s=3600.0))
    acts = {"plain": _plain(TracerProvider()), "followed": _plain(followed), "helper": _helper}
    rounds: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(ROUNDS):
        for name, act in acts.items():
            rounds[name].append(_took_us(act, SPANS))
    return {name: statistics.median(figures) for name, figures in rounds.items()}


def _figure(act: Act, calls: int) -> float:
    act()
    return statistics.median(_took_us(act, calls) for _ in range(ROUNDS))


def _took_us(act: Act, calls: int) -> float:
    began = time.thread_time()
    for _ in range(calls):
        act()
    return (time.thread_time() - began) / calls * 1e6


def _plain(provider: TracerProvider) -> Act:
    tracer = provider.get_tracer("bench")

    def go() -> None:
        with tracer.start_as_current_span(f"chat {MODEL}", kind=SpanKind.CLIENT, attributes=OFFICIAL) as span:
            span.set_attribute("gen_ai.usage.input_tokens", 400)
            span.set_attribute("gen_ai.usage.output_tokens", 60)

    return go


def _helper() -> None:
    with loopwatch.model_call(MODEL, provider="openai") as call:
        call.usage(input_tokens=400, output_tokens=60)


def _call(client: Any) -> None:
    client.chat.completions.create(model=MODEL, messages=MESSAGES)


def _call_helped(client: Any) -> None:
    with loopwatch.model_call(MODEL, provider="openai") as call:
        usage = client.chat.completions.create(model=MODEL, messages=MESSAGES).usage
        call.usage(input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens)


def _stream(client: Any) -> None:
    for _ in _chunks(client):
        pass


def _stream_helped(client: Any) -> None:
    with loopwatch.model_call(MODEL, provider="openai") as call:
        for _ in loopwatch.stream(_chunks(client)):
            pass
        call.usage(input_tokens=400, output_tokens=60)


def _chunks(client: Any) -> Any:
    options: Any = {"stream": True, "stream_options": {"include_usage": True}}
    return client.chat.completions.create(model=MODEL, messages=MESSAGES, **options)


def _answer(request: Any) -> Any:
    if b'"stream":true' in request.content:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Body())
    return httpx.Response(200, json=ANSWER)


class _Body(httpx.SyncByteStream):  # type: ignore[misc]
    def __iter__(self) -> Iterator[bytes]:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
        for _ in range(CHUNKS):
            choice = {"index": 0, "delta": {"role": "assistant", "content": "word "}, "finish_reason": None}
            yield _event({**head, "choices": [choice]})
        yield _event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        yield _event({**head, "choices": [], "usage": USAGE})
        yield b"data: [DONE]\n\n"


def _event(chunk: object) -> bytes:
    return f"data: {json.dumps(chunk)}\n\n".encode()


if __name__ == "__main__":
    main()
