"""No dialect breaks on what stands in span events and log records, nor on JSON of any depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwatch_processor.conversation import Heard, Transcript
from loopwatch_processor.dialects import read, read_log
from loopwatch_processor.otlp import Span, decode_traces
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from tests.dialects.sent import log_record, span

CASES = Path(__file__).parent / "cases"
DEEP = {
    "objects": '{"a":' * 2000 + "1" + "}" * 2000,
    "arrays": "[" * 2000 + "]" * 2000,
    "results": '{"content":' * 300 + "{}" + "}" * 300,
    "literals": "{'a': " * 300 + "1" + "}" * 300,
}
WORDS = ("", "null", "[]", "{}", "[null]", '"', "[{", "{[]: 1}", "-1", "NaN", "<elided>", *DEEP.values())
BLOCKS = (
    '[{"role": null, "parts": [null, 1, {"type": "tool_call", "arguments": [1]}], "tool_calls": [1, null, {}]}]',
    '[{"text": null}, {"toolUse": 1}, {"toolResult": {"content": [{"json": {}}]}}, {"toolUse": {"input": null}}]',
    '{"parts": 1}',
    '{"role": "model", "parts": [{"function_call": {"args": 1}}, {"function_response": []}]}',
)
KEYS = ("content", "message", "tool_calls", "role", "id", "name", "finish_reason", "parts", "index", "function")

_leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.binary(max_size=4)
_texts = st.sampled_from([*WORDS, *BLOCKS]) | st.text(max_size=20)
_values = st.recursive(
    _leaves | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)
_messages = ("gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message", "gen_ai.choice")


def _recorded() -> list[Span]:
    lines = [line for case in sorted(CASES.glob("*/*.jsonl")) for line in case.read_bytes().splitlines()]
    found = [item for line in lines for item in decode_traces(to_protobuf(Signal.traces, line))]
    return [item for item in found if isinstance(item, Span)]


RECORDED = _recorded()
EVENTS = sorted({event.name for item in RECORDED for event in item.events()} | {*_messages})
EVENT_KEYS = sorted({key for item in RECORDED for event in item.events() for key in event.attributes} | {*KEYS})


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(RECORDED),
    st.lists(st.tuples(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from(EVENT_KEYS), _values, max_size=4))),
)
def test_no_event_breaks_a_dialect(recorded: Span, events: list[tuple[str, dict[str, Any]]]) -> None:
    """A recorded span whose events hold anything gives the kind of step that it gives without them."""
    attributes = {key: recorded.get(key) for key in sorted(recorded.names) if not key.endswith(".messages")}
    spoilt = read(span(attributes, scope=recorded.source.scope, name=recorded.name, events=events))
    whole = read(span(attributes, scope=recorded.source.scope, name=recorded.name))
    assert (spoilt and spoilt.kind) == (whole and whole.kind)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_messages), st.dictionaries(st.sampled_from(KEYS), _values, max_size=5) | _values)
def test_no_record_breaks_a_conversation(name: str, body: Any) -> None:
    """A message of anything is a message, or none."""
    transcript = Transcript()
    for heard in (read_log(log_record(name, body)), read_log(log_record(name, {"content": body, "message": body}))):
        transcript.hear(heard or Heard())
    transcript.conversation()


@settings(max_examples=100, deadline=None)
@given(_values)
def test_no_inference_details_break_a_conversation(value: Any) -> None:
    """Nor do messages of anything, all at once."""
    attributes = {"gen_ai.input.messages": value, "gen_ai.output.messages": value}
    heard = read_log(log_record("gen_ai.client.inference.operation.details", attributes=attributes))
    assert heard is not None
    transcript = Transcript()
    transcript.hear(heard)
    transcript.conversation()


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_no_depth_breaks_a_dialect(text: str) -> None:
    """Every JSON text of a span may be nested deeper than anything can be read: its dialect still knows the span."""
    for recorded in RECORDED:
        values = {key: recorded.get(key) for key in sorted(recorded.names)}
        deep = {key: text if str(value)[:1] in ("[", "{") else value for key, value in values.items()}
        whole = read(recorded)
        spoilt = read(span(deep, scope=recorded.source.scope, name=recorded.name))
        assert (spoilt and spoilt.dialect) == (whole and whole.dialect)
