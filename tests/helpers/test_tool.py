"""A tool call is an official execute_tool span with hash, sketch and class, and content only on request."""

import asyncio
import json

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import loopwatch
from loopwatch.content import CAPTURE_VARIABLE
from loopwatch.errors import tool_error_class
from loopwatch.sketch import changed_fields, similarity, sketcher_for
from tests.helpers.reading import attributes_of, span_named


class HttpError(Exception):
    """As HTTP clients have it."""

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


class ValidationError(ValueError):
    """As validating libraries have it."""


def test_a_tool_call_is_an_official_tool_span(exporter: InMemorySpanExporter) -> None:
    """Official names first, then the declared side effect, and no content."""
    with (
        loopwatch.session("a", conversation_id="c"),
        loopwatch.tool_call(
            "send_mail",
            {"to": "somebody@example.com"},
            call_id="call_1",
            side_effect=loopwatch.ToolSideEffect.IRREVERSIBLE,
            idempotency_key="k-1",
            identity=["to"],
            attempt=2,
        ) as call,
    ):
        call.result({"sent": "to somebody"})

    span = span_named(exporter, "execute_tool send_mail")
    found = attributes_of(exporter, span.name)
    assert span.kind is SpanKind.INTERNAL
    assert span.status.status_code is StatusCode.UNSET
    assert found["gen_ai.operation.name"] == "execute_tool"
    assert found["gen_ai.tool.call.id"] == "call_1"
    assert found["loopwatch.tool.side_effect"] == "irreversible"
    assert found["loopwatch.tool.idempotency_key"] == "k-1"
    assert found["loopwatch.tool.identity"] == ("to",)
    assert found["loopwatch.retry.attempt"] == 2
    assert found["loopwatch.tool.arguments.class"] == "structured"
    assert found["loopwatch.tool.result.hash"]
    assert "somebody" not in json.dumps(found)


def test_arguments_are_sketched_under_the_key_of_the_session(exporter: InMemorySpanExporter) -> None:
    """Equal calls of one conversation have equal hashes, and sketches say how alike two calls are."""
    calls = [{"query": "ACME annual revenue"}, {"query": "annual revenue of ACME"}, {"query": "capital of Rome"}]
    with loopwatch.session("a", conversation_id="c"):
        for index, arguments in enumerate([*calls, calls[0]]):
            with loopwatch.tool_call(f"t{index}", arguments):
                pass

    found = [attributes_of(exporter, f"execute_tool t{index}") for index in range(4)]
    sketches = [one["loopwatch.tool.arguments.sketch"] for one in found]
    assert found[0]["loopwatch.tool.arguments.hash"] == found[3]["loopwatch.tool.arguments.hash"]
    assert found[0]["loopwatch.tool.arguments.hash"] != found[1]["loopwatch.tool.arguments.hash"]
    assert similarity(sketches[0], sketches[1]) == 1.0
    assert similarity(sketches[0], sketches[2]) == 0.0
    assert changed_fields(sketches[0], sketches[1]) == frozenset({sketcher_for("c").key_mark("query")})


def test_unknown_arguments_and_results_leave_no_mark(exporter: InMemorySpanExporter) -> None:
    """Not given is unknown; {} is a call without arguments, and None a result."""
    with loopwatch.tool_call("unknown"):
        pass
    with loopwatch.tool_call("empty", {}) as call:
        call.result(None)

    assert not [name for name in attributes_of(exporter, "execute_tool unknown") if name.startswith("loopwatch.tool.")]
    assert attributes_of(exporter, "execute_tool empty")["loopwatch.tool.arguments.class"] == "empty"
    assert attributes_of(exporter, "execute_tool empty")["loopwatch.tool.result.hash"]


def test_volatile_parts_of_a_result_do_not_hide_a_repeat(exporter: InMemorySpanExporter) -> None:
    """Time stamps and ids are masked, other words and numbers are not."""
    results = ["0 hits at 2026-11-21T10:00:00Z in 12 ms", "0 hits at 2026-11-21T10:00:07Z in 9 ms", "3 hits"]
    with loopwatch.session("a", conversation_id="c"):
        for index, result in enumerate(results):
            with loopwatch.tool_call(f"t{index}", {}) as call:
                call.result(result)

    hashes = [attributes_of(exporter, f"execute_tool t{index}")["loopwatch.tool.result.hash"] for index in range(3)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_failing_call_is_known_by_its_error(exporter: InMemorySpanExporter) -> None:
    """The exception goes through; its class, type and sketch are recorded, its text is not.

    The hash tells two errors apart, the sketch says that they are of one kind.
    """
    for index in range(2):
        call = loopwatch.tool_call(f"t{index}", {"path": f"/secret/{index}"})
        with pytest.raises(FileNotFoundError), loopwatch.session("a", conversation_id="c"), call:
            raise FileNotFoundError(f"no file '/secret/{index}' at line {index}")

    found = [attributes_of(exporter, f"execute_tool t{index}") for index in range(2)]
    assert span_named(exporter, "execute_tool t0").status.status_code is StatusCode.ERROR
    assert found[0]["error.type"] == "FileNotFoundError"
    assert found[0]["loopwatch.tool.error.class"] == "not_found"
    assert found[0]["loopwatch.tool.result.hash"] != found[1]["loopwatch.tool.result.hash"]
    assert found[0]["loopwatch.tool.result.sketch"] == found[1]["loopwatch.tool.result.sketch"]
    assert found[0]["loopwatch.tool.arguments.hash"] != found[1]["loopwatch.tool.arguments.hash"]
    assert all("secret" not in span.to_json() for span in exporter.get_finished_spans())


def test_a_tool_may_answer_with_an_error(exporter: InMemorySpanExporter) -> None:
    """An error in an answer marks the span as failed without an exception."""
    with loopwatch.tool_call("t", {}) as call:
        call.error(loopwatch.ToolErrorClass.RATE_LIMIT, "slow down")

    assert span_named(exporter, "execute_tool t").status.status_code is StatusCode.ERROR
    assert attributes_of(exporter, "execute_tool t")["loopwatch.tool.error.class"] == "rate_limit"


@pytest.mark.parametrize("asked", ["SPAN_ONLY", "span_and_event", "true"])
def test_content_is_recorded_where_it_is_asked_for(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """The official variable puts arguments, result, messages and error text on spans, beside the sketches."""
    monkeypatch.setenv(CAPTURE_VARIABLE, asked)
    with loopwatch.tool_call("t", {"b": 1, "a": "x  y"}) as call:
        call.result("found it")
    with loopwatch.model_call("m") as model:
        model.messages(inputs=[{"role": "user", "content": "x" * 9000}], outputs=[{"role": "assistant"}])
    with pytest.raises(ValueError, match="bad"), loopwatch.tool_call("u", {}):
        raise ValueError("bad value")

    found = attributes_of(exporter, "execute_tool t")
    assert found["gen_ai.tool.call.arguments"] == '{"b":1,"a":"x  y"}'
    assert found["gen_ai.tool.call.result"] == "found it"
    assert found["loopwatch.tool.arguments.hash"]
    assert json.loads(attributes_of(exporter, "chat m")["gen_ai.input.messages"])[0]["content"] == "x" * 9000
    assert span_named(exporter, "execute_tool u").status.description == "bad value"


@pytest.mark.parametrize("asked", ["", "no_content", "event_only", "false"])
def test_content_stays_inside_by_default(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """Anything but the official words for spans leaves content in the process."""
    monkeypatch.setenv(CAPTURE_VARIABLE, asked)
    with loopwatch.tool_call("t", {"a": "private"}) as call:
        call.result("private")
    with loopwatch.model_call("m") as model:
        model.messages(inputs="private", outputs="private")

    assert all("private" not in span.to_json() for span in exporter.get_finished_spans())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (HttpError(401), "auth"),
        (HttpError(403), "denied"),
        (HttpError(422), "schema"),
        (HttpError(429), "rate_limit"),
        (HttpError(503), "unavailable"),
        (HttpError(504), "timeout"),
        (HttpError(418), "other"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "unavailable"),
        (json.JSONDecodeError("x", "", 0), "invalid_output"),
        (ValidationError(), "schema"),
        (KeyError("x"), "other"),
    ],
)
def test_an_exception_has_a_class(error: Exception, expected: str) -> None:
    """By HTTP status where there is one, else by type, else by name."""
    assert tool_error_class(error).value == expected


def test_a_decorated_function_is_a_tool(exporter: InMemorySpanExporter) -> None:
    """Arguments by name whatever the way they were passed, the return value as result, nothing else changed."""

    @loopwatch.tool
    def search(query: str, limit: int = 3, **more: str) -> list[str]:
        """Find pages."""
        return [query] * limit

    @loopwatch.tool(name="look_up", side_effect="none", identity=["key"])
    async def fetch(key: str) -> str:
        await asyncio.sleep(0)
        return key

    with loopwatch.session("a", conversation_id="c"):
        assert search("x", 2) == ["x", "x"]
        assert search(limit=2, query="x") == ["x", "x"]
        assert asyncio.run(fetch("k")) == "k"

    first, second = (span.attributes or {} for span in exporter.get_finished_spans()[:2])
    assert search.__doc__ == "Find pages."
    assert first["loopwatch.tool.arguments.hash"] == second["loopwatch.tool.arguments.hash"]
    assert attributes_of(exporter, "execute_tool look_up")["loopwatch.tool.identity"] == ("key",)
    assert attributes_of(exporter, "execute_tool look_up")["loopwatch.tool.result.hash"]


def test_a_decorated_method_hides_its_object(exporter: InMemorySpanExporter) -> None:
    """Two objects of one class make the same call."""

    class Tools:
        @loopwatch.tool
        def look(self, at: str) -> str:
            return at

    with loopwatch.session("a", conversation_id="c"):
        Tools().look("x")
        Tools().look(at="x")

    first, second = (span.attributes or {} for span in exporter.get_finished_spans()[:2])
    assert first["loopwatch.tool.arguments.hash"] == second["loopwatch.tool.arguments.hash"]


def test_a_call_that_does_not_fit_its_function_fails_as_it_would(exporter: InMemorySpanExporter) -> None:
    """The user sees Python's own TypeError."""

    @loopwatch.tool
    def search(query: str) -> str:
        return query

    with pytest.raises(TypeError, match="unexpected keyword"):
        search(question="x")  # type: ignore[call-arg]

    assert attributes_of(exporter, "execute_tool search")["error.type"] == "TypeError"


def test_a_decorated_agent_is_a_session(exporter: InMemorySpanExporter) -> None:
    """Its options are those of session(), its tools are inside."""

    @loopwatch.agent(agent_type="research", max_tool_calls=1)
    def researcher() -> str:
        with loopwatch.tool_call("t", {}):
            return "done"

    @loopwatch.agent
    async def helper() -> str:
        return "helped"

    assert researcher() == "done"
    assert asyncio.run(helper()) == "helped"
    assert attributes_of(exporter, "invoke_agent researcher")["loopwatch.budget.max_tool_calls"] == 1
    assert attributes_of(exporter, "execute_tool t")["gen_ai.agent.name"] == "researcher"
    assert attributes_of(exporter, "invoke_agent helper")["loopwatch.stop.reason"] == "completed"


def test_a_generator_function_is_left_alone_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """It has no one moment of return, so the user is told what to write instead."""

    @loopwatch.tool
    def pages() -> object:
        yield 1

    assert list(pages()) == [1]  # type: ignore[call-overload]
    assert "generator function" in caplog.text
