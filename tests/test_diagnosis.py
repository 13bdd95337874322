"""What the doctor says of what arrives: the missing piece and the setting that mends it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch_processor.diagnosis import MAX_SOURCES, Diagnosis
from loopwatch_processor.otlp import Span, decode_traces
from loopwatch_processor.step import Conversation, ModelCall, Step, StepKind, StreamTimings, ToolCall, Usage

USAGE = Usage(1, 1)
FULL = ModelCall(conversation=Conversation(), stream=StreamTimings(ttft_s=0.1, max_gap_s=0.1))


def span(service: str = "shop", trace_state: str = "") -> Span:
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    scope = resource.scope_spans.add()
    scope.scope.name = "lib"
    scope.spans.add(trace_id=b"\1" * 16, span_id=b"\2" * 8, trace_state=trace_state)
    (only,) = decode_traces(message.SerializeToString())
    assert isinstance(only, Span)
    return only


def call(
    model: ModelCall = FULL, *, parent_id: str = "p", usage: Usage | None = USAGE, dialect: str = "otel_genai"
) -> Step:
    return Step(StepKind.MODEL_CALL, dialect, "chat", "t", "s", parent_id, 0, 1, agent="a", model=model, usage=usage)


def tool(arguments: str | None, sketch: str = "") -> Step:
    called = ToolCall("search", arguments=arguments, arguments_sketch=sketch)
    return Step(StepKind.TOOL_CALL, "otel_genai", "execute_tool", "t", "s", "p", 0, 1, agent="a", tool=called)


def advice(*steps: Step | None, trace_state: str = "") -> list[str]:
    diagnosis = Diagnosis()
    for step in steps:
        diagnosis.add(span(trace_state=trace_state), step)
    return [f"{item.missing}: {item.mend}" for item in diagnosis.advice()]


def test_a_well_instrumented_agent_needs_nothing() -> None:
    """Messages, arguments, usage and timings are there."""
    assert advice(call(), tool("{}")) == []


def test_a_sketch_is_as_good_as_arguments() -> None:
    """Content capture may stay off."""
    assert advice(call(), tool(None, "sketch")) == []


def test_nothing_is_advised_where_nothing_helps() -> None:
    """The AI SDK runs in Node: there is no stream to wrap."""
    silent = ModelCall(conversation=Conversation(), stream=StreamTimings())

    assert advice(call(silent, dialect="vercel"), tool("{}")) == []


def test_unknown_spans_beside_known_ones_are_no_fault() -> None:
    """Every service has database and web spans."""
    assert advice(call(), tool("{}"), None) == []


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([None], "add a GenAI instrumentation"),
        ([call(), tool(None)], "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only"),
        ([call(usage=None), tool("{}")], "include_usage"),
        ([call(ModelCall(), parent_id="")], "cannot be tied to sessions"),
        ([call(ModelCall(conversation=Conversation(), stream=StreamTimings()))], "without a time to first chunk"),
        ([call(ModelCall(conversation=Conversation(), stream=StreamTimings(ttft_s=1.0)))], "stalls inside a stream"),
        ([call(ModelCall(), dialect="anthropic_sdk")], "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE=content"),
        ([call(ModelCall(), dialect="something_new")], "SketchingExporter"),
        ([replace(call(), agent="")], "OTEL_RESOURCE_ATTRIBUTES=gen_ai.agent.name"),
    ],
)
def test_what_is_missing_is_said_with_its_setting(steps: list[Step | None], said: str) -> None:
    """One sentence that can be acted on."""
    (only,) = [item for item in advice(*steps) if said in item]
    assert only


@pytest.mark.parametrize(
    ("state", "sampled"), [("ot=th:8", True), ("x=y,ot=rv:1;th:c8", True), ("ot=th:0", False), ("", False)]
)
def test_sampling_before_us_shows_in_the_tracestate(state: str, sampled: bool) -> None:
    """OpenTelemetry's samplers leave the threshold by which they reject."""
    assert bool(advice(call(), tool("{}"), trace_state=state)) is sampled


def test_the_memory_is_bounded() -> None:
    """Services beyond the bound are counted, not told apart."""
    diagnosis = Diagnosis()
    for number in range(MAX_SOURCES + 3):
        diagnosis.add(span(f"s{number}"), None)

    assert len(diagnosis.seen()) == MAX_SOURCES
    assert diagnosis.as_dict()["overflow_spans"] == 3
