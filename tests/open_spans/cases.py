"""Processes that tell of their open spans, and a scorer that hears them, second by second."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.incident import Change, Snapshot
from loopwatch_processor.pipeline import Pipeline
from tests.builders import START_NS
from tests.test_pipeline import body

START_S = START_NS / 1e9
STARTED, BEAT, ENDED = "loopwatch.span.started", "loopwatch.heartbeat", "loopwatch.span.ended"
BEAT_S = 10.0


def event(name: str, number: int, at_s: float, *, trace: int = 1, worker: str = "w1", **said: Any) -> dict[str, Any]:
    """What *worker* says *at_s* of span *number*; *said* are attributes, with __ for the dots."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.agent.name": "researcher",
        "loopwatch.process.id": worker,
        "loopwatch.heartbeat.interval": BEAT_S,
        "host.name": "host-1",
        "process.pid": 100 + int("".join(filter(str.isdigit, worker)) or 0),
        **{key.replace("__", "."): value for key, value in said.items()},
    }
    return {"name": name, "number": number, "at_s": at_s, "trace": trace, "attributes": attributes}


def logs(events: Iterable[dict[str, Any]], service: str = "svc") -> bytes:
    """One request of *events*."""
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    scope = resource.scope_logs.add()
    for item in events:
        scope.log_records.add(
            event_name=item["name"],
            time_unix_nano=START_NS + round(item["at_s"] * 1e9),
            trace_id=item["trace"].to_bytes(16, "big"),
            span_id=(item["trace"] * 1_000 + item["number"]).to_bytes(8, "big"),
            attributes=[_pair(key, value) for key, value in item["attributes"].items() if value is not None],
        )
    return request.SerializeToString()


def _pair(key: str, value: Any) -> KeyValue:
    pair = KeyValue(key=key)
    if isinstance(value, bool):
        pair.value.bool_value = value
    elif isinstance(value, int):
        pair.value.int_value = value
    elif isinstance(value, float):
        pair.value.double_value = value
    else:
        pair.value.string_value = value
    return pair


class Listening:
    """A scorer whose clock is that of the spans: it ticks each second. It has listened for a while already."""

    def __init__(self, scorer: Pipeline | None = None, **settings: Any) -> None:
        self.scorer = scorer or build_pipeline(Config.model_validate(settings))
        self.changes: list[Change] = []
        self.raised: list[RaisedFinding] = []
        self.now_s = -100.0
        self.wait_until(0.0)

    def wait_until(self, now_s: float, step_s: float = 1.0) -> None:
        """Let time pass."""
        while self.now_s < now_s:
            self.now_s = min(self.now_s + step_s, now_s)
            ticked = self.scorer.tick(START_S + self.now_s)
            self.changes += ticked.changes
            self.raised += ticked.raised

    def hear(self, *events: dict[str, Any], service: str = "svc") -> None:
        """All *events* arrive now, in one request."""
        self.scorer.feed_logs(logs(events, service), START_S + self.now_s)

    def feed(self, *spans: Span) -> None:
        """All *spans* arrive now, in one request."""
        scored = self.scorer.feed_traces(body(spans), START_S + self.now_s)
        self.changes += scored.changes
        self.raised += scored.raised

    def beat(self, number: int, until_s: float, *, gap_from_s: float | None = None, **said: Any) -> None:
        """Span *number* beats until *until_s*; without content since *gap_from_s*, where it streams."""
        while self.now_s < until_s:
            gap = {} if gap_from_s is None else {"loopwatch__stream__current_gap": self.now_s - gap_from_s}
            self.hear(event(BEAT, number, self.now_s, **{**gap, **said}))
            self.wait_until(min(self.now_s + BEAT_S, until_s))

    def open(self) -> list[Snapshot]:
        """The open incidents."""
        return self.scorer.incidents.open()

    def found(self) -> list[tuple[str, str, str]]:
        """What was raised: detector, pattern, severity."""
        return [(item.finding.detector, item.finding.pattern, item.finding.severity.label) for item in self.raised]
