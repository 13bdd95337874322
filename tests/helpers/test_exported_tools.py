"""What is left of a tool call without its content: marks, ids and the kind of its failure."""

import json
from typing import Any

import pytest
from opentelemetry.sdk.trace import Event
from opentelemetry.trace import Status, StatusCode

from loopwatch.exporter import sketched
from loopwatch.sketch import similarity, sketcher_for
from tests.helpers.swapping import ARGUMENTS_HASH, ERROR_CLASS, span_of, swap


def test_a_tool_span_keeps_hash_sketch_and_class() -> None:
    """The same marks that the helpers make for the same call, under the conversation's key."""
    found = swap(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.conversation.id": "c",
            "gen_ai.tool.call.arguments": '{"query": "annual revenue of ACME"}',
            "gen_ai.tool.call.result": "nothing found",
        }
    )
    expected = sketcher_for("c").fingerprint({"query": "annual revenue of ACME"})

    assert expected is not None
    assert found[ARGUMENTS_HASH] == expected.hash
    assert found["loopwatch.tool.arguments.sketch"] == expected.sketch
    assert found["loopwatch.tool.arguments.class"] == "prose"
    assert found["loopwatch.tool.result.hash"]
    assert not [name for name in found if name.startswith("gen_ai.tool.call.")]


@pytest.mark.parametrize(
    "wrapped",
    [
        '{"query": "x y"}',
        {"args": [], "sanitize_inputs_outputs": True, "kwargs": {"query": "x y"}},
        {"kwargs": {"query": "x y"}},
        {"tool_name": "search", "arguments": {"query": "x y"}},
        {"input_str": "{'query': 'x y'}", "tags": ["seq:1"], "metadata": {"step": 3}, "inputs": {"query": "x y"}},
    ],
)
def test_a_wrapper_around_arguments_is_no_part_of_the_call(wrapped: object) -> None:
    """One call has one hash in every instrumentation's wrapping."""
    text = wrapped if isinstance(wrapped, str) else json.dumps(wrapped)
    plain = swap({"openinference.span.kind": "TOOL", "input.value": '{"query": "x y"}'})

    assert (
        swap({"traceloop.span.kind": "tool", "traceloop.entity.input": text})[ARGUMENTS_HASH] == plain[ARGUMENTS_HASH]
    )


def test_a_tool_span_without_a_mark_is_known_by_its_arguments() -> None:
    """Pydantic-ai's first two formats name no operation."""
    found = swap({"gen_ai.tool.name": "search", "tool_arguments": '{"query": "ACME"}', "tool_response": "none"})

    assert found[ARGUMENTS_HASH]
    assert found["loopwatch.tool.result.hash"]
    assert not found.keys() & {"tool_arguments", "tool_response"}


def test_langchains_thread_survives_the_input_that_told_it() -> None:
    """Older OpenLLMetry says the conversation nowhere else; its sketches are keyed by it like any other's."""
    given = {"inputs": {"query": "ACME"}, "input_str": "", "metadata": {"thread_id": "thread-1"}}
    found = swap({"traceloop.span.kind": "tool", "traceloop.entity.input": json.dumps(given)})
    expected = sketcher_for("thread-1").fingerprint({"query": "ACME"})

    assert found["gen_ai.conversation.id"] == "thread-1"
    assert expected is not None
    assert found[ARGUMENTS_HASH] == expected.hash


def test_a_tool_call_keeps_the_id_that_stands_in_its_wrapper_only() -> None:
    """LangChain's tracers leave it in dumps of the call and its answer; an id of the span's own goes first."""
    answer = {"type": "tool", "data": {"content": "nothing on ACME", "tool_call_id": "call_7"}}
    dumped = {"openinference.span.kind": "TOOL", "input.value": '{"query": "ACME"}', "output.value": json.dumps(answer)}

    assert swap(dumped)["gen_ai.tool.call.id"] == "call_7"
    assert swap({**dumped, "gen_ai.tool.call.id": "call_1"})["gen_ai.tool.call.id"] == "call_1"
    answer["data"] = {"content": "x", "tool_call_id": "a secret text"}
    assert "gen_ai.tool.call.id" not in swap({**dumped, "output.value": json.dumps(answer)})


def test_what_only_content_tells_is_told_by_marks() -> None:
    """A command's effect, the names of a task inside code, the call without its numbers, the kind of an answer."""

    def swapped(arguments: object, result: str = "ok") -> dict[str, Any]:
        given = {"gen_ai.tool.call.arguments": json.dumps(arguments), "gen_ai.tool.call.result": result}
        found = swap({"gen_ai.operation.name": "execute_tool", **given})
        return {name.removeprefix("loopwatch.tool."): value for name, value in found.items()}

    task = "task = 'Please ask the council of Larkfield about the bridge motion of May 2019, {}'\nprint(ask(task))"
    first, second = (swapped({"code": task.format(end)}) for end in ("then report.", "and report to Anna."))
    assert (first["arguments.class"], len(first["arguments.names"])) == ("prose", 6)
    assert set(bytes.fromhex(first["arguments.names"])) < set(bytes.fromhex(second["arguments.names"]))
    assert similarity(first["arguments.sketch"], second["arguments.sketch"]) > 0.7

    short, long = (swapped({"command": f"head -c {n} /var/log/app.log | tail"}) for n in (5, 500))
    assert short["arguments.skeleton"] == long["arguments.skeleton"] != short["arguments.hash"]
    assert short["arguments.effect"] == "read"
    assert swapped({"command": "sleep 5"})["arguments.effect"] == "wait"
    assert swapped({"action": "send"})["arguments.effect"] == "write"
    assert not swapped({"path": "main.py"}).keys() & {"arguments.skeleton", "arguments.names", "arguments.effect"}

    kinds = {said: swapped({}, said).get("result.class") for said in ("[]", "Error: no file", "tool x it is", "12")}
    assert kinds == {"[]": "empty", "Error: no file": "error", "tool x it is": None, "12": None}


def test_a_failed_tool_is_known_by_its_error() -> None:
    """The message is a stand-in, the stack trace is gone, type and status stay, and the error is sketched."""
    exception = {"exception.type": "ValueError", "exception.message": "no ACME", "exception.stacktrace": "… ACME"}
    span = sketched(
        span_of(
            {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": "{}"},
            events=[Event("exception", exception, 3)],
            status=Status(StatusCode.ERROR, "ValueError: no ACME"),
        )
    )

    assert span.status.status_code is StatusCode.ERROR
    assert dict(span.events[0].attributes or {})["exception.type"] == "ValueError"
    assert dict(span.attributes or {})["loopwatch.tool.result.hash"]
    assert "ACME" not in span.to_json()


def test_a_failure_keeps_the_class_that_only_its_text_tells() -> None:
    """The text becomes a stand-in, so its class is said beside it; a class of the span's own goes first."""

    def swapped(description: str, **own: str) -> dict[str, Any]:
        attributes = {"gen_ai.operation.name": "chat", **own}
        return swap(attributes, status=Status(StatusCode.ERROR, description))

    assert swapped("429: too many requests for ACME")[ERROR_CLASS] == "rate_limit"
    assert swapped("429", **{ERROR_CLASS: "auth"})[ERROR_CLASS] == "auth"
    assert ERROR_CLASS not in swapped("no exact match for ACME")
    # What a traceback quotes of the source says nothing about the failure.
    assert ERROR_CLASS not in swapped("ValueError()Traceback (most recent call last): except RateLimitError")


def test_a_refused_call_is_told_apart_from_one_that_failed() -> None:
    """By the words of its error, but for those that a traceback quotes from the source."""

    def told(message: str) -> object:
        span = {"gen_ai.operation.name": "execute_tool"}
        return swap(span, status=Status(StatusCode.ERROR, message)).get("loopwatch.tool.result.class")

    assert told("Unknown tool 'ACME'") == "rejected"
    assert told("no such file: ACME") is None
    assert told("KeyError()Traceback (most recent call last): raise Refused('unknown tool')") is None


def test_langfuse_status_messages_are_texts_of_errors() -> None:
    """They leave as stand-ins, with the class of the failure."""
    found = swap(
        {"langfuse.observation.type": "tool", "langfuse.observation.status_message": "ACME search backend timed out"}
    )

    assert "ACME" not in json.dumps(found)
    assert found[ERROR_CLASS] == "timeout"
