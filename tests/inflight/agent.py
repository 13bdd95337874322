"""An agent in an environment of its own: one streamed answer through a real SDK and a real instrumentation.

Run as: agent.py WHICH OTLP MODELS [MAX_GAP_S]. Prints what its spans say of their streams, one JSON document a line,
and sends them, and heartbeats every BEAT_S, to OTLP. With a limit the stream is read through our own stream() and
nothing else of ours, and a stall is printed.
"""

import asyncio
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult

import loopwatch
from loopwatch import inflight

ASK: Any = [{"role": "user", "content": "go on"}]


limits_s: list[float] = []
"""The limit on silence, where one was given."""


def limited(chunks: Any) -> Any:
    """The SDK's stream as it is, or with a limit on its silence."""
    return loopwatch.stream(chunks, max_gap_s=limits_s[0]) if limits_s else chunks


class Printer(SpanExporter):
    """Says on standard output how the stream went."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            told = {name: value for name, value in (span.attributes or {}).items() if ".stream." in name}
            sys.stdout.write(json.dumps({"name": span.name} | told) + "\n")
        return SpanExportResult.SUCCESS


def instrumented(module: str, name: str) -> None:
    """Switch an instrumentation on."""
    getattr(importlib.import_module(module), name)().instrument()


def openai(base: str) -> None:
    """A synchronous client."""
    client = importlib.import_module("openai").OpenAI(base_url=base, api_key="x")
    for _ in limited(client.chat.completions.create(model="m", messages=ASK, stream=True)):
        pass


def openai_async(base: str) -> None:
    """An asynchronous client."""
    client = importlib.import_module("openai").AsyncOpenAI(base_url=base, api_key="x")

    async def read() -> None:
        async for _ in limited(await client.chat.completions.create(model="m", messages=ASK, stream=True)):
            pass

    asyncio.run(read())


def openai_helpers(base: str) -> None:
    """No instrumentation: our own helpers around the SDK."""
    client = importlib.import_module("openai").OpenAI(base_url=base, api_key="x")
    with loopwatch.model_call("m", provider="openai"):
        for _ in loopwatch.stream(client.chat.completions.create(model="m", messages=ASK, stream=True)):
            pass


def anthropic(base: str) -> None:
    """A synchronous client."""
    client = importlib.import_module("anthropic").Anthropic(base_url=base, api_key="x")
    for _ in limited(client.messages.create(model="m", messages=ASK, max_tokens=99, stream=True)):
        pass


def pydantic_ai(base: str) -> None:
    """An agent with its own instrumentation."""
    from_ = importlib.import_module
    kind = from_("pydantic_ai").Agent
    kind.instrument_all()
    provider = from_("pydantic_ai.providers.openai").OpenAIProvider(base_url=base, api_key="x")
    agent = kind(from_("pydantic_ai.models.openai").OpenAIChatModel("m", provider=provider))

    async def read() -> None:
        async with agent.run_stream("go on") as answer:
            async for _ in answer.stream_text(delta=True):
                pass

    asyncio.run(read())


AGENTS: dict[str, tuple[Callable[[str], None], tuple[str, str] | None]] = {
    "openai-genai": (openai, ("opentelemetry.instrumentation.genai.openai", "OpenAIInstrumentor")),
    "openai-genai-async": (openai_async, ("opentelemetry.instrumentation.genai.openai", "OpenAIInstrumentor")),
    "openai-openllmetry": (openai, ("opentelemetry.instrumentation.openai", "OpenAIInstrumentor")),
    "openai-openinference": (openai, ("openinference.instrumentation.openai", "OpenAIInstrumentor")),
    "openai-helpers": (openai_helpers, None),
    "anthropic-native": (anthropic, None),
    "anthropic-genai": (anthropic, ("opentelemetry.instrumentation.genai.anthropic", "AnthropicInstrumentor")),
    "pydantic-ai": (pydantic_ai, None),
}


def told_of(provider: TracerProvider, otlp: str, *, http: bool) -> None:
    """Send spans when they end, and tell of them while they are open."""
    exporter = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter
    provider.add_span_processor(BatchSpanProcessor(exporter(f"{otlp}/v1/traces")))
    inflight.install(endpoint=otlp, grace_s=0.1, interval_s=float(os.environ.get("BEAT_S", "0.2")), http=http)


def main(which: str, otlp: str, models: str, *max_gap_s: str) -> None:
    """Run one of the agents."""
    limits_s.extend(map(float, max_gap_s))
    agent, instrumentation = AGENTS[which]
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Printer()))
    trace.set_tracer_provider(provider)
    if not limits_s:
        told_of(provider, otlp, http=which != "openai-helpers")
    if instrumentation is not None:
        instrumented(*instrumentation)
    try:
        agent(models)
    except loopwatch.StreamStalled as stall:
        sys.stdout.write(json.dumps({"stalled_after": stall.chunks}) + "\n")
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
