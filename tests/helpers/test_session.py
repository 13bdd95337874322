"""A session is one official invoke_agent span that says who, how much, and why it ended."""

import asyncio
import contextvars
import logging
import threading

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import loopwatch
from loopwatch.attributes import SCHEMA_URL
from tests.helpers.reading import attributes_of, span_named


class RateLimitError(Exception):
    """As SDKs have it."""


def test_a_session_is_an_official_agent_span(exporter: InMemorySpanExporter) -> None:
    """Name, kind, schema and attributes are those of the GenAI convention, ours are on top."""
    with loopwatch.session("researcher", conversation_id="c-1", agent_type=loopwatch.AgentType.RESEARCH, max_usd=2):
        pass

    span = span_named(exporter, "invoke_agent researcher")
    assert span.kind is SpanKind.INTERNAL
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.schema_url == SCHEMA_URL
    assert attributes_of(exporter, span.name) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "researcher",
        "gen_ai.conversation.id": "c-1",
        "loopwatch.agent.type": "research",
        "loopwatch.budget.max_usd": 2.0,
        "loopwatch.budget.scope": "session",
        "loopwatch.budget.limit": 2.0,
        "loopwatch.budget.spent": 0.0,
        "loopwatch.budget.reserved": 0.0,
        "loopwatch.stop.reason": "completed",
    }


def test_no_conversation_id_is_invented(exporter: InMemorySpanExporter) -> None:
    """The convention forbids to make one up."""
    with loopwatch.session("a"), loopwatch.tool_call("t"):
        pass

    assert all("gen_ai.conversation.id" not in (span.attributes or {}) for span in exporter.get_finished_spans())


def test_calls_carry_who_acts_and_their_step(exporter: InMemorySpanExporter) -> None:
    """Children are exported before their parent, so each says whose it is, and steps are counted from 1."""
    with loopwatch.session("a", conversation_id="c"):
        with loopwatch.model_call("m", provider="p"):
            pass
        with loopwatch.tool_call("t", {}):
            pass

    agent, chat, tool = (span_named(exporter, name) for name in ("invoke_agent a", "chat m", "execute_tool t"))
    for step, span in enumerate((chat, tool), start=1):
        assert span.attributes is not None
        assert span.attributes["gen_ai.conversation.id"] == "c"
        assert span.attributes["gen_ai.agent.name"] == "a"
        assert span.attributes["loopwatch.step.index"] == step
        assert span.parent is not None
        assert agent.context is not None
        assert span.parent.span_id == agent.context.span_id


def test_a_sub_agent_inherits_the_conversation(exporter: InMemorySpanExporter) -> None:
    """A session inside a tool call of another is its sub-agent, with steps of its own."""
    with loopwatch.session("outer", conversation_id="c"), loopwatch.tool_call("delegate", {}):
        with loopwatch.session("inner"), loopwatch.model_call("m"):
            pass
        with loopwatch.model_call("n"):
            pass

    inner = span_named(exporter, "invoke_agent inner")
    tool = span_named(exporter, "execute_tool delegate")
    assert inner.parent is not None
    assert tool.context is not None
    assert inner.parent.span_id == tool.context.span_id
    assert attributes_of(exporter, "invoke_agent inner")["gen_ai.conversation.id"] == "c"
    assert attributes_of(exporter, "chat m")["gen_ai.agent.name"] == "inner"
    assert attributes_of(exporter, "chat m")["loopwatch.step.index"] == 1
    assert attributes_of(exporter, "chat n")["gen_ai.agent.name"] == "outer"
    assert attributes_of(exporter, "chat n")["loopwatch.step.index"] == 2


def test_tasks_of_one_session_do_not_mix(exporter: InMemorySpanExporter) -> None:
    """Each asyncio task sees its own session, and what runs in a thread of it sees the same."""

    async def run(name: str) -> None:
        async with loopwatch.session(name, conversation_id=name), loopwatch.model_call(f"model-{name}"):
            await asyncio.sleep(0)
            await asyncio.to_thread(_tool, f"tool-{name}")

    async def both() -> None:
        await asyncio.gather(run("a"), run("b"))

    asyncio.run(both())

    for name in "ab":
        assert attributes_of(exporter, f"chat model-{name}")["gen_ai.conversation.id"] == name
        assert attributes_of(exporter, f"execute_tool tool-{name}")["gen_ai.conversation.id"] == name
        tool = span_named(exporter, f"execute_tool tool-{name}")
        chat = span_named(exporter, f"chat model-{name}")
        assert tool.parent is not None
        assert chat.context is not None
        assert tool.parent.span_id == chat.context.span_id


def _tool(name: str) -> None:
    with loopwatch.tool_call(name, {}):
        pass


def test_a_thread_joins_by_attach_or_by_its_context(exporter: InMemorySpanExporter) -> None:
    """A bare thread inherits nothing; attach() or a copied context makes the session current there."""
    with loopwatch.session("a", conversation_id="c") as session:

        def attached() -> None:
            with session.attach():
                _tool("attached")

        context = contextvars.copy_context()
        threads = [
            threading.Thread(target=attached),
            threading.Thread(target=context.run, args=(_tool, "copied")),
            threading.Thread(target=_tool, args=("bare",)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert attributes_of(exporter, "execute_tool attached")["gen_ai.conversation.id"] == "c"
    assert attributes_of(exporter, "execute_tool copied")["gen_ai.conversation.id"] == "c"
    assert "gen_ai.conversation.id" not in attributes_of(exporter, "execute_tool bare")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("x"), "internal_error"),
        (TimeoutError(), "timeout"),
        (KeyboardInterrupt(), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
def test_an_exception_says_why_a_session_ended(
    exporter: InMemorySpanExporter, error: BaseException, reason: str
) -> None:
    """The exception goes through unchanged, its type is on the span, its message is not."""
    with pytest.raises(type(error)), loopwatch.session("a"):
        raise error

    span = span_named(exporter, "invoke_agent a")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert attributes_of(exporter, "invoke_agent a")["error.type"] == type(error).__name__.replace(
        "CancelledError", "asyncio.exceptions.CancelledError"
    )
    assert attributes_of(exporter, "invoke_agent a")["loopwatch.stop.reason"] == reason


@pytest.mark.parametrize(
    ("error", "in_model", "in_tool"),
    [
        (RateLimitError(), "model_rate_limited", "tool_rate_limited"),
        (TimeoutError(), "timeout", "tool_timeout"),
        (ValueError(), "model_error", "tool_failed"),
        (PermissionError(), "model_error", "tool_denied"),
    ],
)
def test_an_exception_of_a_call_names_the_call(
    exporter: InMemorySpanExporter, error: Exception, in_model: str, in_tool: str
) -> None:
    """A run that a failed call ended says so; one that recovered is completed."""
    with pytest.raises(type(error)), loopwatch.session("model"), loopwatch.model_call("m"):
        raise error
    with pytest.raises(type(error)), loopwatch.session("tool"), loopwatch.tool_call("t"):
        raise error
    with loopwatch.session("recovered"), pytest.raises(type(error)), loopwatch.tool_call("u"):
        raise error

    assert attributes_of(exporter, "invoke_agent model")["loopwatch.stop.reason"] == in_model
    assert attributes_of(exporter, "invoke_agent tool")["loopwatch.stop.reason"] == in_tool
    assert attributes_of(exporter, "invoke_agent recovered")["loopwatch.stop.reason"] == "completed"


def test_stop_wins_over_what_would_be_derived(exporter: InMemorySpanExporter) -> None:
    """stop() names the reason on the innermost session and ends nothing."""
    with loopwatch.session("outer"):
        with loopwatch.session("inner"), loopwatch.tool_call("t", {}):
            loopwatch.stop(loopwatch.StopReason.NO_PROGRESS)
        loopwatch.stop("user_paused")

    assert attributes_of(exporter, "invoke_agent inner")["loopwatch.stop.reason"] == "no_progress"
    assert attributes_of(exporter, "invoke_agent outer")["loopwatch.stop.reason"] == "user_paused"


def test_progress_goes_to_the_open_call_else_to_the_next(exporter: InMemorySpanExporter) -> None:
    """A score stands on the step it was said in or before, and the last one on the session; the state is hashed."""
    with loopwatch.session("a"):
        loopwatch.progress(0.1, state={"done": 1})
        with loopwatch.model_call("m"):
            pass
        with loopwatch.tool_call("t", {}):
            loopwatch.progress(0.2, state={"done": 2})
        with loopwatch.tool_call("u", {}):
            loopwatch.progress(0.3, state={"done": 1.0})

    steps = [attributes_of(exporter, name) for name in ("chat m", "execute_tool t", "execute_tool u", "invoke_agent a")]
    assert [step["loopwatch.progress.score"] for step in steps] == [0.1, 0.2, 0.3, 0.3]
    hashes = [step["loopwatch.state.hash"] for step in steps]
    assert hashes[0] == hashes[2] == hashes[3] != hashes[1]


def test_misuse_is_logged_once_and_never_raises(
    exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong argument or a wrong place costs its own effect only, and is said once."""
    with caplog.at_level(logging.WARNING, logger="loopwatch"):
        for _ in range(2):
            loopwatch.progress(0.5)
            loopwatch.stop("completed")
            with loopwatch.session("a", max_steps=-1, max_usd="much") as session:  # type: ignore[arg-type]
                loopwatch.progress(7)
                loopwatch.progress(float("nan"))
                loopwatch.stop("bored")
                with session:
                    pass
                with loopwatch.tool_call("t", {}) as call, call:
                    pass
                call.result("too late")
                call.error("no such class")

    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(set(said))
    for part in ("progress()", "stop()", "max_steps=-1", "'much'", "progress(7)", "'bored'", "twice", "had ended"):
        assert any(part in line for line in said), part
    assert {span.name for span in exporter.get_finished_spans()} == {"invoke_agent a", "execute_tool t"}
    last = exporter.get_finished_spans()[-1].attributes or {}
    assert last["loopwatch.stop.reason"] == "unknown"
    assert "loopwatch.progress.score" not in last


@pytest.mark.usefixtures("no_provider")
def test_without_a_provider_the_helpers_do_nothing_and_say_how_to_mend_it(caplog: pytest.LogCaptureFixture) -> None:
    """One warning with the exact line, limits that still hold, and the user's results untouched."""

    @loopwatch.tool
    def double(number: int) -> int:
        return 2 * number

    with caplog.at_level(logging.WARNING, logger="loopwatch"), loopwatch.session("a", max_tool_calls=2):
        loopwatch.progress(0.5, state=1)
        assert double(2) == 4
        assert list(loopwatch.stream(iter("ab"))) == ["a", "b"]
        with loopwatch.model_call("m") as call:
            call.usage(input_tokens=1)
        assert double(3) == 6
        with pytest.raises(loopwatch.BudgetExceeded):
            double(4)

    (record,) = caplog.records
    assert "import loopwatch; loopwatch.configure()" in record.getMessage()
