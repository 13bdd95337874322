"""Requests to feed to a pipeline: recorded traffic, labelled sessions, and spans that are odd or damaged."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope

from bench.traffic import Mix, batches
from loopwatch_processor.corpus import read, requests

_CASES = Path(__file__).parents[1] / "cases"
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.sampled_from(["[]", "{}", "[[1]]", '{"a": 1e999}', '[{"role": "user"}]', "nan", "1", "-0.0", "true", "\ud7ff"]),
)

_LARGE = (2**53, 2**63, 2**64, 10**400)
"""From where on neighbours are one as a float, no int64, no uint64, and no float at all."""


def sequences(*, scale: int) -> Iterator[list[bytes]]:
    """Each for a pipeline of its own; *scale* says how much there is of each kind."""
    yield list(batches(150 * scale, Mix(sessions=200, seed=3)))
    yield list(batches(75 * scale, Mix(sessions=60, seed=5, in_turn=True, spans_per_batch=10)))
    cases = [case for path in sorted(_CASES.glob("*/*.jsonl")) for case in read(path)]
    for number, case in enumerate(random.Random(7).sample(cases, min(scale, len(cases)))):
        yield [body for _, body, _ in requests(case, sketches=number % 3 == 0)]
    recorded = list(batches(10 * scale, Mix(sessions=40, seed=11, spans_per_batch=1)))
    yield list(_odd(recorded, scale))
    yield list(_damaged(recorded, scale))
    yield list(_numbered())


def _odd(bodies: list[bytes], scale: int) -> Iterator[bytes]:
    """Recorded spans with a value of another kind in place of some of their own."""
    made: list[bytes] = []

    @settings(max_examples=3 * scale, derandomize=True, database=None, phases=[Phase.generate], deadline=None)
    @given(st.sampled_from(bodies), st.lists(st.tuples(st.integers(0, 40), _ODD), min_size=1, max_size=4))
    def make(body: bytes, changes: list[tuple[int, Any]]) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        attributes = request.resource_spans[0].scope_spans[0].spans[0].attributes
        for place, value in changes:
            if attributes:
                _set(attributes[place % len(attributes)].value, value)
        made.append(request.SerializeToString())

    make()
    return iter(made)


def _numbered() -> Iterator[bytes]:
    """Calls, one after the other, whose arguments and results are told apart by a large number alone."""
    for at, number in enumerate([sign * (large + more) for large in _LARGE for sign in (1, -1) for more in range(4)]):
        asked, said = json.dumps({"id": number, "ids": [number]}), json.dumps({"id": number, "total": float(at)})
        yield _request(
            "tools",
            at,
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "get_order",
                "gen_ai.tool.call.arguments": asked,
                "gen_ai.tool.call.result": said,
            },
        )
        usage = repr({"prompt_tokens": number, "completion_tokens": at})
        yield _request("litellm", at, {"llm.openai.model": "gpt-4o", "llm.openai.usage": usage})


def _request(scope: str, at: int, attributes: dict[str, str]) -> bytes:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add(scope=InstrumentationScope(name=scope)).spans
    span = spans.add(
        trace_id=scope.encode().rjust(16),
        span_id=at.to_bytes(8, "big").replace(b"\0", b"s"),
        name="raw_gen_ai_request",
        start_time_unix_nano=at * 10**9 + 1,
        end_time_unix_nano=at * 10**9 + 10**8,
    )
    for key, value in attributes.items():
        span.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


def _set(place: Any, value: Any) -> None:
    place.Clear()
    match value:
        case bool():
            place.bool_value = value
        case int():
            place.int_value = value
        case float():
            place.double_value = value
        case str():
            place.string_value = value
        case bytes():
            place.bytes_value = value


def _damaged(bodies: list[bytes], scale: int) -> Iterator[bytes]:
    """Recorded spans with a few bytes that are others."""
    rng = random.Random(13)
    for _ in range(5 * scale):
        body = bytearray(rng.choice(bodies))
        for _ in range(rng.randint(1, 4)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        yield bytes(body)
