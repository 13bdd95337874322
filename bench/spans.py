"""Synthetic GenAI spans for benchmarks: 10 to 15 attributes, about 1.4 KB a span, 5 % with 4 to 20 KB of messages."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

START_NS = 1_780_000_000_000_000_000
_STEP_NS = 500_000_000
SPANS_PER_TRACE = 64
_TRACES = 1 << 20
_WORDS = ("quarterly", "revenue", "margin", "freight", "region", "report", "annual", "growth", "ledger", "invoice")


def batches(spans: int, spans_per_batch: int, sessions: int, seed: int = 1) -> Iterator[bytes]:
    """*spans* spans of *sessions* interleaved sessions, as encoded requests of *spans_per_batch*."""
    rng = random.Random(seed)
    for first in range(0, spans, spans_per_batch):
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = "bench"
        scope = resource.scope_spans.add()
        scope.scope.name = "bench.genai"
        for number in range(first, min(first + spans_per_batch, spans)):
            scope.spans.append(_span(rng, number, sessions))
        yield request.SerializeToString()


def _span(rng: random.Random, number: int, sessions: int) -> Span:
    session, step = number % sessions, number // sessions
    span = Span(
        trace_id=(session * _TRACES + step // SPANS_PER_TRACE + 1).to_bytes(16, "big"),
        span_id=rng.randbytes(8),
        parent_span_id=rng.randbytes(8),
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=START_NS + step * _STEP_NS,
        end_time_unix_nano=START_NS + step * _STEP_NS + _STEP_NS // 2,
    )
    model_call = step % 2 == 0
    span.name = "chat gpt-4o-mini" if model_call else "execute_tool search"
    attributes = _model_call(rng, step) if model_call else _tool_call(rng, session, step)
    attributes |= {"gen_ai.conversation.id": f"session-{session}", "gen_ai.agent.name": "researcher"}
    attributes |= {"app.padding": "x" * 700, "app.tenant": "acme", "app.release": "2026.11.1", "server.port": 443}
    for key, value in attributes.items():
        target = span.attributes.add(key=key).value
        if isinstance(value, int):
            target.int_value = value
        else:
            target.string_value = str(value)
    return span


def _model_call(rng: random.Random, step: int) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.id": f"chatcmpl-{rng.getrandbits(64):x}",
        "gen_ai.usage.input_tokens": 500 + step,
        "gen_ai.usage.output_tokens": 40,
        "gen_ai.usage.cache_read.input_tokens": 100,
    }
    if rng.random() < 0.1:
        text = " ".join(rng.choices(_WORDS, k=rng.randrange(500, 2500)))
        message = {"role": "user", "parts": [{"type": "text", "content": text}]}
        attributes["gen_ai.input.messages"] = json.dumps([message])
    return attributes


def _tool_call(rng: random.Random, session: int, step: int) -> dict[str, str | int]:
    query = " ".join(rng.choices(_WORDS, k=12)) + f" {session} {step}"
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.id": f"call_{rng.getrandbits(64):x}",
        "gen_ai.tool.call.arguments": json.dumps({"query": query, "limit": 10, "region": rng.choice(_WORDS)}),
        "gen_ai.tool.call.result": json.dumps({"rows": [rng.getrandbits(32) for _ in range(12)]}),
    }
