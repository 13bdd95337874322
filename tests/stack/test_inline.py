"""In-line: otel-collector.inline.yaml as shipped, a real Collector on both sides of a real `loopwatch serve`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from tests.receive.harness import Receivers, receivers
from tests.shared import SPANS as RECORDINGS
from tests.shared import needs_recordings
from tests.stack import agent
from tests.stack.processes import ROOT, Collector, Loopwatch, free_ports, play, until

CONFIG = ROOT / "otel-collector.inline.yaml"
VERDICTS = ("loopwatch.health", "loopwatch.findings", "loopwatch.score.")


class Inline:
    """Collector, loopwatch, the same Collector again, and a backend that keeps what arrives."""

    def __init__(self, otelcol: Path, folder: Path, backend: Receivers, keep_percent: int) -> None:
        grpc_port, self.http_port, scored_port = free_ports(3)
        self.backend = backend
        self.loopwatch = Loopwatch(folder, f"forward.endpoint=http://127.0.0.1:{scored_port}")
        self.collector = Collector(
            otelcol,
            CONFIG,
            folder / "collector.log",
            COLLECTOR_GRPC=f"127.0.0.1:{grpc_port}",
            COLLECTOR_HTTP=f"127.0.0.1:{self.http_port}",
            SCORED_GRPC=f"127.0.0.1:{scored_port}",
            LOOPWATCH_GRPC=f"127.0.0.1:{self.loopwatch.grpc_port}",
            BACKEND_GRPC=backend.target,
            QUEUE_DIR=str(folder / "queue"),
            KEEP_PERCENT=str(keep_percent),
            DECISION_WAIT="1s",
        )

    @property
    def url(self) -> str:
        """Where agents send to."""
        return f"http://127.0.0.1:{self.http_port}"

    def spans(self) -> dict[bytes, Span]:
        """What the backend has, by span id; the same span twice must be the same."""
        found: dict[bytes, Span] = {}
        for kind, body in list(self.backend.intake.bodies):
            for span in spans_of(body) if kind is Signal.traces else ():
                assert found.setdefault(span.span_id, span) == span
        return found

    def records(self) -> list[LogRecord]:
        """The log records that the backend has."""
        bodies = [body for kind, body in list(self.backend.intake.bodies) if kind is Signal.logs]
        requests = [ExportLogsServiceRequest.FromString(body) for body in bodies]
        scopes = [scope for request in requests for item in request.resource_logs for scope in item.scope_logs]
        return [record for scope in scopes for record in scope.log_records]


def spans_of(body: bytes) -> list[Span]:
    """The spans of one export request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [span for item in request.resource_spans for scope in item.scope_spans for span in scope.spans]


def verdict(span: Span) -> dict[str, str]:
    """The verdict attributes of *span*, as text; one that is there twice fails."""
    pairs = [pair for pair in span.attributes if pair.key.startswith(VERDICTS)]
    assert len({pair.key for pair in pairs}) == len(pairs)
    return {pair.key: json_format.MessageToJson(pair.value, indent=None) for pair in pairs}


def without_verdict(span: Span) -> Span:
    """*span* as it was before."""
    plain = Span.FromString(span.SerializeToString())
    del plain.attributes[:]
    plain.attributes.extend(pair for pair in span.attributes if not pair.key.startswith(VERDICTS))
    return plain


@pytest.fixture(name="inline")
def _inline(otelcol_contrib: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Inline]:
    with ExitStack() as stack:
        backend = stack.enter_context(receivers())
        inline = Inline(otelcol_contrib, tmp_path, backend, getattr(request, "param", 100))
        stack.enter_context(inline.loopwatch.running())
        stack.enter_context(inline.collector.running())
        yield inline


@pytest.mark.parametrize("inline", [0], indirect=True)
def test_tail_sampling_keeps_the_sick_trace_and_the_finding_points_into_it(inline: Inline) -> None:
    """With no share of healthy traces kept, only the sick one reaches the backend, whole."""
    play(inline.url, "healthy", 3_000)
    play(inline.url, "sick", agent.OVERFULL)

    until("the sick trace", lambda: len(inline.spans()) >= agent.SPANS)
    spans = inline.spans()
    conversations = {
        pair.value.string_value
        for span in spans.values()
        for pair in span.attributes
        if pair.key == "gen_ai.conversation.id"
    }
    assert conversations == {"sick"}
    marked = [verdict(span) for span in spans.values() if verdict(span)]
    assert '{"stringValue":"warning"}' in [item["loopwatch.health"].replace(" ", "") for item in marked]

    (record,) = until("the finding", lambda: [item for item in inline.records() if item.severity_text == "WARN"])
    assert record.event_name == "loopwatch.finding"
    assert record.trace_id == spans[record.span_id].trace_id


def test_verdicts_that_a_client_sent_are_replaced(inline: Inline) -> None:
    """A lie is removed from a healthy span, and on a sick one there is only our own word, once."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, input_tokens in enumerate((2_000, agent.OVERFULL), start=1):
        span = spans.add(trace_id=b"t" * 16, span_id=bytes([number]) * 8, name="chat gpt-4o-mini", end_time_unix_nano=9)
        for key, text in (
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.request.model", "gpt-4o-mini"),
            ("gen_ai.conversation.id", "c"),
            ("loopwatch.health", "ok"),
            ("loopwatch.score.loop", "a lie"),
        ):
            span.attributes.add(key=key).value.string_value = text
        span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = input_tokens
    headers = {"content-type": "application/x-protobuf"}
    url = f"{inline.url}/v1/traces"
    httpx.post(url, content=request.SerializeToString(), headers=headers, trust_env=False).raise_for_status()

    until("both spans", lambda: len(inline.spans()) == 2)
    healthy, sick = (verdict(inline.spans()[bytes([number]) * 8]) for number in (1, 2))
    assert healthy == {}
    assert "warning" in sick["loopwatch.health"]
    assert sorted(sick) == ["loopwatch.findings", "loopwatch.health", "loopwatch.score.context"]


@needs_recordings
@pytest.mark.parametrize("recording", ["openinference_langchain.jsonl", "otel_genai_langchain_content.jsonl"])
def test_every_span_arrives_as_it_was_sent(inline: Inline, recording: str) -> None:
    """Recorded spans pass two Collectors and loopwatch: nothing is lost, and only verdicts are added."""
    sent: dict[bytes, Span] = {}
    for line in (RECORDINGS / recording).read_text().splitlines():
        body = to_protobuf(Signal.traces, line.encode())
        sent |= {span.span_id: span for span in spans_of(body)}
        headers = {"content-type": "application/x-protobuf"}
        httpx.post(f"{inline.url}/v1/traces", content=body, headers=headers, trust_env=False).raise_for_status()

    until("all spans", lambda: len(inline.spans()) == len(sent))
    assert {key: without_verdict(span) for key, span in inline.spans().items()} == sent


def test_the_collector_keeps_what_loopwatch_cannot_take(inline: Inline) -> None:
    """Killed with spans on their way and started again, loopwatch costs nothing: the queue before it is on disk."""
    play(inline.url, "before")
    inline.loopwatch.end(signal.SIGKILL)
    play(inline.url, "meanwhile")
    inline.loopwatch.start()
    play(inline.url, "after")
    until("all spans", lambda: len(inline.spans()) == 3 * agent.SPANS)
