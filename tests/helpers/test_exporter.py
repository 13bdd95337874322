"""SketchingExporter: no content leaves the process, everything else does, and no fault of ours loses a span."""

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
from loopwatch.exporter import sketched
from loopwatch.sketch import Sketcher, changed_fields, similarity, sketcher_for
from loopwatch.stand_in import (
    STAND_IN_HASH,
    STAND_IN_SKETCH,
)
from tests.helpers.swapping import span_of, swap


def test_spans_of_other_libraries_pass_untouched() -> None:
    """A database span with its exception is the same object afterwards."""
    span = span_of(
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
    raw = span_of({"llm.openai.messages": "ACME"})
    raw._name = "raw_gen_ai_request"
    found = json.loads(str((sketched(raw).attributes or {})["llm.openai.messages"]))

    assert found[STAND_IN_HASH] == sketcher_for("s").hash("ACME")


def test_a_span_that_cannot_be_sketched_loses_its_content_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours never loses a span and never lets content out."""

    def broken(self: Sketcher, text: str) -> str:
        raise RuntimeError("broken")

    monkeypatch.setattr(Sketcher, "hash", broken)
    found = swap({"gen_ai.operation.name": "chat", "gen_ai.input.messages": "ACME", "gen_ai.usage.input_tokens": 3})

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
    found = swap({name: json.dumps(value) for name, value in attributes.items()})

    assert "SECRET" not in json.dumps(found)


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
    found = swap(
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": text, "gen_ai.tool.call.result": result}
    )
    assert found.pop("gen_ai.operation.name") == "execute_tool"
    assert all(re.fullmatch(OPAQUE[name], value) for name, value in found.items())

    call = {"type": "tool_call", "name": "t", "arguments": text}
    answer = {"type": "tool_call_response", "response": result}
    said = [{"role": "assistant", "parts": [call]}, {"role": "tool", "parts": [answer]}]
    kept = json.loads(swap({"gen_ai.input.messages": json.dumps(said)})["gen_ai.input.messages"])
    arguments_of = {name.replace("loopwatch.tool.arguments", "loopwatch"): rule for name, rule in OPAQUE.items()}
    results_of = {name.replace("loopwatch.tool.result", "loopwatch"): rule for name, rule in OPAQUE.items()}
    for stand_in, rules in (
        (kept[0]["parts"][0]["arguments"], arguments_of),
        (kept[1]["parts"][0].get("response", {}), results_of),
    ):
        assert all(re.fullmatch(rules[name], value) for name, value in stand_in.items())


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


def test_the_wrapped_exporter_decides() -> None:
    """Results, flushes and shutdowns are those of the wrapped exporter."""
    inner = Recording()
    exporter = SketchingExporter(inner)

    assert exporter.export([span_of({}), span_of({"input.value": "x"})]) is SpanExportResult.FAILURE
    assert exporter.force_flush(5) is False
    exporter.shutdown()
    assert inner.asked == ["export 2", "flush 5", "shutdown"]


def test_identity_times_and_resource_are_kept() -> None:
    """A swapped span is the same span in all but content."""
    inner = InMemorySpanExporter()
    span = span_of({"input.value": "x"})
    SketchingExporter(inner).export([span])
    (swapped,) = inner.get_finished_spans()

    for field in ("name", "context", "parent", "resource", "kind", "start_time", "end_time", "links"):
        assert getattr(swapped, field) == getattr(span, field)
