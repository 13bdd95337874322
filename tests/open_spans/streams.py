"""A stream that has not ended, and one that has."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.open_spans.cases import STARTED, Listening, event
from tests.test_pipeline import span

STREAMING: dict[str, Any] = {"loopwatch__stream__chunks": 40}
KEY = f"{1:032x}"


def ended_stream(number: int = 10, duration_s: float = 400.0, max_gap_s: float | None = None, **more: Any) -> Span:
    """The span of a call that streamed, once it has ended."""
    made = span("chat", number, 0.0, request__model="gpt-4o", **{"parent": 1, **more})
    made.end_time_unix_nano = made.start_time_unix_nano + round(duration_s * 1e9)
    if max_gap_s is not None:
        made.attributes.add(key="loopwatch.stream.max_gap").value.double_value = max_gap_s
    return made


def stalled(until_s: float = 400.0) -> Listening:
    """A stream whose last content came after 5 s."""
    seen = Listening()
    seen.hear(event(STARTED, 10, 0.0))
    seen.beat(10, until_s, gap_from_s=5.0, **STREAMING)
    return seen
