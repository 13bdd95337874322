"""What an agent says with `loopwatch.progress()`, from its process to the finding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import load
from loopwatch_processor.finding import RaisedFinding


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What leaves the process."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "agents"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


def raised(spans: InMemorySpanExporter, states: list[object]) -> list[RaisedFinding]:
    """What is raised live, span by span, of an agent that works through *states*."""
    with loopwatch.session("fixer", conversation_id="thread-1"):
        for number, state in enumerate(states):
            with loopwatch.tool_call("run_tests", {"round": number}) as call:
                loopwatch.progress(state=state)
                call.result(f"round {number}")
    pipeline = build_pipeline(load(None, []))
    found = []
    for span in spans.get_finished_spans():
        now = (span.end_time or 0) / 1e9
        found += pipeline.feed_traces(encode_spans([span]).SerializeToString(), now).raised
    return [item for item in found if item.finding.detector == "progress"]


def test_five_rounds_without_a_change_of_state_suggest_to_halt(spans: InMemorySpanExporter) -> None:
    """The sixth report of one state is the finding, while the agent still runs."""
    found = raised(spans, [{"failing": 3}] * 6)
    assert [(item.finding.pattern, item.step, item.finding.stop_reason) for item in found] == [
        ("unchanged", 6, "no_progress")
    ]


def test_the_span_of_the_run_repeats_the_last_word_and_adds_nothing(spans: InMemorySpanExporter) -> None:
    """Four rounds without a change are none too many, also when the run ends with them."""
    assert raised(spans, [{"failing": 3}] * 5) == []


def test_a_state_that_moves_is_silent(spans: InMemorySpanExporter) -> None:
    """Long work, one change in four rounds."""
    assert raised(spans, [{"failing": 12 - n // 4} for n in range(48)]) == []
