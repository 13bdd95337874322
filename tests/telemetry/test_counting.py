"""What is counted, once and within bounds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import loopwatch_processor
from loopwatch_processor import unread
from loopwatch_processor.finding import Finding, RaisedFinding, Severity
from loopwatch_processor.node import Node
from loopwatch_processor.session import Place, Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import ErrorInfo, Step, StreamTimings
from loopwatch_processor.telemetry import Telemetry
from loopwatch_processor.telemetry.labels import MAX_VALUE_CHARACTERS, OTHER, LabelLimits
from loopwatch_processor.telemetry.table import SCORING_FAILURES
from tests.builders import model_step, tool_step, turn_step

WHO = {"environment": "prod", "service": "billing", "agent": "refunds"}


def value(telemetry: Telemetry, name: str, **labels: str) -> float:
    """The value of one series; 0 where it does not exist."""
    return telemetry.registry.get_sample_value(name, labels) or 0.0


def place(before: Step | None = None) -> Place:
    """A place in a session of the agent refunds."""
    session = Session("s", service="billing", environment="prod")
    return Place(session, session.run("run"), session.agent_state(("refunds", "")), True, 1, before)


def told(*steps: Step) -> Telemetry:
    """The telemetry after *steps*, all of them new."""
    telemetry = Telemetry()
    for item in steps:
        telemetry.stepped(item, place())
    return telemetry


def here(make: Any, **fields: Any) -> Step:
    """A step of the service billing in prod."""
    return make(service="billing", environment="prod", **fields)  # type: ignore[no-any-return]


def test_steps_are_counted_by_kind_and_agent() -> None:
    """Model calls and tool calls are steps, turns are not."""
    telemetry = told(here(model_step), here(tool_step), here(tool_step), here(turn_step))
    assert value(telemetry, "loopwatch_steps_total", **WHO, kind="model_call") == 1
    assert value(telemetry, "loopwatch_steps_total", **WHO, kind="tool_call") == 2
    assert value(telemetry, "loopwatch_steps_total", **WHO, kind="agent_turn") == 0


def test_tokens_and_dollars_are_counted_by_model() -> None:
    """Cached and reasoning tokens are parts of input and output, so they have a metric of their own."""
    call = here(
        model_step,
        response_model="gpt-5",
        input_tokens=100,
        output_tokens=20,
        cache_read_tokens=60,
        reasoning_tokens=5,
        cost_usd=0.5,
    )
    telemetry = told(call)
    assert value(telemetry, "loopwatch_tokens_total", **WHO, direction="input", model="gpt-5") == 100
    assert value(telemetry, "loopwatch_tokens_total", **WHO, direction="output", model="gpt-5") == 20
    assert value(telemetry, "loopwatch_token_details_total", **WHO, detail="cache_read", model="gpt-5") == 60
    assert value(telemetry, "loopwatch_token_details_total", **WHO, detail="reasoning", model="gpt-5") == 5
    assert value(telemetry, "loopwatch_cost_usd_total", **WHO, model="gpt-5") == 0.5
    assert value(telemetry, "loopwatch_model_calls_unpriced_total", model="gpt-5") == 0


def test_a_call_with_tokens_and_no_price_is_unpriced() -> None:
    """The cost is a lower bound then, and says so."""
    telemetry = told(here(model_step, response_model="mine", input_tokens=1), here(model_step, response_model="mine"))
    assert value(telemetry, "loopwatch_model_calls_unpriced_total", model="mine") == 1


def test_a_step_that_is_told_again_adds_only_what_is_new() -> None:
    """A step that moved, or got its tokens from a second span, is still one step."""
    telemetry = Telemetry()
    first = here(model_step, response_model="m", input_tokens=10, stream=StreamTimings(ttft_s=1.0))
    again = here(
        model_step,
        response_model="m",
        input_tokens=10,
        output_tokens=4,
        cost_usd=0.1,
        stream=StreamTimings(ttft_s=1.0, max_gap_s=2.0),
    )
    telemetry.stepped(first, place())
    telemetry.stepped(again, place(before=first))
    telemetry.stepped(again, place(before=again))
    assert value(telemetry, "loopwatch_steps_total", **WHO, kind="model_call") == 1
    assert value(telemetry, "loopwatch_tokens_total", **WHO, direction="input", model="m") == 10
    assert value(telemetry, "loopwatch_tokens_total", **WHO, direction="output", model="m") == 4
    assert value(telemetry, "loopwatch_cost_usd_total", **WHO, model="m") == 0.1
    assert value(telemetry, "loopwatch_stream_ttft_seconds_count", **WHO, model="m") == 1
    assert value(telemetry, "loopwatch_stream_largest_gap_seconds_count", **WHO, model="m") == 1


def feed(sessions: Sessions, telemetry: Telemetry, item: Step, session_id: str = "") -> None:
    """Let the span of *item* arrive."""
    node = Node(item.span_id, item.parent_id, item.end_ns, session_id, item)
    placed = sessions.observe(node, item.trace_id, 1.0)
    for where, counted in placed:
        telemetry.stepped(counted, where)


def calls(telemetry: Telemetry) -> float:
    """Model calls counted, of any agent."""
    return sum(
        sample.value
        for metric in telemetry.registry.collect()
        for sample in metric.samples
        if sample.name == "loopwatch_steps_total" and sample.labels["kind"] == "model_call"
    )


def test_a_step_that_moves_to_its_session_is_counted_once() -> None:
    """The session id comes last, on the parent, and takes the steps with it."""
    sessions, telemetry = Sessions(), Telemetry()
    feed(sessions, telemetry, model_step(span_id="call", parent_id="root", input_tokens=5))
    feed(sessions, telemetry, turn_step(span_id="root", agent="refunds"), session_id="conversation")
    assert list(sessions.open) == ["conversation"]
    assert calls(telemetry) == 1


@pytest.mark.parametrize("order", [("inner", "outer"), ("outer", "inner")])
def test_a_call_that_two_instrumentations_see_is_counted_once(order: tuple[str, str]) -> None:
    """In either order of arrival."""
    spans = {
        "inner": model_step(span_id="inner", parent_id="outer", input_tokens=5),
        "outer": model_step(span_id="outer", parent_id="root", input_tokens=5),
    }
    sessions, telemetry = Sessions(), Telemetry()
    for name in order:
        feed(sessions, telemetry, spans[name])
    assert calls(telemetry) == 1
    assert (
        value(telemetry, "loopwatch_tokens_total", environment="", service="", agent="", direction="input", model="")
        == 5
    )


def test_tool_calls_say_how_they_failed() -> None:
    """A call that did not fail has no class."""
    failed = here(tool_step, tool="pay", error=ErrorInfo("HTTP 429", "rate_limit"))
    telemetry = told(failed, here(tool_step, tool="pay"))
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool="pay", error_class="rate_limit") == 1
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool="pay", error_class="") == 1


def test_windows_are_filled_or_unknown() -> None:
    """A model whose window nobody knows is counted by name."""
    telemetry = Telemetry()
    call = here(model_step, response_model="m", input_tokens=10)
    telemetry.filled(call, place(), 0.85)
    telemetry.filled(call, place(before=call), 0.85)
    telemetry.filled(call, place(), None)
    assert value(telemetry, "loopwatch_context_window_utilization_ratio_count", **WHO) == 1
    assert value(telemetry, "loopwatch_context_window_utilization_ratio_bucket", **WHO, le="0.8") == 0
    assert value(telemetry, "loopwatch_context_window_utilization_ratio_bucket", **WHO, le="0.9") == 1
    assert value(telemetry, "loopwatch_model_calls_unknown_window_total", model="m") == 1


def test_a_span_that_nobody_knows_is_received_and_unscored() -> None:
    """A log record without a dialect is nothing unusual."""
    telemetry = Telemetry()
    telemetry.received("traces", "openinference")
    telemetry.received("traces", "")
    telemetry.received("logs", "")
    assert value(telemetry, "loopwatch_spans_received_total", signal="traces", dialect="openinference") == 1
    assert value(telemetry, "loopwatch_spans_received_total", signal="traces", dialect="unknown") == 1
    assert value(telemetry, "loopwatch_spans_unscored_total", signal="traces", reason="unknown_dialect") == 1
    assert value(telemetry, "loopwatch_spans_unscored_total", signal="logs", reason="unknown_dialect") == 0


def test_runs_say_why_they_ended() -> None:
    """A run that fell silent ended for an unknown reason."""
    telemetry = Telemetry()
    session = Session("s", service="billing", environment="prod", agent="refunds")
    run = session.run("run")
    run.end(turn_step(agent="refunds"))
    telemetry.run_ended(session, run)
    silent = session.run("silent")
    silent.expired = True
    telemetry.run_ended(session, silent)
    assert value(telemetry, "loopwatch_runs_ended_total", **WHO, stop_reason="completed") == 1
    assert value(telemetry, "loopwatch_runs_ended_total", **WHO, stop_reason="unknown") == 1


def test_findings_are_counted_by_detector_and_severity() -> None:
    """The session is in no label."""
    telemetry = Telemetry()
    finding = Finding("loop", "exact", Severity.WARNING, 0.9, "loop_detected", "Repeats.")
    telemetry.raised(RaisedFinding(finding, "s", "r", "refunds", "billing", "prod", "ab" * 16, "cd" * 8, 3, 0))
    assert value(telemetry, "loopwatch_findings_raised_total", **WHO, detector="loop", severity="warning") == 1


def test_the_store_is_read_at_every_scrape() -> None:
    """Its counts need no second book-keeping."""
    sessions, telemetry = Sessions(), Telemetry()
    telemetry.watch_sessions(sessions)
    assert value(telemetry, "loopwatch_sessions_open") == 0
    call = model_step()
    feed(sessions, telemetry, call)
    feed(sessions, telemetry, call)
    assert value(telemetry, "loopwatch_sessions_open") == 1
    assert value(telemetry, "loopwatch_spans_duplicate_total") == 1


def test_packed_sessions_are_counted() -> None:
    """How many they are, what they take, and how many are silent and stay as they are."""
    sessions, telemetry = Sessions(), Telemetry()
    telemetry.watch_sessions(sessions)
    feed(sessions, telemetry, model_step())
    assert (
        value(telemetry, "loopwatch_sessions_packed") == value(telemetry, "loopwatch_sessions_packed_size_bytes") == 0
    )
    while sessions.cool(1_000.0, 100):
        pass
    assert value(telemetry, "loopwatch_sessions_packed") == 1
    assert value(telemetry, "loopwatch_sessions_packed_size_bytes") == sessions.cold.packed_bytes > 0
    assert value(telemetry, "loopwatch_sessions_unpackable") == 0


def test_values_beyond_the_bound_become_other_and_are_counted() -> None:
    """An agent that makes up tool names cannot fill Prometheus's memory."""
    telemetry = Telemetry(LabelLimits(by_label={"tool": 2}))
    for number in range(10):
        telemetry.stepped(here(tool_step, tool=f"tool-{number}"), place())
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool="tool-1", error_class="") == 1
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool="tool-2", error_class="") == 0
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool=OTHER, error_class="") == 8
    assert value(telemetry, "loopwatch_label_overflow_total", label="tool") == 8
    telemetry.stepped(here(tool_step, tool="tool-0"), place())
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool="tool-0", error_class="") == 2


def test_series_beyond_the_bound_become_other_and_are_counted() -> None:
    """Labels that are few each can still be many together."""
    telemetry = Telemetry(LabelLimits(series=3))
    for number in range(5):
        telemetry.unscored("traces", f"reason-{number}")
    assert value(telemetry, "loopwatch_spans_unscored_total", signal="traces", reason="reason-2") == 1
    assert value(telemetry, "loopwatch_spans_unscored_total", signal=OTHER, reason=OTHER) == 2
    assert value(telemetry, "loopwatch_label_overflow_total", label="series") == 2


def test_values_that_cannot_be_served_are_mended() -> None:
    """A lone surrogate or a page of text in a name must not break a scrape."""
    telemetry = told(here(tool_step, tool="\ud800"), here(tool_step, tool="x" * 10_000))
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool="?", error_class="") == 1
    name = "x" * MAX_VALUE_CHARACTERS
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool=name, error_class="") == 1


@pytest.mark.parametrize("odd", ["\x1b", "\x00", "\n", "\u202e", "\u2028", "\x9b", "\ud800"])
def test_values_that_are_not_printable_are_mended(odd: str) -> None:
    """What an agent calls itself must neither drive the terminal of who looks at /metrics nor turn its text."""
    telemetry = told(here(tool_step, tool=f"pay{odd}[31m"), here(tool_step, tool="支払い é"))
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool="pay?[31m", error_class="") == 1
    assert value(telemetry, "loopwatch_tool_calls_total", **WHO, tool="支払い é", error_class="") == 1


def test_what_has_begun_is_served_from_0_on() -> None:
    """Otherwise the first event makes the series appear, and its increase is missed."""
    telemetry = Telemetry()
    telemetry.begin(SCORING_FAILURES, [("detector", "loop"), ("sink", "log")])
    telemetry.failed("detector", "loop")
    telemetry.begin(SCORING_FAILURES, [("detector", "loop")])
    served = telemetry.registry.get_sample_value
    name = "loopwatch_scoring_failures_total"
    assert served(name, {"part": "detector", "name": "loop"}) == 1
    assert served(name, {"part": "sink", "name": "log"}) == 0
    assert served(name, {"part": "sink", "name": "json_lines"}) is None


def test_what_has_begun_takes_no_room_from_others() -> None:
    """The bounds are on what agents make up."""
    telemetry = Telemetry(LabelLimits(values=1, series=1))
    telemetry.begin(SCORING_FAILURES, [("detector", "loop"), ("sink", "log")])
    telemetry.failed("sink", "log")
    telemetry.failed("dialect", "new")
    telemetry.failed("dialect", "newer")
    served = telemetry.registry.get_sample_value
    for part, name in (("sink", "log"), ("dialect", "new"), (OTHER, OTHER)):
        assert served("loopwatch_scoring_failures_total", {"part": part, "name": name}) == 1


def test_whatever_may_be_forgotten_is_counted_from_0_on() -> None:
    """Each word that the code counts by has its series."""
    source = "".join(path.read_text() for path in Path(loopwatch_processor.__file__).parent.rglob("*.py"))
    words = set(re.findall(r'forgotten\["(\w+)"\]', source))
    unread.forgotten.clear()
    telemetry = Telemetry()
    telemetry.watch_sessions(Sessions())
    assert "runs" in words
    for word in words:
        assert telemetry.registry.get_sample_value("loopwatch_state_forgotten_total", {"reason": word}) == 0, word


def test_the_store_and_the_bounds_on_labels_begin_at_0() -> None:
    """Both are alerted on by increase."""
    telemetry = Telemetry()
    telemetry.watch_sessions(Sessions())
    served = telemetry.registry.get_sample_value
    assert served("loopwatch_state_forgotten_total", {"reason": "runs"}) == 0
    assert served("loopwatch_label_overflow_total", {"label": "tool"}) == 0
    assert served("loopwatch_label_overflow_total", {"label": "series"}) == 0
