"""No order of arrival makes a trace cost more than its spans: counted in executed lines, not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from loopwatch_processor.bounds import SessionLimits
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import ModelCall, Step, Usage
from tests.trees import agent, feed_all, model, span, tool

Make = Callable[[int], list[Step]]
TraceFunction = Callable[[FrameType, str, Any], Any]


def root_first(count: int) -> list[Step]:
    return [agent("root", end=count, usage=Usage(1, 1)), *(model(f"m{n}", "root", end=n) for n in range(count))]


def root_last(count: int) -> list[Step]:
    return root_first(count)[::-1]


def request_first(count: int) -> list[Step]:
    return [span("root", end=count), *(model(f"m{n}", "root", end=n) for n in range(count))]


def structure_under_a_tool(count: int) -> list[Step]:
    return [tool("x"), *(span(f"s{n}", "x", end=n) for n in range(count))]


def aggregate_first(count: int) -> list[Step]:
    return [model("root", end=count), *(model(f"m{n}", "root", end=n) for n in range(count))]


def chain(make: Callable[..., Step], count: int) -> list[Step]:
    return [make(f"s{n}", f"s{n - 1}" if n else "", end=n) for n in range(count)]


def one_id(count: int) -> list[Step]:
    return [model(f"m{n}", "root", end=0, model=ModelCall(response_id="r")) for n in range(count)]


def an_id_each(count: int) -> list[Step]:
    return [model(f"m{n}", "root", end=n, session_id=f"s{n}") for n in range(count)]


def a_tool_each(count: int) -> list[Step]:
    return [tool(f"x{n}", "root", f"tool-{n}", end=n) for n in range(count)]


def many_roots(count: int) -> list[Step]:
    return [step for n in range(count // 2) for step in (model(f"m{n}", f"r{n}", end=n), span(f"r{n}", end=n))]


SHAPES: dict[str, Make] = {
    "root first": root_first,
    "root last": root_last,
    "request first": request_first,
    "structure under a tool": structure_under_a_tool,
    "aggregate first": aggregate_first,
    "aggregate last": lambda count: aggregate_first(count)[::-1],
    "deep structure": lambda count: chain(span, count),
    "deep structure, deepest first": lambda count: chain(span, count)[::-1],
    "calls in calls": lambda count: chain(model, count),
    "calls in calls, innermost first": lambda count: chain(model, count)[::-1],
    "agents in agents": lambda count: chain(agent, count),
    "one response id": one_id,
    "a session id each": an_id_each,
    "a tool each": a_tool_each,
    "many roots": many_roots,
}


def lines_run(steps: list[Step]) -> int:
    """How many lines of the session core run while *steps* arrive."""
    sessions = Sessions(SessionLimits(spans_per_trace=400))
    count = 0

    def trace(frame: FrameType, event: str, _arg: object) -> TraceFunction | None:
        nonlocal count
        if "loopwatch_processor" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        feed_all(steps, sessions)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("few", "many"), [(100, 400), (400, 1_600)], ids=["within the bound", "beyond the bound"])
def test_four_times_the_spans_cost_about_four_times_as_much(shape: str, few: int, many: int) -> None:
    """Quadratic work would cost sixteen times as much."""
    make = SHAPES[shape]

    assert lines_run(make(many)) < 6 * lines_run(make(few))


def test_agents_in_agents_are_told_of_the_outermost_as_deep_as_the_bound() -> None:
    """Each agent around the others makes another run of them all; beyond the bound that stops."""
    innermost_first = chain(agent, 400)[::-1]

    assert lines_run(innermost_first) < 6 * lines_run(innermost_first[:100])
