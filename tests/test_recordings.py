"""What loopwatch says of recorded spans of real SDKs: loops and stalls are found, the healthy is left alone."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import load
from loopwatch_processor.finding import Severity
from loopwatch_processor.replay import CannotReplay, read_file, replay
from loopwatch_processor.session import Session
from tests.shared import SPANS, needs_recordings

pytestmark = needs_recordings

WITHOUT_ARGUMENTS = {
    "anthropic_native_toolrunner": "content capture is off by default",
    "mcp_native_fastmcp": "MCP spans carry no arguments",
    "otel_genai_openai_nocontent": "content capture is off by default",
    "otel_openai_v2_default": "the messages are in its log records, which come in a file of their own",
}
"""Recordings whose soft loop nobody can see, and why."""
WITH_CHUNK_TIMES = {"openllmetry_openai", "openllmetry_openai_rooted"}
"""Recordings that hold the time of each chunk; no other emitter puts a gap on its spans (docs/dialects.md)."""
STALL_S = 1.5
FILES = sorted(
    path.name.removesuffix(".jsonl")
    for path in SPANS.glob("*.jsonl")
    if not path.name.endswith((".logs.jsonl", ".metrics.jsonl"))
)


@cache
def sessions(name: str, *settings: str) -> list[Session]:
    faults: list[CannotReplay] = []
    paths = [SPANS / f"{part}.jsonl" for part in name.split("+")]
    requests = (item for path in paths for item in read_file(str(path), faults.append))
    found = replay(build_pipeline(load(Path("/dev/null"), settings)), requests)
    assert faults == []
    return found


@cache
def scenarios(name: str) -> dict[str, str]:
    index = json.loads((SPANS / "INDEX.json").read_text())
    return {trace_id: str(trace["scenario"]) for trace_id, trace in index[f"{name}.jsonl"].items()}


def of_scenario(name: str, scenario: str, *settings: str) -> list[Session]:
    """The sessions of *name* whose traces were recorded as *scenario*."""
    known = scenarios(name.partition("+")[0])
    every = sessions(name, *settings)
    return [session for session in every if scenario in {known.get(item) for item in traces(session)}]


def traces(session: Session) -> set[str]:
    steps = [step for agent in session.agents.values() for step in (*agent.tool_calls, *agent.model_calls)]
    return {step.trace_id for step in steps}


def found(session: Session, detector: str, least: Severity = Severity.WARNING) -> bool:
    raised = (item.finding for item in session.findings.values())
    return any(item.detector == detector and item.severity >= least for item in raised)


@pytest.mark.parametrize("name", sorted(set(FILES) - WITHOUT_ARGUMENTS.keys()))
def test_every_soft_loop_with_content_is_found(name: str) -> None:
    """Eight re-phrasings of one search, however the emitter writes them down."""
    if "softloop" not in scenarios(name).values():
        pytest.skip("no soft loop was recorded here")
    for session in of_scenario(name, "softloop"):
        assert found(session, "loop"), session.key


def test_a_soft_loop_is_found_in_log_records() -> None:
    """The older instrumentation sends its messages apart from its spans."""
    every = sessions("otel_openai_v2_default.logs+otel_openai_v2_default")
    looping = [item for item in every if item.totals.tool_calls == 8]

    assert len(looping) == 1
    assert found(looping[0], "loop")


@pytest.mark.parametrize("name", FILES)
def test_nothing_healthy_is_flagged_above_info(name: str) -> None:
    """Neither the healthy sessions nor the stalls of 1.5 s, which are no stalls by default."""
    for scenario in ("healthy", "stall"):
        for session in of_scenario(name, scenario):
            assert session.worst in (None, Severity.INFO), (session.key, session.findings)


@pytest.mark.parametrize("name", sorted(WITH_CHUNK_TIMES))
def test_the_largest_gap_of_each_stall_is_reported(name: str) -> None:
    """Within 0.05 s of the pause that was injected, and only when the threshold is below it."""
    (stalled,) = of_scenario(name, "stall", "detectors.stream.max_gap_s=1.0")
    (raised,) = (item.finding for item in stalled.findings.values() if item.finding.pattern == "max_gap")

    assert raised.values["max_gap_s"] == pytest.approx(STALL_S, abs=0.05)


@pytest.mark.parametrize("name", sorted(set(FILES) - WITH_CHUNK_TIMES))
def test_no_gap_is_guessed(name: str) -> None:
    """Where no chunk times were recorded the largest gap is unknown, not computed from means."""
    for session in of_scenario(name, "stall"):
        for agent in session.agents.values():
            for call in agent.model_calls:
                assert call.model is None or call.model.stream is None or call.model.stream.max_gap_s is None


@pytest.mark.parametrize("name", [name for name in FILES if "errors" in name])
def test_model_errors_name_the_stop_reason(name: str) -> None:
    """HTTP 429 on the second model call: the run ended for the provider's rate limit."""
    ended = of_scenario(name, "errapi")

    assert ended
    assert "model_rate_limited" in {session.stop_reason for session in ended}
