"""No dialect breaks on what an emitter sends: in a recorded span any attribute may turn into anything."""

from __future__ import annotations

import json
from collections import defaultdict
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwatch_processor.dialects import DIALECTS, read
from loopwatch_processor.otlp import Span, decode_traces
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from loopwatch_processor.step import Step

CASES = Path(__file__).parent / "cases"
Request = dict[str, Any]


def _requests() -> dict[str, list[Request]]:
    """By dialect: every recorded span as a request of its own."""
    found: dict[str, list[Request]] = defaultdict(list)
    for case in sorted(CASES.glob("*/*.jsonl")):
        for line in case.read_text().splitlines():
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        alone = {**resource, "scopeSpans": [{**scope, "spans": [span]}]}
                        found[case.parent.name].append({"resourceSpans": [alone]})
    return found


REQUESTS = _requests()
FIELDS = (
    *("role", "content", "parts", "type", "text", "messages", "choices", "message", "generations", "kwargs", "args"),
    *("tool_calls", "function", "arguments", "id", "name", "data", "input", "output", "lc", "input_str", "inputs"),
    *("candidates", "generation_info", "response_metadata", "tool_name", "value", "result", "thread_id", "total"),
)
ODD_KEYS = (
    *("llm.input_messages.².message.role", "llm.input_messages.99999999999.message.role", "gen_ai.prompt.x.role"),
    *("llm.input_messages.1.message.tool_calls.0.tool_call.function.name", "gen_ai.completion.0.function_call.name"),
    *("error.type", "metadata", "input.value", "output.value", "session.id"),
)
WORDS = ("", "user", "assistant", "tool", "text", "function_call", "{", "[", "{'a': 1}", "__REDACTED__", "NaN", "-1")

_integers = st.integers(-(2**63), 2**63 - 1)
_leaves = st.none() | st.booleans() | _integers | st.floats() | st.sampled_from(WORDS) | st.text(max_size=20)
_trees = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=15,
)


def _wire(value: Any) -> Request:
    """*value* as an AnyValue in OTLP/JSON."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if abs(value) < float("inf") else str(value)}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_wire(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": _wire(item)} for key, item in value.items()]}}
    return {"bytesValue": "AAE="} if value is None else {}


@st.composite
def spoilt(draw: st.DrawFn, dialect: str) -> Span:
    """A recorded span of *dialect* with some attributes, its name or its end replaced."""
    request = deepcopy(draw(st.sampled_from(REQUESTS[dialect])))
    span = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    attributes = {item["key"]: item["value"] for item in span.get("attributes", [])}
    for key in draw(st.lists(st.sampled_from([*attributes, *ODD_KEYS]), max_size=6)):
        attributes[key] = _wire(draw(_trees | _trees.map(json.dumps)))
    span["attributes"] = [{"key": key, "value": value} for key, value in attributes.items()]
    span["name"] = draw(st.sampled_from((span["name"], "", "tools/call", "é.run")))
    span["endTimeUnixNano"] = draw(st.sampled_from((span["endTimeUnixNano"], "0", str(2**64 - 1))))
    (found,) = decode_traces(to_protobuf(Signal.traces, json.dumps(request).encode()))
    assert isinstance(found, Span)
    return found


@pytest.mark.parametrize("dialect", sorted(REQUESTS))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_attribute_breaks_a_dialect(dialect: str, data: st.DataObject) -> None:
    """A spoilt span gives a step or none, never an exception, from the registry and from each dialect by itself."""
    span = data.draw(spoilt(dialect))
    for step in (read(span), *(item.read(span) for item in DIALECTS)):
        assert step is None or isinstance(step, Step)
        assert hash(step) is not None, "a step holds nothing that can change"
