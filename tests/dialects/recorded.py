"""Recorded spans → steps and sessions, for the tests of the dialects: no pipeline, no detectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loopwatch_processor.dialects import read, session_id_of
from loopwatch_processor.dialects.reading import error_of, step_of
from loopwatch_processor.node import Node
from loopwatch_processor.otlp import Span, decode_traces
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from loopwatch_processor.session import Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import Step, StepKind


def spans_of(path: Path) -> Iterator[Span]:
    """Every span of a file with one ExportTraceServiceRequest as OTLP JSON a line."""
    for line in path.read_bytes().splitlines():
        for span in decode_traces(to_protobuf(Signal.traces, line)):
            assert isinstance(span, Span)
            yield span


def sessions_of(path: Path) -> dict[str, Session]:
    """The sessions that the spans of *path* make up, by key, after all have idled out."""
    sessions = Sessions()
    for span in spans_of(path):
        step = read(span) or step_of(
            span, "", StepKind.OTHER, session_id_of(span), error=error_of(span) if not span.parent_id else None
        )
        sessions.observe(Node(span.span_id, span.parent_id, span.end_ns, step.session_id, step), span.trace_id, 0.0)
    found = dict(sessions.open)
    sessions.expire(1e9)
    return found


def model_steps(session: Session) -> list[Step]:
    """The model calls of *session* that are still in its agents' windows, by end time."""
    return sorted(
        (step for agent in session.agents.values() for step in agent.model_calls), key=lambda step: step.end_ns
    )


def tool_steps(session: Session) -> list[Step]:
    """The tool calls of *session* that are still in its agents' windows, by end time."""
    return sorted(
        (step for agent in session.agents.values() for step in agent.tool_calls), key=lambda step: step.end_ns
    )
