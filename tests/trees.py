"""Spans of one trace for tests, as steps built by hand, and sessions fed with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from loopwatch_processor.node import Node
from loopwatch_processor.session import Place, Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import ModelCall, Step, StepKind, ToolCall, Usage

TRACE = "t1"
USAGE = Usage(100, 10)


def span(
    span_id: str,
    parent_id: str = "",
    kind: StepKind = StepKind.OTHER,
    *,
    end: int = 0,
    trace_id: str = TRACE,
    **more: Any,
) -> Step:
    """A span that ends at *end* + 1 nanoseconds; *more* are fields of `Step`."""
    step = Step(kind, "test", span_id, trace_id, span_id, parent_id, start_ns=end, end_ns=end + 1, service="svc")
    return replace(step, **more)


def model(span_id: str, parent_id: str = "", *, end: int = 0, usage: Usage | None = USAGE, **more: Any) -> Step:
    """A model call."""
    more.setdefault("model", ModelCall())
    return span(span_id, parent_id, StepKind.MODEL_CALL, end=end, usage=usage, **more)


def tool(
    span_id: str, parent_id: str = "", name: str = "search", *, end: int = 0, call_id: str = "", **more: Any
) -> Step:
    """A tool call without arguments."""
    more.setdefault("tool", ToolCall(name, call_id, "{}"))
    return span(span_id, parent_id, StepKind.TOOL_CALL, end=end, **more)


def agent(span_id: str, parent_id: str = "", *, end: int = 0, name: str = "planner", **more: Any) -> Step:
    """An agent's turn."""
    return span(span_id, parent_id, StepKind.AGENT_TURN, end=end, agent=name, **more)


def observe(sessions: Sessions, step: Step, now: float = 0.0) -> list[tuple[Place, Step]]:
    """Let one span arrive; returns what was counted anew."""
    node = Node(step.span_id, step.parent_id, step.end_ns, step.session_id, step)
    return sessions.observe(node, step.trace_id, now)


def feed(*steps: Step, sessions: Sessions | None = None) -> Sessions:
    """Let the spans arrive one after another."""
    return feed_all(steps, sessions)


def feed_all(steps: Iterable[Step], sessions: Sessions | None = None) -> Sessions:
    """As `feed`."""
    sessions = sessions or Sessions()
    for step in steps:
        observe(sessions, step)
    return sessions


def only(sessions: Sessions) -> Session:
    """The one session that is open."""
    (session,) = sessions.open.values()
    return session
