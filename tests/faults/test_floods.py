"""Names that never come twice: as many as one likes cost neither series nor memory without end."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import httpx
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.faults.counting import Counts
from tests.faults.load import request_of
from tests.paging.services import Service

FLOOD, TOGETHER = 4_000, 200
"""Spans of one kind of name, and of one request."""
SESSIONS, SERIES = 1_000, 300
BOUNDS = (
    f"sessions.max_sessions={SESSIONS}",
    f"sessions.max_traces={SESSIONS}",
    f"sessions.max_spans={SESSIONS}",
    f"sessions.max_span_ids={SESSIONS}",
    f"sessions.max_chains={SESSIONS}",
    "sinks.prometheus.max_label_values=20",
    f"sinks.prometheus.max_series={SERIES}",
    "sinks.log.enabled=false",
)
RSS_MORE_BYTES = 24 * 1024 * 1024
"""The second flood, as large as the first, may cost what malloc does not give back, and no more."""


def unique(number: int) -> Span:
    """A call of a tool, all of whose names are its own."""
    digest = hashlib.sha256(f"flood-{number}".encode()).hexdigest()
    span = Span(
        trace_id=bytes.fromhex(digest[:32]), span_id=bytes.fromhex(digest[32:48]), name=f"execute_tool {digest}"
    )
    span.end_time_unix_nano = time.time_ns()
    span.start_time_unix_nano = span.end_time_unix_nano - 1_000_000
    kind = "chat" if number % 2 else "execute_tool"
    for key in ("conversation.id", "agent.name", "tool.name", "tool.call.id", "request.model", "provider.name"):
        span.attributes.add(key=f"gen_ai.{key}").value.string_value = f"{key}-{digest}"
    span.attributes.add(key="gen_ai.operation.name").value.string_value = kind
    for key in ("usage.input_tokens", "usage.output_tokens"):
        span.attributes.add(key=f"gen_ai.{key}").value.int_value = 10
    return span


def flood(service: Service, first: int) -> None:
    """Send `FLOOD` spans, each request of an environment and service of its own."""
    with httpx.Client(headers={"content-type": "application/x-protobuf"}, trust_env=False, timeout=60) as client:
        for start in range(first, first + FLOOD, TOGETHER):
            body = request_of(map(unique, range(start, start + TOGETHER)), environment=f"environment-{start}")
            client.post(f"{service.url}/v1/traces", content=body).raise_for_status()


def test_a_flood_of_unique_names(tmp_path: Path, counts: Counts) -> None:
    """Sessions, series and memory stay within their bounds, and what was forgotten is counted by what it was."""
    service = Service(tmp_path, *BOUNDS)
    with service.running():
        before = series(service)
        flood(service, 0)
        after, after_bytes = series(service), service.metric("process_resident_memory_bytes")
        flood(service, FLOOD)
        again, again_bytes = series(service), service.metric("process_resident_memory_bytes")
        most = most_of_one(service)
        evicted = service.metric("loopwatch_sessions_evicted_total")
        assert service.metric("loopwatch_sessions_open") == SESSIONS
        overflow = {
            label: int(service.metric("loopwatch_label_overflow_total", label=label))
            for label in ("agent", "tool", "model", "environment", "series")
        }
        counts.add(
            sent=2 * FLOOD,
            scored=int(service.metric("loopwatch_spans_received_total", signal="traces")),
            sessions_open=int(service.metric("loopwatch_sessions_open")),
            sessions_evicted=int(evicted),
            traces_evicted=int(service.metric("loopwatch_traces_evicted_total")),
            series_before_and_after=f"{before}/{after}/{again}",
            most_series_of_one_metric=most,
            beyond_label_bounds=overflow,
            megabytes_after_and_again=f"{round(after_bytes) >> 20}/{round(again_bytes) >> 20}",
        )
        assert evicted == 2 * FLOOD - SESSIONS
        assert all(overflow[label] > 0 for label in ("agent", "tool", "model", "environment"))
        assert most <= SERIES + 1
        assert again - after <= SERIES
        assert again_bytes - after_bytes < RSS_MORE_BYTES


def series(service: Service) -> int:
    """How many series /metrics has; histogram buckets are some, too."""
    text = httpx.get(f"{service.url}/metrics", trust_env=False, timeout=60).text
    return sum(not line.startswith("#") for line in text.splitlines())


def most_of_one(service: Service) -> int:
    """How many label combinations the metric with the most has."""
    names: dict[str, int] = {}
    for line in httpx.get(f"{service.url}/metrics", trust_env=False, timeout=60).text.splitlines():
        name = line.partition("{")[0]
        if not line.startswith("#") and not name.endswith("_bucket"):
            names[name] = names.get(name, 0) + 1
    return max(names.values())
