"""What the content clock puts on the spans of any instrumentation is read, whoever's span it is."""

from __future__ import annotations

from typing import Any

import pytest

from loopwatch_processor.step import StreamTimings
from tests.dialects.made import step

CLOCKED = {"loopwatch.stream.chunks": 40, "loopwatch.stream.max_gap": 31.5, "loopwatch.stream.completed": False}
OPENINFERENCE: dict[str, Any] = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o"}
OPENLLMETRY: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
GENAI: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}


def timings(attributes: dict[str, Any], **more: Any) -> StreamTimings | None:
    """The stream of the model call that *attributes* tell."""
    model = step(attributes, **more).model
    assert model is not None
    return model.stream


@pytest.mark.parametrize(
    ("own", "scope"),
    [(OPENINFERENCE, "openinference.openai"), (OPENLLMETRY, "opentelemetry.instrumentation.openai.v1"), (GENAI, "any")],
    ids=["openinference", "openllmetry", "genai"],
)
def test_its_gaps_are_read_on_every_dialect(own: dict[str, Any], scope: str) -> None:
    """Most instrumentations tell no chunk times of their own."""
    found = timings({**own, **CLOCKED, "gen_ai.response.time_to_first_chunk": 0.4}, scope=scope)
    assert found is not None
    assert (found.max_gap_s, found.chunks, found.completed, found.ttft_s) == (31.5, 40, False, 0.4)
    assert not found.early_gaps_unknown


def test_a_call_without_the_clock_keeps_its_own_timings() -> None:
    """And one that did not stream has none."""
    assert timings(OPENINFERENCE) is None
    known = timings({**GENAI, "gen_ai.request.stream": True, "gen_ai.response.time_to_first_chunk": 0.4})
    assert known == StreamTimings(ttft_s=0.4)
