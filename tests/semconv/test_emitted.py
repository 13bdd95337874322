"""What the helpers put on spans is what the convention declares for those spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch
from loopwatch.attributes import StopReason, ToolErrorClass, ToolSideEffect
from registry import Item
from tests.semconv.wire import MODEL, misfits, missing, undeclared

Spans = dict[str, ReadableSpan]
OPERATIONS = ["invoke_agent", "chat", "execute_tool"]
NOBODY_SAYS = {"error.type", "loopwatch.job.id"}
"""Conditions that the session that uses everything does not meet: it does not fail, and no helper has jobs."""


def everything() -> None:
    """A session that uses whatever the helpers offer."""
    with loopwatch.session(
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
        loopwatch.progress(0.5, state={"open": 3})
        use_tool()
        loopwatch.stop(StopReason.OUTPUT_TRUNCATED)


def use_model() -> None:
    with loopwatch.model_call("gpt-x", provider="openai", max_output_tokens=9, reserve_usd=0.1, attempt=2) as call:
        assert len(list(loopwatch.stream(["a", "b", "c"]))) == 3
        call.usage(input_tokens=9, output_tokens=1, cache_read_tokens=1, cache_write_tokens=1, reasoning_tokens=1)
        call.usage(cost_usd=0.01)
        call.response(response_id="r-1", model="gpt-x-1", finish_reasons=["stop"])
        call.messages(inputs=[{"role": "user"}], outputs=[{"role": "assistant"}])
        loopwatch.progress(0.25, state={"open": 4})


def use_tool() -> None:
    with loopwatch.tool_call(
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


def nothing() -> None:
    """A session that says no more than it must."""
    with loopwatch.session("planner"):
        with loopwatch.model_call("gpt-x"):
            pass
        with loopwatch.tool_call("look"):
            pass


def failure() -> None:
    """A session that a broken stream and then a broken tool end."""

    def broken() -> Iterator[str]:
        yield "a"
        raise ConnectionError("gone")

    with suppress(LookupError), loopwatch.session("planner", conversation_id="c-1"):
        with suppress(ConnectionError), loopwatch.model_call("gpt-x"):
            list(loopwatch.stream(broken()))
        with loopwatch.tool_call("look", {"page": 1}):
            raise LookupError("no such page")


def whole_numbers() -> None:
    """Numbers as callers give them: whole dollars, decimals, whole seconds, a score of 1."""
    odd: Any = Decimal("0.5")
    with loopwatch.session("planner", max_usd=9, max_seconds=60, max_tokens=999, max_steps=9):
        with loopwatch.model_call("gpt-x", reserve_usd=1) as model:
            model.usage(input_tokens=1, output_tokens=1, cost_usd=1)
            loopwatch.progress(1)
        with loopwatch.tool_call("look", {}, reserve_usd=1) as tool:
            tool.cost(odd)
        loopwatch.progress(0)


def refusal() -> None:
    """A session whose limit refuses its second call while the first is open."""
    with suppress(loopwatch.BudgetExceeded), loopwatch.session("planner", max_usd=0.5):
        with loopwatch.tool_call("look"):
            pass
        with loopwatch.model_call("gpt-x", reserve_usd=0.4), loopwatch.model_call("gpt-x", reserve_usd=0.4):
            pass


SESSIONS = [everything, nothing, failure, whole_numbers, refusal]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], Spans]:
    """Runs a session with content capture on and gives its spans by the operation in their name."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")

    def run(scene: Callable[[], None]) -> Spans:
        scene()
        return {span.name.split()[0]: span for span in exporter.get_finished_spans()}

    return run


def entry(operation: str) -> Item:
    """The span of the convention that stands for this operation."""
    return MODEL.items["spans"]["loopwatch.model_call" if operation == "chat" else f"loopwatch.{operation}"]


@pytest.mark.parametrize("scene", SESSIONS)
def test_helpers_emit_only_what_is_declared(play: Callable[..., Spans], scene: Callable[[], None]) -> None:
    """No attribute is on a span that the convention does not list for it."""
    spans = play(scene)
    assert spans.keys() == set(OPERATIONS)
    for name, span in spans.items():
        assert undeclared(span.attributes or {}, entry(name)) == set(), name


@pytest.mark.parametrize("scene", SESSIONS)
def test_helpers_emit_all_that_is_required(play: Callable[..., Spans], scene: Callable[[], None]) -> None:
    """Every attribute that the convention requires is there, however the session goes."""
    for name, span in play(scene).items():
        assert missing(span.attributes or {}, entry(name), "required") == set(), name


@pytest.mark.parametrize("scene", SESSIONS)
def test_values_have_the_declared_type(play: Callable[..., Spans], scene: Callable[[], None]) -> None:
    """A double is never sent as an integer, and an enum's value is one of its members."""
    for name, span in play(scene).items():
        assert misfits(span.attributes or {}) == {}, name


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_condition_that_is_met_brings_its_attribute(play: Callable[..., Spans], operation: str) -> None:
    """Limits, identity, request, stream and error class are there once somebody said them."""
    attributes = play(everything)[operation].attributes or {}
    assert missing(attributes, entry(operation), "required", "conditionally_required") <= NOBODY_SAYS


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_error_names_its_type(play: Callable[..., Spans], operation: str) -> None:
    """Where an exception ended the span its type is on it; the tool says its class as well."""
    spans = play(failure)
    expected = {"invoke_agent": "LookupError", "chat": "ConnectionError", "execute_tool": "LookupError"}
    assert (spans[operation].attributes or {})["error.type"] == expected[operation]
    assert "loopwatch.tool.error.class" in (spans["execute_tool"].attributes or {})


def test_a_refused_call_is_the_stop_reason(play: Callable[..., Spans]) -> None:
    """The run ends for the limit that refused a call."""
    assert (play(refusal)["invoke_agent"].attributes or {})["loopwatch.stop.reason"] == "cost_budget"


def test_streams_progress_stop_and_budgets_are_said(play: Callable[..., Spans]) -> None:
    """The attributes of these helpers are those of the convention, on the spans that it puts them on."""
    spans = play(everything)
    chat, agent, tool = (spans[name].attributes or {} for name in ("chat", "invoke_agent", "execute_tool"))
    assert {f"loopwatch.stream.{word}" for word in ("max_gap", "chunks", "completed")} <= chat.keys()
    assert (chat["loopwatch.progress.score"], tool["loopwatch.progress.score"]) == (0.25, 0.5)
    assert agent["loopwatch.state.hash"] == tool["loopwatch.state.hash"] != chat["loopwatch.state.hash"]
    assert agent["loopwatch.stop.reason"] == "output_truncated"
    assert agent["loopwatch.budget.spent"] == agent["loopwatch.run.cost"] == pytest.approx(0.03)
    assert (agent["loopwatch.budget.scope"], agent["loopwatch.budget.limit"]) == ("session", 1.0)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_span_kind_is_the_declared_one(play: Callable[..., Spans], operation: str) -> None:
    """The kind on the wire is the kind in the model."""
    assert play(everything)[operation].kind.name.lower() == entry(operation)["kind"]
