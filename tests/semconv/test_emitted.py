"""What the helpers put on spans is what the convention declares for those spans."""

from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from loopwatch.attributes import ToolErrorClass, ToolSideEffect
from loopwatch.model import model_call
from loopwatch.session import session
from loopwatch.tool import tool_call
from registry import Item, Model, load


@pytest.fixture(scope="module")
def ours() -> Model:
    return load(Path(__file__).parents[2] / "semconv")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> dict[str, ReadableSpan]:
    """The spans of one session that uses whatever the helpers offer, by the operation in their name."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")
    with session(
        "planner",
        conversation_id="c-1",
        agent_type="research",
        max_usd=1.0,
        max_steps=9,
        max_tool_calls=9,
        max_tokens=999,
        max_seconds=99.0,
    ):
        use_model()
        use_tool()
    return {span.name.split()[0]: span for span in exporter.get_finished_spans()}


def use_model() -> None:
    with model_call("gpt-x", provider="openai", max_output_tokens=9, reserve_usd=0.1, attempt=2) as call:
        call.usage(input_tokens=9, output_tokens=1, cache_read_tokens=1, cache_write_tokens=1, reasoning_tokens=1)
        call.usage(cost_usd=0.01)
        call.response(response_id="r-1", model="gpt-x-1", finish_reasons=["stop"])
        call.messages(inputs=[{"role": "user"}], outputs=[{"role": "assistant"}])


def use_tool() -> None:
    with tool_call(
        "refund",
        {"order": 4711},
        call_id="call-1",
        side_effect=ToolSideEffect.IRREVERSIBLE,
        idempotency_key="refund-4711",
        identity=["order"],
        attempt=2,
    ) as call:
        call.cost(0.02)
        call.result("done")
        call.error(ToolErrorClass.UNAVAILABLE, "not after all")


def entry(ours: Model, operation: str) -> Item:
    """The span of the convention that stands for this operation."""
    return ours.items["spans"]["loopwatch.model_call" if operation == "chat" else f"loopwatch.{operation}"]


OPERATIONS = ["invoke_agent", "chat", "execute_tool"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_helpers_emit_only_what_is_declared(ours: Model, spans: dict[str, ReadableSpan], operation: str) -> None:
    """No attribute is on a span that the convention does not list for it."""
    attributes = spans[operation].attributes
    assert attributes
    assert attributes.keys() - {ref["ref"] for ref in ours.refs(entry(ours, operation))} == set()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_helpers_emit_all_that_is_required(ours: Model, spans: dict[str, ReadableSpan], operation: str) -> None:
    """Every attribute that the convention requires is there."""
    refs = ours.refs(entry(ours, operation))
    wanted = {ref["ref"] for ref in refs if ref["requirement_level"] == "required"}
    assert wanted
    assert wanted - (spans[operation].attributes or {}).keys() == set()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_span_kind_is_the_declared_one(ours: Model, spans: dict[str, ReadableSpan], operation: str) -> None:
    """The kind on the wire is the kind in the model."""
    assert spans[operation].kind.name.lower() == entry(ours, operation)["kind"]
