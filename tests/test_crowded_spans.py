"""Spans of very many very small parts cost little, and are named for what they are."""

from __future__ import annotations

from unittest import mock

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.attributes import value_of
from loopwatch_processor.config import Config
from loopwatch_processor.dialects import read
from loopwatch_processor.dialects.reading import parsed, shortened
from loopwatch_processor.dialects.stand_ins import tool_call
from loopwatch_processor.otlp import Broken, Span, decode_logs, decode_traces
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.telemetry import Telemetry


def _request(*, events: int = 0, attributes: int = 0, event_attributes: int = 0, of_resource: int = 0) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    for number in range(of_resource):
        resource.resource.attributes.add(key=str(number))
    spans = resource.scope_spans.add().spans
    span = spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    for _ in range(events):
        for number in range(event_attributes):
            span.events.add().attributes.add(key=str(number))
    for number in range(attributes):
        span.attributes.add(key=str(number))
    spans.add(trace_id=b"t" * 16, span_id=b"u" * 8, name="the next one")
    return request.SerializeToString()


@pytest.mark.parametrize(
    "body",
    [_request(attributes=101), _request(events=10, event_attributes=10)],
    ids=["attributes", "attributes of events"],
)
def test_a_span_of_too_many_parts_is_broken_and_the_next_one_is_not(body: bytes) -> None:
    """It is told apart from one that cannot be decoded, and spoils only itself."""
    crowded, healthy = decode_traces(body, 100)
    assert isinstance(crowded, Broken)
    assert crowded.reason == "too_many_parts"
    assert isinstance(healthy, Span)


def test_as_many_parts_as_may_be_are_read() -> None:
    """The bound is the usual default of a thousand attributes and more."""
    span, _ = decode_traces(_request(attributes=1_000), 1_010)
    assert isinstance(span, Span)


def test_a_record_of_too_many_parts_is_broken() -> None:
    """Logs have the same bound."""
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    for number in range(101):
        record.attributes.add(key=str(number))
    (broken,) = decode_logs(request.SerializeToString(), 100)
    assert isinstance(broken, Broken)
    assert broken.reason == "too_many_parts"


def test_a_resource_of_too_many_attributes_is_taken_for_an_empty_one() -> None:
    """As one that cannot be decoded: its spans are still worth scoring."""
    spans = [span for span in decode_traces(_request(of_resource=101), 100) if isinstance(span, Span)]
    assert [span.source.service for span in spans] == ["unknown_service"] * 2


def test_the_pipeline_counts_them_by_their_reason() -> None:
    """The bound is a setting, and what met it is a metric."""
    config = Config.model_validate({"sessions": {"max_parts_per_span": 100}})
    pipeline = build_pipeline(config)
    with mock.patch.object(pipeline.telemetry, "unscored") as unscored:
        pipeline.feed_traces(_request(attributes=101), 0.0)
    assert unscored.mock_calls[0] == mock.call("traces", "too_many_parts")


def forgotten(reason: str) -> float:
    """What /metrics says of it."""
    telemetry = Telemetry()
    telemetry.watch_sessions(Sessions())
    return telemetry.registry.get_sample_value("loopwatch_state_forgotten_total", {"reason": reason}) or 0.0


def test_a_structure_of_too_many_values_is_unknown() -> None:
    """An array or a map is read whole or not at all."""

    def array(count: int) -> bytes:
        value = AnyValue()
        for _ in range(count):
            value.array_value.values.add(int_value=1)
        return value.SerializeToString()

    before = forgotten("large_values")
    assert value_of(array(50_000)) == [1] * 50_000
    assert forgotten("large_values") == before
    assert value_of(array(50_001)) is None
    assert value_of(b"\x2a" + bytes(9 * 1024 * 1024)) is None
    assert forgotten("large_values") == before + 2


def test_a_text_of_too_many_objects_stays_a_text() -> None:
    """JSON inside of an attribute has its bound as well."""
    assert parsed("[" + "[]," * 1_000 + "[]]") == [[]] * 1_001
    huge = "[" + "[]," * 100_000 + "[]]"
    before = forgotten("large_texts")
    assert parsed(huge) == huge
    assert forgotten("large_texts") == before + 1


def test_names_of_any_length_are_kept_short_and_apart() -> None:
    """A session id of a megabyte is kept in a line, and is another than its twin that ends otherwise."""
    long, other = shortened("s" * 1_000_000), shortened("s" * 1_000_000 + "t")
    assert (len(long), len(other), long == other) == (256, 256, False)
    before = forgotten("long_names")
    assert shortened("s" * 256) == "s" * 256
    assert forgotten("long_names") == before
    shortened("s" * 257)
    assert forgotten("long_names") == before + 1


def test_a_tool_and_a_model_of_a_long_name_have_short_ones() -> None:
    """They are labels, and words of pages; a request in a message and its span still have the same name."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, (operation, key) in enumerate(
        (("execute_tool", "gen_ai.tool.name"), ("chat", "gen_ai.request.model")), start=1
    ):
        span = spans.add(trace_id=bytes([9] * 16), span_id=bytes([number] * 8), name=operation)
        span.attributes.add(key="gen_ai.operation.name").value.string_value = operation
        span.attributes.add(key=key).value.string_value = "n" * 1_000
    tool, model = (read(span) for span in decode_traces(request.SerializeToString()) if isinstance(span, Span))
    assert tool is not None
    assert tool.tool is not None
    assert tool.tool.name == shortened("n" * 1_000) == tool_call("n" * 1_000, "", {}).name
    assert model is not None
    assert model.model is not None
    assert model.model.model == shortened("n" * 1_000)


def test_a_session_of_a_long_id_is_one_session() -> None:
    """Its spans meet under the short name."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(2):
        span = spans.add(trace_id=bytes([7, *range(15)]), span_id=bytes([number, *range(1, 8)]), name="chat")
        span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
        span.attributes.add(key="gen_ai.conversation.id").value.string_value = "s" * 100_000
    pipeline = build_pipeline(Config())
    pipeline.feed_traces(request.SerializeToString(), 0.0)
    (session,) = pipeline.close().ended
    assert len(session.key) == 256
