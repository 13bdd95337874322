"""Sends GenAI spans by calling an OTLP exporter of the Python SDK directly: python -m bench.sender grpc PORT SPANS

With --first N the same sessions go on where an earlier sender of N spans stopped.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

BATCH = 512
SESSIONS = 100
SPANS_PER_TRACE = 20
_START_NS = 1_780_000_000_000_000_000
_SECOND_NS = 1_000_000_000


def main() -> None:
    """Send, and print what was sent as one JSON object."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("protocol", choices=("grpc", "http"))
    options.add_argument("port", type=int)
    options.add_argument("spans", type=int)
    options.add_argument("--first", type=int, default=0)
    given = options.parse_args()
    exporter = _exporter(given.protocol, given.port)
    sent = failed = 0
    began_s = time.perf_counter()
    for batch in _batches(given.first, given.spans):
        if exporter.export(batch) is SpanExportResult.SUCCESS:
            sent += len(batch)
        else:
            failed += len(batch)
    took_s = time.perf_counter() - began_s
    exporter.shutdown()
    print(json.dumps({"sent": sent, "failed": failed, "took_s": took_s}))


def _exporter(protocol: str, port: int) -> SpanExporter:
    if protocol == "grpc":
        return GrpcExporter(f"127.0.0.1:{port}", insecure=True)
    return HttpExporter(f"http://127.0.0.1:{port}/v1/traces")


def _batches(first: int, spans: int) -> Iterator[list[ReadableSpan]]:
    """*spans* spans of `SESSIONS` interleaved sessions: model calls and tool calls in turn."""
    rng = random.Random(first)
    resource = Resource({"service.name": "bench"})
    end = first + spans
    for start in range(first, end, BATCH):
        yield [_span(rng, resource, number) for number in range(start, min(start + BATCH, end))]


def _span(rng: random.Random, resource: Resource, number: int) -> ReadableSpan:
    session, step = number % SESSIONS, number // SESSIONS
    trace_id = (session + 1 << 64) + step // SPANS_PER_TRACE + 1
    start_ns = _START_NS + step * _SECOND_NS
    is_model_call = step % 2 == 0
    return ReadableSpan(
        name="chat gpt-4o-mini" if is_model_call else "execute_tool search",
        context=SpanContext(trace_id, rng.getrandbits(64) | 1, is_remote=False, trace_flags=TraceFlags(1)),
        resource=resource,
        attributes={
            "gen_ai.conversation.id": f"session-{session}",
            "gen_ai.agent.name": "researcher",
            **(_model_call(step) if is_model_call else _tool_call(session, step)),
        },
        kind=SpanKind.CLIENT if is_model_call else SpanKind.INTERNAL,
        start_time=start_ns,
        end_time=start_ns + _SECOND_NS // 2,
    )


def _model_call(step: int) -> dict[str, str | int]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.usage.input_tokens": 500 + step,
        "gen_ai.usage.output_tokens": 40,
    }


def _tool_call(session: int, step: int) -> dict[str, str | int]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.id": f"call_{session}_{step}",
        "gen_ai.tool.call.arguments": json.dumps({"query": f"revenue of customer {session * 7919 + step}"}),
        "gen_ai.tool.call.result": f"{session * step} USD",
    }


if __name__ == "__main__":
    main()
