"""What loopwatch says of recorded spans that left their process as hash and sketch: the same as with their content."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from loopwatch import SketchingExporter
from loopwatch.sketch import SKETCH_KEY_VARIABLE
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import load
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.finding import Severity
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.replay import CannotReplay, Recorded, read_file, replay
from loopwatch_processor.session import Session
from loopwatch_processor.step import Step
from tests.helpers.recorded import recorded_requests
from tests.shared import SPANS, needs_recordings

WITHOUT_CONTENT = {
    "anthropic_native_toolrunner": "content capture is off by default",
    "mcp_native_fastmcp": "MCP spans carry no arguments",
    "otel_genai_openai_nocontent": "content capture is off by default",
    "otel_openai_v2_default": "its content is in log records, which a span exporter never sees",
}
"""Recordings without anything to sketch: no soft loop can be seen in them, with content capture or without."""
RECORDED = sorted(path for path in SPANS.glob("*.jsonl") if not path.stem.endswith((".logs", ".metrics")))
CASES = sorted((Path(__file__).parent / "dialects" / "cases").glob("*/*.jsonl"))
"""Pieces of recordings that every checkout has."""


def _name(path: Path) -> str:
    return path.stem if path in RECORDED else f"{path.parent.name}-{path.stem}"


every_file = pytest.mark.parametrize("path", [*CASES, *RECORDED], ids=_name)
every_recording = pytest.mark.parametrize("path", RECORDED, ids=_name)


@pytest.fixture(autouse=True)
def _default_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is out of the box: sketches are keyed by what the spans themselves say."""
    monkeypatch.delenv(SKETCH_KEY_VARIABLE, raising=False)


@cache
def plain(path: Path) -> list[Session]:
    """The sessions of the recording as it was written."""
    faults: list[CannotReplay] = []
    found = _replayed(read_file(str(path), faults.append))
    assert faults == []
    return found


@cache
def sketched(path: Path) -> list[Session]:
    """The sessions of the recording when every span leaves through a `SketchingExporter`."""
    return _replayed(Recorded(Signal.traces, _exported(spans), path.name, 0) for spans in recorded_requests(path))


def _replayed(requests: Iterable[Recorded]) -> list[Session]:
    return replay(build_pipeline(load(Path("/dev/null"))), requests)


def _exported(spans: list[Any]) -> bytes:
    kept = InMemorySpanExporter()
    exporter: SpanExporter = SketchingExporter(kept)
    exporter.export(spans)
    return encode_spans(kept.get_finished_spans()).SerializeToString()


def _tools(session: Session) -> list[Step]:
    steps = (step for agent in session.agents.values() for step in agent.tool_calls)
    return sorted(steps, key=lambda step: (step.end_ns, step.span_id))


def _models(session: Session) -> list[Step]:
    steps = (step for agent in session.agents.values() for step in agent.model_calls)
    return sorted(steps, key=lambda step: (step.end_ns, step.span_id))


def _told(session: Session) -> dict[str, Any]:
    """Everything of a session but its texts."""
    totals = session.totals
    return {
        "key": session.key,
        "steps": (totals.steps, totals.model_calls, totals.tool_calls),
        "spent": (totals.usage, pytest.approx(totals.cost_usd), totals.unpriced_calls),
        "runs": [(run.key, run.chained, run.agent, run.members, run.stop_reason) for run in session.runs.values()],
        "models": [
            (step.span_id, step.model.model, step.model.response_id, step.model.finish_reason)
            for step in _models(session)
            if step.model is not None
        ],
        "tools": [
            (step.span_id, tool.name, tool.call_id, tool.recovered, step.error is not None and step.error.tool_class)
            for step in _tools(session)
            if (tool := step.tool) is not None
        ],
    }


def _equal_ones(items: Iterable[str | None]) -> list[int | None]:
    """Which of *items* are equal, whatever they are; None for what is unknown."""
    seen: dict[str, int] = {}
    return [seen.setdefault(item, len(seen)) if item else None for item in items]


def _scenarios(path: Path, session: Session) -> set[str]:
    index = json.loads((SPANS / "INDEX.json").read_text())[path.name]
    traces = {step.trace_id for step in (*_tools(session), *_models(session))}
    return {str(index[trace_id]["scenario"]) for trace_id in traces if trace_id in index}


def _worst_loop(session: Session) -> Severity | None:
    raised = (item.finding for item in session.findings.values())
    return max((item.severity for item in raised if item.detector == "loop"), default=None)


@every_file
def test_sketched_sessions_hold_the_same_steps(path: Path) -> None:
    """Sessions, runs, stop reasons, calls with their names and ids, tokens and money are those of the content."""
    assert [_told(session) for session in sketched(path)] == [_told(session) for session in plain(path)]


@every_file
def test_a_sketched_call_is_equal_to_what_it_was_equal_to(path: Path) -> None:
    """Arguments and results became hashes, none is left, and two are equal where they were.

    An error stands in the place of a failed call's result, so results of failed calls are not compared.
    """
    for before, after in zip(plain(path), sketched(path), strict=True):
        was = [step.tool for step in _tools(before) if step.tool is not None]
        now = [step.tool for step in _tools(after) if step.tool is not None]
        answered = [step.error is None for step in _tools(after)]

        assert not [tool for tool in now if tool.arguments is not None or tool.result is not None]
        assert _equal_ones(tool.arguments_hash for tool in now) == _equal_ones(
            tool.arguments or tool.arguments_hash for tool in was
        )
        assert _equal_ones(tool.result_hash for tool, ok in zip(now, answered, strict=True) if ok) == _equal_ones(
            tool.result or tool.result_hash for tool, ok in zip(was, answered, strict=True) if ok
        )
        assert all(tool.arguments_sketch and tool.arguments_class for tool in now if tool.arguments_hash)


@every_file
def test_a_sketched_call_is_judged_as_it_was(path: Path) -> None:
    """How it is compared, whether it changes something or only waits, and how it ended."""

    def judged(session: Session) -> list[tuple[object, ...]]:
        calls = [Call(step) for step in _tools(session) if step.tool is not None]
        return [
            (call.kind, call.is_mutating, call.is_wait, call.outcome.kind, call.outcome.is_rejection) for call in calls
        ]

    for before, after in zip(plain(path), sketched(path), strict=True):
        assert judged(after) == judged(before)


@needs_recordings
@every_recording
def test_every_sketched_soft_loop_is_found(path: Path) -> None:
    """Eight re-phrasings of one search."""
    looping = [session for session in sketched(path) if "softloop" in _scenarios(path, session)]
    if not looping or path.stem in WITHOUT_CONTENT:
        pytest.skip(WITHOUT_CONTENT.get(path.stem, "no soft loop was recorded here"))
    for session in looping:
        worst = _worst_loop(session)
        assert worst is not None, session.key
        assert worst >= Severity.WARNING


@needs_recordings
@every_recording
def test_nothing_healthy_is_flagged_when_sketched(path: Path) -> None:
    """Neither the healthy sessions nor those whose stream paused for a moment."""
    for session in sketched(path):
        if _scenarios(path, session) & {"healthy", "stall"}:
            assert session.worst in (None, Severity.INFO), (session.key, session.findings)
