"""In-line: otel-collector.inline.yaml as shipped, a real Collector on both sides of a real `loopwatch serve`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from tests.shared import SPANS as RECORDINGS
from tests.shared import needs_recordings
from tests.stack import agent
from tests.stack.inline import Inline, inline_running
from tests.stack.processes import play, until
from tests.stack.sending import model_call, request_of, send, spans_of

VERDICTS = ("loopwatch.health", "loopwatch.findings", "loopwatch.score.")


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
    with inline_running(otelcol_contrib, tmp_path, KEEP_PERCENT=getattr(request, "param", "100")) as inline:
        yield inline


@pytest.mark.parametrize("inline", ["0"], indirect=True)
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
    send(inline.url, request.SerializeToString()).raise_for_status()

    until("both spans", lambda: len(inline.spans()) == 2)
    healthy, sick = (verdict(inline.spans()[bytes([number]) * 8]) for number in (1, 2))
    assert healthy == {}
    assert "warning" in sick["loopwatch.health"]
    assert sorted(sick) == ["loopwatch.findings", "loopwatch.health", "loopwatch.score.context"]


def test_a_request_larger_than_grpc_usually_takes_passes(inline: Inline) -> None:
    """Six spans of a mebibyte each go through both pipelines whole, and reach a backend that takes four at once."""
    spans = [model_call(b"t" * 16, number, text="x" * 1024 * 1024) for number in range(1, 7)]
    send(inline.url, request_of(spans)).raise_for_status()
    until("all spans", lambda: len(inline.spans()) == len(spans))


@needs_recordings
@pytest.mark.parametrize("recording", ["openinference_langchain.jsonl", "otel_genai_langchain_content.jsonl"])
def test_every_span_arrives_as_it_was_sent(inline: Inline, recording: str) -> None:
    """Recorded spans pass two Collectors and loopwatch: nothing is lost, and only verdicts are added."""
    sent: dict[bytes, Span] = {}
    for line in (RECORDINGS / recording).read_text().splitlines():
        body = to_protobuf(Signal.traces, line.encode())
        sent |= {span.span_id: span for span in spans_of(body)}
        send(inline.url, body).raise_for_status()

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
