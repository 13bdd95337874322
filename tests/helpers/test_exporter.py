"""SketchingExporter: no content leaves the process, everything else does, in any instrumentation's words."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from loopwatch import SketchingExporter
from loopwatch.content_attributes import is_tool_span
from loopwatch.exporter import sketched
from loopwatch.sketch import Sketcher, changed_fields, similarity, sketcher_for
from loopwatch.stand_in import (
    STAND_IN_CLASS,
    STAND_IN_HASH,
    STAND_IN_REPEATS,
    STAND_IN_SKETCH,
    StandIn,
    read_stand_in,
)
from tests.helpers.recorded import recorded_spans
from tests.shared import SPANS, needs_recordings

CONTENT_IN_RECORDINGS = ("ACME", "annual report", "research agent", "no exact match", "(12.1", "search backend")
ARGUMENTS_HASH = "loopwatch.tool.arguments.hash"
ERROR_CLASS = "loopwatch.tool.error.class"


def _span(attributes: dict[str, Any], *, events: Sequence[Event] = (), status: Status | None = None) -> ReadableSpan:
    return ReadableSpan(
        name="span",
        context=SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(1)),
        parent=SpanContext(7, 9, is_remote=False, trace_flags=TraceFlags(1)),
        resource=Resource({"service.name": "s"}),
        attributes=attributes,
        events=events,
        status=status or Status(),
        start_time=1,
        end_time=2,
    )


def _swap(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return dict(sketched(_span(attributes, **more)).attributes or {})


@needs_recordings
def test_no_content_of_any_recorded_instrumentation_leaves() -> None:
    """Every text of the recorded scenarios is gone from attributes, events and statuses."""
    for path in _recordings():
        for span in recorded_spans(path):
            swapped = sketched(span)
            left = json.dumps(
                [
                    dict(swapped.attributes or {}),
                    [dict(event.attributes or {}) for event in swapped.events],
                    swapped.status.description,
                ],
                default=str,
            )
            assert not [text for text in CONTENT_IN_RECORDINGS if text in left], (path.name, span.name)


@needs_recordings
def test_every_recorded_tool_span_with_arguments_has_a_sketch() -> None:
    """Calls in wrappers of every kind have a sketch, different ones stay different, results are hashed too."""
    checked = 0
    for path in _recordings():
        tools = [span for span in recorded_spans(path) if is_tool_span(span.attributes or {})]
        swapped = [dict(sketched(span).attributes or {}) for span in tools]
        with_arguments = [found for found in swapped if ARGUMENTS_HASH in found]
        assert all("loopwatch.tool.result.hash" in found for found in with_arguments)
        if len(with_arguments) >= 8:
            hashes = {found[ARGUMENTS_HASH] for found in with_arguments}
            assert len(hashes) >= 11, path.name
            checked += 1
    assert checked >= 10


@needs_recordings
def test_numbers_names_and_ids_of_recorded_spans_survive() -> None:
    """Tokens, timings, finish reasons, models and ids are as they were: nothing but content is touched."""
    for path in _recordings():
        for span in recorded_spans(path):
            before, after = span.attributes or {}, sketched(span).attributes or {}
            for name, value in before.items():
                if isinstance(value, (bool, int, float)) or name.endswith((".model", ".id", "finish_reasons")):
                    assert after[name] == value, (path.name, name)


def _recordings() -> list[Any]:
    return [path for path in sorted(SPANS.glob("*.jsonl")) if not path.stem.endswith((".logs", ".metrics"))]


def test_a_tool_span_keeps_hash_sketch_and_class() -> None:
    """The same marks that the helpers make for the same call, under the conversation's key."""
    found = _swap(
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
    plain = _swap({"openinference.span.kind": "TOOL", "input.value": '{"query": "x y"}'})

    assert (
        _swap({"traceloop.span.kind": "tool", "traceloop.entity.input": text})[ARGUMENTS_HASH] == plain[ARGUMENTS_HASH]
    )


def test_tool_calls_inside_messages_survive_as_structure() -> None:
    """Role, name, id and finish reason stay, so calls can be scored and deduplicated; texts become stand-ins."""
    message = {
        "role": "assistant",
        "finish_reason": "tool_call",
        "parts": [
            {"type": "text", "content": "I will search for ACME"},
            {"type": "tool_call", "id": "call_1", "name": "search", "arguments": '{"query": "ACME"}'},
        ],
    }
    found = _swap({"gen_ai.operation.name": "chat", "gen_ai.output.messages": json.dumps([message])})
    (kept,) = json.loads(found["gen_ai.output.messages"])
    text, call = kept["parts"]

    assert "ACME" not in found["gen_ai.output.messages"]
    assert (kept["role"], kept["finish_reason"]) == ("assistant", "tool_call")
    assert (call["type"], call["id"], call["name"]) == ("tool_call", "call_1", "search")
    assert call["arguments"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH, STAND_IN_CLASS}
    assert text["content"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH}


def test_flattened_messages_keep_their_tool_calls() -> None:
    """OpenInference's flat names: the function's name stays, its arguments become a stand-in."""
    prefix = "llm.output_messages.0.message.tool_calls.0.tool_call"
    found = _swap(
        {
            "openinference.span.kind": "LLM",
            f"{prefix}.function.name": "search",
            f"{prefix}.function.arguments": '{"query": "ACME"}',
            "llm.output_messages.0.message.content": "ACME",
            "llm.token_count.prompt": 12,
        }
    )

    assert found[f"{prefix}.function.name"] == "search"
    assert json.loads(found[f"{prefix}.function.arguments"]).keys() == {STAND_IN_HASH, STAND_IN_SKETCH, STAND_IN_CLASS}
    assert found["llm.token_count.prompt"] == 12
    assert "ACME" not in json.dumps(found)


def test_a_stand_in_is_read_back() -> None:
    """As an object or as JSON text; anything else is no stand-in."""
    stand_in = {STAND_IN_HASH: "h", STAND_IN_SKETCH: "s", STAND_IN_CLASS: "prose"}

    assert read_stand_in(stand_in) == read_stand_in(json.dumps(stand_in)) == StandIn("h", "s", "prose")
    assert read_stand_in({STAND_IN_HASH: "h"}) == StandIn("h", "")
    assert read_stand_in({STAND_IN_HASH: "h", STAND_IN_REPEATS: 12}) == StandIn("h", "", repeats=12)
    assert read_stand_in({STAND_IN_HASH: "h", STAND_IN_REPEATS: 10**9}) == StandIn("h", "", repeats=32)
    assert read_stand_in({STAND_IN_HASH: "h", STAND_IN_REPEATS: "12"}) is None
    for other in (None, "", "{", '{"loopwatch.hash"', {"query": "x"}, {**stand_in, "query": "x"}, {STAND_IN_HASH: 7}):
        assert read_stand_in(other) is None


def test_json_inside_a_text_is_text() -> None:
    """A name inside a message's content is content, even when it looks like a tool call."""
    inner = json.dumps({"name": "Smith", "id": "123-45", "arguments": "x"})
    found = _swap(
        {"gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": inner}]}])}
    )
    generic = _swap({"openinference.span.kind": "CHAIN", "input.value": '{"name": "Smith", "id": "123-45"}'})

    assert "Smith" not in json.dumps(found) + json.dumps(generic)
    assert "123-45" not in json.dumps(found) + json.dumps(generic)


def test_content_in_span_events_is_swapped() -> None:
    """Strands has a tool's arguments and result in events, older instrumentations have messages there."""
    events = [
        Event("gen_ai.tool.message", {"content": '{"query": "ACME"}', "role": "tool"}, 5),
        Event("gen_ai.choice", {"message": "ACME earned much", "finish_reason": "stop"}, 6),
    ]
    tool = sketched(_span({"gen_ai.operation.name": "execute_tool"}, events=events))
    chat = sketched(_span({"gen_ai.operation.name": "chat"}, events=events))

    assert dict(tool.attributes or {})[ARGUMENTS_HASH]
    assert dict(tool.attributes or {})["loopwatch.tool.result.hash"]
    assert [event.timestamp for event in chat.events] == [5, 6]
    assert dict(chat.events[1].attributes or {})["finish_reason"] == "stop"
    assert "ACME" not in tool.to_json() + chat.to_json()


def test_a_failed_tool_is_known_by_its_error() -> None:
    """The message is a stand-in, the stack trace is gone, type and status stay, and the error is sketched."""
    exception = {"exception.type": "ValueError", "exception.message": "no ACME", "exception.stacktrace": "… ACME"}
    span = sketched(
        _span(
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
        return _swap(attributes, status=Status(StatusCode.ERROR, description))

    assert swapped("429: too many requests for ACME")[ERROR_CLASS] == "rate_limit"
    assert swapped("429", **{ERROR_CLASS: "auth"})[ERROR_CLASS] == "auth"
    assert ERROR_CLASS not in swapped("no exact match for ACME")
    # What a traceback quotes of the source says nothing about the failure.
    assert ERROR_CLASS not in swapped("ValueError()Traceback (most recent call last): except RateLimitError")


def test_langfuse_status_messages_are_texts_of_errors() -> None:
    """They leave as stand-ins, with the class of the failure."""
    found = _swap(
        {"langfuse.observation.type": "tool", "langfuse.observation.status_message": "ACME search backend timed out"}
    )

    assert "ACME" not in json.dumps(found)
    assert found[ERROR_CLASS] == "timeout"


def test_a_tool_call_keeps_the_id_that_stands_in_its_wrapper_only() -> None:
    """LangChain's tracers leave it in dumps of the call and its answer; an id of the span's own goes first."""
    answer = {"type": "tool", "data": {"content": "nothing on ACME", "tool_call_id": "call_7"}}
    dumped = {"openinference.span.kind": "TOOL", "input.value": '{"query": "ACME"}', "output.value": json.dumps(answer)}

    assert _swap(dumped)["gen_ai.tool.call.id"] == "call_7"
    assert _swap({**dumped, "gen_ai.tool.call.id": "call_1"})["gen_ai.tool.call.id"] == "call_1"
    answer["data"] = {"content": "x", "tool_call_id": "a secret text"}
    assert "gen_ai.tool.call.id" not in _swap({**dumped, "output.value": json.dumps(answer)})


def test_a_response_keeps_its_id_and_model() -> None:
    """Two instrumentations of one call are known by the id; the same fields of anything else are content."""
    response = {"id": "chatcmpl-1", "model": "gpt-4o-mini", "choices": [{"message": {"content": "ACME"}}], "usage": {}}
    found = json.loads(_swap({"openinference.span.kind": "LLM", "output.value": json.dumps(response)})["output.value"])
    order = _swap({"openinference.span.kind": "CHAIN", "input.value": '{"id": "A-17", "model": "Phone"}'})

    assert (found["id"], found["model"]) == ("chatcmpl-1", "gpt-4o-mini")
    assert "A-17" not in order["input.value"]
    assert "Phone" not in order["input.value"]


def test_langchain_messages_keep_their_kind() -> None:
    """The kind of a dumped message stands in the path of its class; another path is dropped."""
    dumped = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"]}
    said = [{**dumped, "kwargs": {"content": "ACME"}}, {"id": ["ACME"], "content": "x"}]
    (message, other) = json.loads(
        _swap({"langsmith.span.kind": "llm", "gen_ai.prompt": json.dumps(said)})["gen_ai.prompt"]
    )

    assert message["id"] == ["AIMessage"]
    assert message["kwargs"]["content"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH}
    assert "id" not in other


def test_messages_that_are_written_as_events_are_content() -> None:
    """Pydantic-ai's first format has them in an attribute of a name that other libraries' spans have too."""
    said = json.dumps([{"event.name": "gen_ai.user.message", "role": "user", "content": "ACME"}])
    (message,) = json.loads(_swap({"gen_ai.operation.name": "chat", "events": said})["events"])

    assert (message["event.name"], message["role"]) == ("gen_ai.user.message", "user")
    assert message["content"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH}
    assert _swap({"calendar.name": "work", "events": said})["events"] == said


def test_a_tool_span_without_a_mark_is_known_by_its_arguments() -> None:
    """Pydantic-ai's first two formats name no operation."""
    found = _swap({"gen_ai.tool.name": "search", "tool_arguments": '{"query": "ACME"}', "tool_response": "none"})

    assert found[ARGUMENTS_HASH]
    assert found["loopwatch.tool.result.hash"]
    assert not found.keys() & {"tool_arguments", "tool_response"}


def test_langchains_thread_survives_the_input_that_told_it() -> None:
    """Older OpenLLMetry says the conversation nowhere else; its sketches are keyed by it like any other's."""
    given = {"inputs": {"query": "ACME"}, "input_str": "", "metadata": {"thread_id": "thread-1"}}
    found = _swap({"traceloop.span.kind": "tool", "traceloop.entity.input": json.dumps(given)})
    expected = sketcher_for("thread-1").fingerprint({"query": "ACME"})

    assert found["gen_ai.conversation.id"] == "thread-1"
    assert expected is not None
    assert found[ARGUMENTS_HASH] == expected.hash


def test_python_literals_are_read_like_json() -> None:
    """LiteLLM writes the vendor's messages so; a text that only begins like one is one text."""
    call = {"id": "call_1", "type": "function", "function": {"name": "search", "arguments": '{"query": "ACME"}'}}
    said = {"llm.openai.messages": str([{"role": "assistant", "content": None, "tool_calls": [call]}])}
    (message,) = json.loads(_swap(said)["llm.openai.messages"])
    broken = json.loads(_swap({"llm.openai.messages": "[{'role': ACME"})["llm.openai.messages"])

    assert message["tool_calls"][0]["function"]["name"] == "search"
    assert message["tool_calls"][0]["function"]["arguments"].keys() == {STAND_IN_HASH, STAND_IN_SKETCH, STAND_IN_CLASS}
    assert broken.keys() == {STAND_IN_HASH, STAND_IN_SKETCH}


def test_spans_of_other_libraries_pass_untouched() -> None:
    """A database span with its exception is the same object afterwards."""
    span = _span(
        {"db.system": "postgresql", "db.query.text": "select 1"},
        events=[Event("exception", {"exception.message": "gone"}, 3)],
        status=Status(StatusCode.ERROR, "gone"),
    )

    assert sketched(span) is span


def test_rootless_calls_of_one_service_can_be_compared() -> None:
    """A model call that is a trace of its own shares only its service with the next one."""

    def swapped(trace_id: int, query: str) -> dict[str, Any]:
        span = ReadableSpan(
            name="chat",
            context=SpanContext(trace_id, 8, is_remote=False, trace_flags=TraceFlags(1)),
            resource=Resource({"service.name": "s"}),
            attributes={"gen_ai.operation.name": "chat", "gen_ai.completion.0.function_call.arguments": query},
        )
        found = sketched(span).attributes or {}
        return dict(json.loads(str(found["gen_ai.completion.0.function_call.arguments"])))

    first, second = swapped(1, '{"query": "ACME revenue"}'), swapped(2, '{"query": "revenue of ACME"}')

    assert similarity(first[STAND_IN_SKETCH], second[STAND_IN_SKETCH]) == 1.0
    assert changed_fields(first[STAND_IN_SKETCH], second[STAND_IN_SKETCH])


def test_litellms_request_below_a_root_can_be_compared_with_the_next_one() -> None:
    """It tells of the same call as the root span above it, so it is sketched under the service's name as well."""
    raw = _span({"llm.openai.messages": "ACME"})
    raw._name = "raw_gen_ai_request"
    found = json.loads(str((sketched(raw).attributes or {})["llm.openai.messages"]))

    assert found[STAND_IN_HASH] == sketcher_for("s").hash("ACME")


def test_a_span_that_cannot_be_sketched_loses_its_content_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours never loses a span and never lets content out."""

    def broken(self: Sketcher, text: str) -> str:
        raise RuntimeError("broken")

    monkeypatch.setattr(Sketcher, "hash", broken)
    found = _swap({"gen_ai.operation.name": "chat", "gen_ai.input.messages": "ACME", "gen_ai.usage.input_tokens": 3})

    assert found == {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 3}


@given(
    st.dictionaries(
        st.sampled_from(["gen_ai.input.messages", "input.value", "gen_ai.prompt", "ai.response.toolCalls"]),
        st.recursive(
            st.none() | st.just("SECRET text") | st.integers(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["role", "content", "parts", "name", "id", "arguments", "x", "type"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ),
        min_size=1,
    )
)
def test_no_text_of_any_shape_leaves(attributes: dict[str, Any]) -> None:
    """Whatever JSON a content attribute holds, its texts do not leave the process."""
    found = _swap({name: json.dumps(value) for name, value in attributes.items()})

    assert "SECRET" not in json.dumps(found)


class Recording(SpanExporter):
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.append(f"export {len(spans)}")
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self.asked.append("shutdown")

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        self.asked.append(f"flush {timeout_millis}")
        return False


OPAQUE = {
    "loopwatch.tool.arguments.hash": r"[0-9a-f]{16}",
    "loopwatch.tool.arguments.sketch": r"[\w-]{2,64}",
    "loopwatch.tool.arguments.class": r"prose|structured|code|empty",
    "loopwatch.tool.arguments.skeleton": r"[0-9a-f]{16}",
    "loopwatch.tool.arguments.names": r"(?:[0-9a-f]{2}){1,16}",
    "loopwatch.tool.arguments.effect": r"read|wait|write",
    "loopwatch.tool.result.hash": r"[0-9a-f]{16}",
    "loopwatch.tool.result.sketch": r"[\w-]{2,64}",
    "loopwatch.tool.result.class": r"empty|error|rejected",
}
"""All that a tool span may say of a call: marks of a fixed form, or one of a few words."""
SECRETS = st.sampled_from(
    ["Larkfield", "4711", "SECRET task for Anna Schmidt in Room 17", "rm -rf /srv/Larkfield", "Error: Larkfield", ""]
)


@given(
    st.dictionaries(st.sampled_from(["command", "action", "query", "id"]), SECRETS | st.integers(), max_size=3)
    | st.lists(SECRETS, max_size=3).map(lambda texts: "ask('" + " ".join(texts) + "')"),
    st.lists(SECRETS, max_size=20).map(" ".join),
)
def test_a_tool_call_leaves_nothing_but_marks_of_a_fixed_form(arguments: object, result: str) -> None:
    """Names, numbers, commands and errors are told by hashes, marks and a few words, on spans and in messages."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    found = _swap(
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": text, "gen_ai.tool.call.result": result}
    )
    assert found.pop("gen_ai.operation.name") == "execute_tool"
    assert all(re.fullmatch(OPAQUE[name], value) for name, value in found.items())

    call = {"type": "tool_call", "name": "t", "arguments": text}
    answer = {"type": "tool_call_response", "response": result}
    said = [{"role": "assistant", "parts": [call]}, {"role": "tool", "parts": [answer]}]
    kept = json.loads(_swap({"gen_ai.input.messages": json.dumps(said)})["gen_ai.input.messages"])
    arguments_of = {name.replace("loopwatch.tool.arguments", "loopwatch"): rule for name, rule in OPAQUE.items()}
    results_of = {name.replace("loopwatch.tool.result", "loopwatch"): rule for name, rule in OPAQUE.items()}
    for stand_in, rules in (
        (kept[0]["parts"][0]["arguments"], arguments_of),
        (kept[1]["parts"][0].get("response", {}), results_of),
    ):
        assert all(re.fullmatch(rules[name], value) for name, value in stand_in.items())


def test_what_only_content_tells_is_told_by_marks() -> None:
    """A command's effect, the names of a task inside code, the call without its numbers, the kind of an answer."""

    def swapped(arguments: object, result: str = "ok") -> dict[str, Any]:
        given = {"gen_ai.tool.call.arguments": json.dumps(arguments), "gen_ai.tool.call.result": result}
        found = _swap({"gen_ai.operation.name": "execute_tool", **given})
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


def test_a_refused_call_is_told_apart_from_one_that_failed() -> None:
    """By the words of its error, but for those that a traceback quotes from the source."""

    def told(message: str) -> object:
        span = {"gen_ai.operation.name": "execute_tool"}
        return _swap(span, status=Status(StatusCode.ERROR, message)).get("loopwatch.tool.result.class")

    assert told("Unknown tool 'ACME'") == "rejected"
    assert told("no such file: ACME") is None
    assert told("KeyError()Traceback (most recent call last): raise Refused('unknown tool')") is None


@pytest.mark.parametrize("blank", ["", "  ", "\t \n"])
def test_a_blank_text_leaves_as_it_is(blank: str) -> None:
    """It says nothing, so nothing has to stand for it, and a reader knows that it was blank."""
    said = [{"role": "assistant", "parts": [{"type": "text", "content": blank}]}]
    prefix = "llm.output_messages.0.message"

    assert json.loads(_swap({"gen_ai.output.messages": json.dumps(said)})["gen_ai.output.messages"]) == [
        {"role": "assistant", "parts": [{"type": "text"}]}
    ]
    assert _swap({f"{prefix}.content": blank})[f"{prefix}.content"] == ""


def test_a_text_that_chants_says_how_often() -> None:
    """A number, and no more of it than of any other text; other texts have none."""
    chant = "Larkfield is done and I will now mark all of it as complete. " * 11
    kept = [json.loads(_swap({"gen_ai.prompt": text})["gen_ai.prompt"]) for text in (chant, chant * 5, chant[:150])]

    assert [stand_in.get(STAND_IN_REPEATS) for stand_in in kept] == [11, 32, None]
    assert "Larkfield" not in json.dumps(kept)


def test_the_wrapped_exporter_decides() -> None:
    """Results, flushes and shutdowns are those of the wrapped exporter."""
    inner = Recording()
    exporter = SketchingExporter(inner)

    assert exporter.export([_span({}), _span({"input.value": "x"})]) is SpanExportResult.FAILURE
    assert exporter.force_flush(5) is False
    exporter.shutdown()
    assert inner.asked == ["export 2", "flush 5", "shutdown"]


def test_identity_times_and_resource_are_kept() -> None:
    """A swapped span is the same span in all but content."""
    inner = InMemorySpanExporter()
    span = _span({"input.value": "x"})
    SketchingExporter(inner).export([span])
    (swapped,) = inner.get_finished_spans()

    for field in ("name", "context", "parent", "resource", "kind", "start_time", "end_time", "links"):
        assert getattr(swapped, field) == getattr(span, field)
