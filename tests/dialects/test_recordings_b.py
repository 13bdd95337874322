"""OpenInference, OpenLLMetry, LangSmith, the AI SDK's own names and MCP over whole recordings of the running packages.

The figures were counted by hand from the recordings: the model's calls by their response ids, the tools' by their
ids, the tokens over the calls that carry them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from loopwatch_processor.step import Step
from tests.dialects.recorded import model_steps, sessions_of, tool_steps
from tests.shared import SPANS, needs_recordings

pytestmark = needs_recordings

SOFT_LOOP_QUERIES = 8


@dataclass(frozen=True)
class Told:
    """What one session of a recording holds."""

    steps: int
    tools: int
    input_tokens: int
    output_tokens: int
    agent: str = ""


def _agent(*sessions: tuple[int, int, int, int]) -> tuple[Told, ...]:
    return tuple(Told(*session, agent="research_agent") for session in sessions)


def _nameless(*sessions: tuple[int, int, int, int]) -> tuple[Told, ...]:
    return tuple(Told(*session) for session in sessions)


RECORDINGS = {
    "openinference_langchain": _agent((7, 3, 820, 84), (17, 8, 36495, 206), (1, 0, 68, 30)),
    "openinference_langchain_errors": _agent((2, 1, 71, 24), (3, 1, 71, 24)),
    "openinference_anthropic": _nameless((7, 3, 841, 84), (17, 8, 36208, 206), (1, 0, 181, 30)),
    "openinference_anthropic_errors": _nameless((3, 1, 315, 40), (3, 1, 184, 24)),
    "openinference_llamaindex": _nameless((7, 3, 780, 84), (17, 8, 36261, 206), (1, 0, 68, 30)),
    "openinference_openai": _nameless((7, 3, 778, 84), (17, 8, 36224, 206), (7, 3, 803, 84), (1, 0, 70, 30)),
    # This version writes no tokens for the streamed call.
    "openinference_openai_agents": _agent((7, 3, 805, 84), (17, 8, 36394, 206), (1, 0, 0, 0)),
    "openllmetry_anthropic": _nameless((7, 3, 841, 84), (17, 8, 36208, 206), (1, 0, 181, 30)),
    "openllmetry_langchain": _agent((7, 3, 820, 84), (17, 8, 36495, 206), (1, 0, 68, 30)),
    "openllmetry_openai": _nameless((7, 3, 778, 84), (17, 8, 36224, 206), (7, 3, 803, 84), (1, 0, 70, 30)),
    "openllmetry_openai_rooted": _nameless((7, 3, 781, 84), (17, 8, 36242, 206), (17, 8, 36394, 206), (1, 0, 70, 30)),
    "openllmetry_mcp": _nameless((3, 3, 0, 0), (8, 8, 0, 0)),
    "langsmith_langchain": _agent((7, 3, 820, 84), (17, 8, 36495, 206), (1, 0, 68, 30)),
    "vercel_ai5": _agent((7, 3, 777, 84), (17, 8, 36225, 206), (1, 0, 68, 30)),
    "vercel_ai5_errors": _agent((3, 1, 214, 40), (3, 1, 71, 24)),
    "mcp_native_fastmcp": _nameless((3, 3, 0, 0), (8, 8, 0, 0)),
}
MAX_GAPS_S = {"openllmetry_openai": 1.5, "openllmetry_openai_rooted": 1.5}
"""The only two with an event per chunk. Of the others OpenInference's openai package marks the first token alone, the
AI SDK gives the first chunk alone, and LangChain's, Anthropic's, LlamaIndex' and LangSmith's tracers no timing."""
NO_ARGUMENTS = frozenset({"mcp_native_fastmcp"})


def _file(name: str) -> Path:
    return SPANS / f"{name}.jsonl"


@pytest.mark.parametrize("name", RECORDINGS)
def test_sessions_hold_what_was_counted_by_hand(name: str) -> None:
    """Steps, tool calls and tokens of every session are the recorded ones, none twice."""
    found = [
        Told(
            session.totals.steps,
            session.totals.tool_calls,
            session.totals.usage.input_tokens,
            session.totals.usage.output_tokens,
            session.agent,
        )
        for session in sessions_of(_file(name)).values()
        if session.totals.steps
    ]
    assert Counter(found) == Counter(RECORDINGS[name])


@pytest.mark.parametrize("name", sorted(RECORDINGS.keys() - NO_ARGUMENTS))
def test_every_tool_call_has_its_own_arguments_and_result(name: str) -> None:
    """No wrapper hides what was asked and answered: eight rephrased queries are eight arguments."""
    for session in sessions_of(_file(name)).values():
        tools = [step.tool for step in tool_steps(session) if step.tool is not None]
        assert all(tool.arguments for tool in tools)
        assert all(tool.result for step, tool in zip(tool_steps(session), tools, strict=True) if step.error is None)
        if len(tools) == SOFT_LOOP_QUERIES:
            assert len({tool.arguments for tool in tools}) == SOFT_LOOP_QUERIES
            assert {tool.name for tool in tools} == {"search"}


@pytest.mark.parametrize("name", MAX_GAPS_S)
def test_the_stall_is_measured_where_every_chunk_is_told(name: str) -> None:
    """The largest gap is the recorded one within 50 ms, and only in the stalled stream."""
    gaps_s = [
        step.model.stream.max_gap_s
        for session in sessions_of(_file(name)).values()
        for step in model_steps(session)
        if step.model is not None and step.model.stream is not None and step.model.stream.max_gap_s is not None
    ]
    assert max(gaps_s) == pytest.approx(MAX_GAPS_S[name], abs=0.05)
    assert sorted(gaps_s)[-2] < MAX_GAPS_S[name] / 2


@pytest.mark.parametrize(
    ("name", "ttft_s"), [("openinference_openai", 0.80), ("vercel_ai5", 0.85), ("openllmetry_openai", 0.81)]
)
def test_the_first_chunk_of_the_stalled_stream_is_timed(name: str, ttft_s: float) -> None:
    """Milliseconds, events and attributes all end as seconds."""
    session = next(item for item in sessions_of(_file(name)).values() if item.totals.usage.output_tokens == 30)
    (step,) = model_steps(session)
    assert step.model is not None
    assert step.model.stream is not None
    assert step.model.stream.ttft_s == pytest.approx(ttft_s, abs=0.05)


def test_a_first_token_after_the_span_ended_says_nothing() -> None:
    """LlamaIndex ends its span when the stream begins: its event is no time to the first token."""
    steps = [
        step for session in sessions_of(_file("openinference_llamaindex")).values() for step in model_steps(session)
    ]
    streamed = [step.model.stream for step in steps if step.model is not None and step.model.stream is not None]
    assert [stream.ttft_s for stream in streamed] == [None]


FAILURES = {
    "openinference_langchain_errors": {("search", "unavailable"), ("model", "rate_limit")},
    "openinference_anthropic_errors": {("model", "rate_limit")},
    "openllmetry_anthropic_errors": {("model", "rate_limit")},
    "vercel_ai5_errors": {("search", "unavailable"), ("model", "rate_limit")},
}
"""Where the plain SDK's tool failed, the model was told so in a message: no span, so no error."""
STOP_REASONS = {
    "openinference_langchain_errors": {"tool_failed", "model_rate_limited"},
    "openinference_anthropic_errors": {"completed", "model_rate_limited"},
    "openllmetry_anthropic_errors": {"model_rate_limited"},
    "vercel_ai5_errors": {"completed", "model_rate_limited"},
}


@pytest.mark.parametrize("name", FAILURES)
def test_failures_have_their_class(name: str) -> None:
    """A failing tool and a failing model call are told apart, with the class of what happened."""
    sessions = sessions_of(_file(name)).values()
    failed = [step for session in sessions for step in (*tool_steps(session), *model_steps(session)) if step.error]
    assert {(_what(step), step.error.tool_class) for step in failed if step.error} == FAILURES[name]


@pytest.mark.parametrize("name", STOP_REASONS)
def test_runs_end_for_the_reason_that_was_recorded(name: str) -> None:
    """An agent that goes on after an error completes; one that breaks off does not."""
    assert {str(session.stop_reason) for session in sessions_of(_file(name)).values()} == STOP_REASONS[name]


@pytest.mark.parametrize("name", RECORDINGS.keys() - FAILURES.keys())
def test_healthy_recordings_have_no_errors(name: str) -> None:
    """Silent where nothing failed."""
    sessions = sessions_of(_file(name)).values()
    assert not [step for session in sessions for step in (*tool_steps(session), *model_steps(session)) if step.error]


def _what(step: Step) -> str:
    return step.tool.name if step.tool is not None else "model"
