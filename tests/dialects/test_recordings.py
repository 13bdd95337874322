"""The GenAI family over whole recordings of the running packages.

The figures were counted apart from the dialects, from the recordings' own attributes: model calls by response id, tool
spans (or the tools that the model asked for, where there are none), tokens over the calls that carry them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from loopwatch_processor.dialects import read, read_log
from loopwatch_processor.node import Node
from loopwatch_processor.otlp import LogRecord, decode_logs
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from loopwatch_processor.session import Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import Step, StepKind
from tests.dialects.recorded import model_steps, sessions_of, spans_of, tool_steps
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
    cache_read_tokens: int = 0
    agent: str = ""


def _agent(*sessions: tuple[int, int, int, int, int]) -> tuple[Told, ...]:
    return tuple(Told(*session, agent="research_agent") for session in sessions)


def _nameless(*sessions: tuple[int, int, int, int, int]) -> tuple[Told, ...]:
    return tuple(Told(*session) for session in sessions)


OPENAI_V2 = _nameless((7, 3, 781, 84, 0), (17, 8, 36242, 206, 0), (7, 3, 805, 84, 0), (1, 0, 70, 30, 0))
"""With its log records; without them nothing ties its 18 calls together."""
RECORDINGS = {
    "otel_genai_openai": _nameless(
        (7, 3, 775, 84, 347), (17, 8, 36209, 206, 7697), (7, 3, 803, 84, 362), (1, 0, 70, 30, 0)
    ),
    "otel_genai_openai_rooted": _nameless(
        (7, 3, 781, 84, 350), (17, 8, 36242, 206, 7699), (17, 8, 36394, 206, 7701), (1, 0, 70, 30, 0)
    ),
    "otel_genai_openai_nocontent": _nameless((18, 0, 37875, 404, 8409)),
    "otel_openai_v2_default": _nameless((18, 0, 37898, 404, 0)),
    # This version writes no tokens for the streamed call.
    "otel_genai_openai_agents": _agent((7, 3, 803, 84, 362), (17, 8, 36380, 206, 7701), (1, 0, 0, 0, 0)),
    "otel_genai_langchain_content": _agent((7, 3, 820, 84, 371), (17, 8, 36495, 206, 7701), (1, 0, 68, 30, 0)),
    "otel_genai_langchain_errors": _agent((2, 1, 71, 24, 0), (3, 1, 71, 24, 0)),
    "otel_genai_anthropic": _nameless((7, 3, 841, 84, 325), (17, 8, 36208, 206, 7681), (1, 0, 181, 30, 0)),
    "otel_genai_anthropic_errors": _nameless((3, 1, 184, 24, 0)),
    "pydantic_ai": _agent((7, 3, 802, 84, 361), (17, 8, 36368, 206, 7701), (7, 3, 802, 84, 361), (1, 0, 70, 30, 0)),
    "strands": _agent((7, 3, 809, 84, 361), (17, 8, 36305, 206, 7702), (1, 0, 77, 30, 0)),
    "anthropic_native_toolrunner": _nameless((7, 3, 841, 84, 325), (17, 8, 36208, 206, 7681), (1, 0, 181, 30, 0)),
    "anthropic_native_toolrunner_content": _nameless(
        (7, 3, 841, 84, 325), (17, 8, 36208, 206, 7681), (1, 0, 181, 30, 0)
    ),
    "anthropic_native_toolrunner_errors": _nameless((3, 1, 319, 40, 67), (3, 1, 184, 24, 0)),
    "crewai_native": _agent((7, 3, 1052, 84, 457), (17, 8, 36969, 206, 7731), (1, 0, 129, 30, 0)),
    "google_adk_1x": _agent((7, 3, 854, 84, 0), (17, 8, 36521, 206, 0), (1, 0, 84, 30, 0)),
    "google_adk_latest": _agent((7, 3, 854, 84, 380), (17, 8, 36521, 206, 7708), (1, 0, 84, 30, 0)),
    "litellm_otel": _nameless((7, 3, 755, 84, 338), (17, 8, 36107, 206, 7691), (1, 0, 68, 30, 0)),
    "litellm_otel_rooted": _nameless((7, 3, 755, 84, 338), (17, 8, 36107, 206, 7691), (1, 0, 68, 30, 0)),
    "litellm_otel_errors": _nameless((3, 1, 71, 24, 0)),
    "maf_content": _agent((7, 3, 755, 84, 338), (17, 8, 36107, 206, 7691), (1, 0, 68, 30, 0)),
    "openlit_openai_rooted": _nameless((7, 3, 780, 84, 351), (17, 8, 36261, 206, 7698), (1, 0, 68, 30, 0)),
    # OpenLIT writes no messages for a call that failed, so nothing ties it to the one before.
    "openlit_openai_errors": _nameless((3, 1, 216, 40, 72), (1, 0, 71, 24, 0), (1, 0, 0, 0, 0)),
    "vercel_ai7_otel": _agent((7, 3, 777, 84, 350), (17, 8, 36225, 206, 7697), (1, 0, 68, 30, 0)),
}
WITHOUT_CONTENT = frozenset(
    {"otel_genai_openai_nocontent", "otel_openai_v2_default", "anthropic_native_toolrunner"}
    | {"anthropic_native_toolrunner_errors"}
)
UNKNOWN_SPANS = {
    "POST /ask": "the web framework's request",
    "POST": "an HTTP client's request below the call",
}
"""No step of an agent: why they stay unknown."""
TTFT_S = {
    "otel_genai_openai": 0.80,
    "otel_genai_openai_rooted": 0.82,
    "otel_genai_openai_agents": 0.81,
    "otel_genai_langchain_content": 0.81,
    "otel_genai_anthropic": 0.83,
    "pydantic_ai": 0.81,
    "strands": 0.83,
    "anthropic_native_toolrunner": 0.90,
    "openlit_openai_rooted": 0.80,
    "vercel_ai7_otel": 0.85,
}
"""Of the stalled stream. The other emitters write no time to the first chunk, and none writes the largest gap."""


def _file(name: str) -> Path:
    return SPANS / f"{name}.jsonl"


def _told(session: Session) -> Told:
    usage = session.totals.usage
    counted = session.totals.steps, session.totals.tool_calls, usage.input_tokens, usage.output_tokens
    return Told(*counted, usage.cache_read_tokens, session.agent)


@pytest.mark.parametrize("name", RECORDINGS)
def test_sessions_hold_what_was_counted_by_hand(name: str) -> None:
    """Steps, tool calls and tokens of every session are the recorded ones, none twice."""
    found = [_told(session) for session in sessions_of(_file(name)).values() if session.totals.steps]
    assert Counter(found) == Counter(RECORDINGS[name])


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_span_is_read_or_deliberately_unknown(name: str) -> None:
    """What an emitter sends about its agents has a dialect; what others send has none."""
    unknown = {span.name for span in spans_of(_file(name)) if read(span) is None}
    assert unknown <= UNKNOWN_SPANS.keys()


@pytest.mark.parametrize("name", sorted(RECORDINGS.keys() - WITHOUT_CONTENT))
def test_every_tool_call_has_its_own_arguments_and_result(name: str) -> None:
    """Wherever an emitter puts them: eight rephrased queries are eight arguments."""
    for session in sessions_of(_file(name)).values():
        steps = tool_steps(session)
        tools = [step.tool for step in steps if step.tool is not None]
        assert all(tool.arguments for tool in tools)
        assert all(tool.result for step, tool in zip(steps, tools, strict=True) if step.error is None)
        if len(tools) == SOFT_LOOP_QUERIES:
            assert len({tool.arguments for tool in tools}) == SOFT_LOOP_QUERIES
            assert {tool.name for tool in tools} == {"search"}


@pytest.mark.parametrize("name", sorted(WITHOUT_CONTENT))
def test_what_is_not_captured_is_unknown(name: str) -> None:
    """Without content no argument is made up, not even an empty one."""
    for session in sessions_of(_file(name)).values():
        assert all(step.tool and step.tool.arguments is None for step in tool_steps(session))


@pytest.mark.parametrize("name", RECORDINGS)
def test_finish_reasons_are_words_of_ours(name: str) -> None:
    """Arrays, JSON in text and events end as the few words that a step knows."""
    steps = [step for session in sessions_of(_file(name)).values() for step in model_steps(session)]
    words = {step.model.finish_reason for step in steps if step.model is not None and step.error is None}
    assert words <= {"stop", "tool_call", ""}
    # openai-v2 writes the reason of a streamed answer into its log record only.
    assert "" not in words or name == "otel_openai_v2_default"


@pytest.mark.parametrize("name", TTFT_S)
def test_the_first_chunk_of_the_stalled_stream_is_timed(name: str) -> None:
    """Seconds and milliseconds, under whatever name, end as seconds."""
    steps = [step for session in sessions_of(_file(name)).values() for step in model_steps(session)]
    timed = [step.model.stream.ttft_s for step in steps if step.model and step.model.stream and _is_stalled(step)]
    assert timed == [pytest.approx(TTFT_S[name], abs=0.02)]


def _is_stalled(step: Step) -> bool:
    return step.duration_s > 2


COSTS_USD = {"pydantic_ai": 0.005316975, "litellm_otel": 0.005129325, "openlit_openai_rooted": 0.00575835}
"""The sums of the emitters' own costs; the others give none."""


PARTLY_PRICED = frozenset({"litellm_otel_rooted", "litellm_otel_errors", "openlit_openai_errors"})


@pytest.mark.parametrize("name", sorted(RECORDINGS.keys() - PARTLY_PRICED))
def test_an_emitters_own_costs_are_summed(name: str) -> None:
    """Once a call, and nothing is invented where none is given."""
    total_usd = sum(session.totals.cost_usd for session in sessions_of(_file(name)).values())
    assert total_usd == pytest.approx(COSTS_USD.get(name, 0.0))


FAILURES = {
    "otel_genai_langchain_errors": {("search", "unavailable"), ("model", "rate_limit")},
    "otel_genai_anthropic_errors": {("model", "rate_limit")},
    # The Anthropic SDK tells no message, and only "tool_error" as the type.
    "anthropic_native_toolrunner_errors": {("search", "other"), ("model", "rate_limit")},
    "litellm_otel_errors": {("model", "rate_limit")},
    "openlit_openai_errors": {("model", "rate_limit")},
}
STOP_REASONS = {
    "otel_genai_langchain_errors": {"tool_failed", "model_rate_limited"},
    "otel_genai_anthropic_errors": {"model_rate_limited"},
    "anthropic_native_toolrunner_errors": {"completed", "model_rate_limited"},
    "litellm_otel_errors": {"model_rate_limited"},
    # The call before the failed one asked for a tool and was never gone on from.
    "openlit_openai_errors": {"completed", "unknown", "model_rate_limited"},
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


@pytest.mark.parametrize("name", sorted(RECORDINGS.keys() - FAILURES.keys()))
def test_healthy_recordings_have_no_errors(name: str) -> None:
    """Silent where nothing failed."""
    sessions = sessions_of(_file(name)).values()
    assert not [step for session in sessions for step in (*tool_steps(session), *model_steps(session)) if step.error]


def _what(step: Step) -> str:
    return step.tool.name if step.tool is not None else "model"


@pytest.mark.parametrize("logs_first", [True, False])
def test_messages_in_log_records_tie_calls_together(logs_first: bool) -> None:
    """With its log records openai-v2's 18 root-less calls are four conversations, whichever export came first."""
    sessions = _with_logs("otel_openai_v2_default", logs_first)
    assert _counted(sessions) == Counter(OPENAI_V2)
    assert {session.stop_reason for session in sessions.end_all()} == {"completed"}


@pytest.mark.parametrize("logs_first", [True, False])
@pytest.mark.parametrize("name", ["maf_content", "google_adk_1x", "google_adk_latest", "openlit_openai_rooted"])
def test_log_records_beside_spans_with_messages_change_nothing(name: str, logs_first: bool) -> None:
    """Where both tell of a call, or the records' content is elided, nothing is counted twice."""
    assert _counted(_with_logs(name, logs_first)) == Counter(RECORDINGS[name])


def _counted(sessions: Sessions) -> Counter[Told]:
    return Counter(_told(session) for session in sessions.open.values() if session.totals.steps)


def _with_logs(name: str, logs_first: bool) -> Sessions:
    sessions = Sessions()
    for feed in (_feed_logs, _feed_spans) if logs_first else (_feed_spans, _feed_logs):
        feed(sessions, name)
    return sessions


def _feed_spans(sessions: Sessions, name: str) -> None:
    for span in spans_of(_file(name)):
        step = read(span) or Step(
            StepKind.OTHER, "", span.name, span.trace_id, span.span_id, span.parent_id, span.start_ns, span.end_ns
        )
        sessions.observe(Node(span.span_id, span.parent_id, span.end_ns, step.session_id, step), span.trace_id, 0.0)


def _feed_logs(sessions: Sessions, name: str) -> None:
    for record in _records(SPANS / f"{name}.logs.jsonl"):
        if (heard := read_log(record)) is not None:
            sessions.converse(record.trace_id, record.span_id, heard, 0.0)


def _records(path: Path) -> Iterator[LogRecord]:
    for line in path.read_bytes().splitlines():
        for record in decode_logs(to_protobuf(Signal.logs, line)):
            assert isinstance(record, LogRecord)
            yield record
