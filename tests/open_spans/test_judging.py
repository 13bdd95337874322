"""When open spans are judged at all, and what is told of them: time, the road to loopwatch, gauges and sinks."""

from __future__ import annotations

from typing import Any

import pytest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.scorer import Scorer
from loopwatch_processor.sinks.base import Sinks
from tests.open_spans.cases import BEAT, START_S, Listening, event, logs
from tests.open_spans.streams import STREAMING, stalled
from tests.test_pipeline import counted, span


def test_a_stopped_loopwatch_calls_nobody_lost() -> None:
    """It did not listen for half an hour (a SIGSTOP, a suspended machine), so nobody was silent."""
    seen = Listening()
    every_s: dict[str, Any] = {"loopwatch__heartbeat__interval": 1.0}
    seen.hear(*(event(BEAT, 10, 0.0, trace=trace, worker=f"w{trace}", **every_s) for trace in range(1, 21)))
    seen.wait_until(1.0)
    seen.now_s += 1_800.0
    seen.wait_until(seen.now_s + 50.0)
    assert seen.found() == []
    seen.hear(*(event(BEAT, 10, seen.now_s, trace=trace, worker=f"w{trace}", **every_s) for trace in range(1, 20)))
    seen.wait_until(seen.now_s + 2.0)
    assert seen.found() == []
    seen.wait_until(seen.now_s + 30.0)
    assert len(seen.raised) == 20


def test_nobody_is_lost_while_the_road_is_behind() -> None:
    """What arrives was said minutes ago: the rest is still under way. When all is well again, silence counts."""
    seen = Listening()
    seen.beat(10, 20.0)
    for _ in range(12):
        seen.hear(event(BEAT, 10, seen.now_s - 90.0 + seen.now_s / 10, trace=2, worker="w2"))
        seen.wait_until(seen.now_s + 10.0)
    assert seen.found() == []
    seen.wait_until(300.0)
    assert {item.trace_id for item in seen.raised} == {f"{1:032x}"}


def test_late_spans_show_that_the_road_is_behind() -> None:
    """A backlog of traces drains while beats do not come."""
    seen = Listening()
    seen.beat(10, 20.0)
    for number in range(12, 20):
        seen.feed(span("chat", number, seen.now_s - 200.0 + number * 5.0, parent=1, trace=5))
        seen.wait_until(seen.now_s + 10.0)
    assert [item for item in seen.found() if item[0] == "lifecycle"] == []


def test_a_wrong_clock_of_one_sender_blinds_nobody() -> None:
    """It is always five minutes behind, so nothing is held up; its own spans are judged as well."""
    seen = Listening()
    for _ in range(30):
        seen.hear(event(BEAT, 10, seen.now_s - 300.0, trace=2, worker="w2"), event(BEAT, 10, seen.now_s))
        seen.wait_until(seen.now_s + 10.0)
    seen.wait_until(seen.now_s + 30.0)
    assert {item.trace_id for item in seen.raised} == {f"{1:032x}", f"{2:032x}"}


def test_a_record_that_came_too_late_alone_says_nothing() -> None:
    """It tells of an hour ago."""
    seen = Listening()
    seen.wait_until(4_000.0)
    seen.hear(event(BEAT, 10, 300.0, loopwatch__stream__current_gap=290.0, **STREAMING))
    seen.wait_until(4_500.0)
    assert seen.found() == []


def test_nothing_is_judged_in_the_first_minute() -> None:
    """After a start everybody has to be heard of first."""
    seen = Listening()
    fresh = Listening.__new__(Listening)
    fresh.__dict__.update(seen.__dict__)
    fresh.scorer, fresh.changes, fresh.raised, fresh.now_s = type(seen)().scorer, [], [], 0.0
    fresh.scorer.open.spans.watched_s = 0.0
    fresh.beat(10, 55.0, gap_from_s=-400.0, **STREAMING)
    assert fresh.found() == []
    fresh.beat(10, 80.0, gap_from_s=-400.0, **STREAMING)
    assert fresh.found() == [("stream", "max_gap", "critical")]


def test_disabled_detectors_are_silent() -> None:
    """Per agent, as for ended spans."""
    quiet = {
        "match": {"agent": "researcher"},
        "detectors": {"stream": {"enabled": False}, "lifecycle": {"enabled": False}},
    }
    seen = Listening(agents=[quiet])
    seen.beat(10, 400.0, gap_from_s=5.0, **STREAMING)
    seen.wait_until(1_000.0)
    assert seen.found() == []


def test_the_gauges_tell_what_is_open() -> None:
    """Open spans by kind, and the age of every open incident with the labels of the incident."""
    seen = stalled(100.0)
    seen.hear(event(BEAT, 11, 100.0, gen_ai__operation__name="execute_tool"))
    assert seen.scorer.open.spans.kinds() == {
        **dict.fromkeys(("agent_turn", "job", "other"), 0.0),
        "model_call": 1.0,
        "tool_call": 1.0,
    }
    ((labels, age_s),) = seen.scorer.incidents.ages_s().items()
    assert seen.scorer.incidents.series()[labels] == 1
    assert age_s == pytest.approx(100.0 - 41.0, abs=2.0)
    assert counted(seen.scorer, "loopwatch_workers_lost_total") == 0


def test_a_record_without_ids_is_counted() -> None:
    """It tells of no span."""
    seen = Listening()
    broken = event(BEAT, 10, 0.0)
    broken["trace"] = 0
    broken["number"] = 0
    seen.hear(broken)
    assert not seen.scorer.open.spans
    assert counted(seen.scorer, "loopwatch_spans_unscored_total") == 1


@pytest.mark.parametrize("value", ["much", -5.0, float("nan"), float("inf"), True])
def test_a_gap_that_is_no_number_is_unknown(value: Any) -> None:
    """Bad input is data."""
    seen = Listening()
    seen.beat(10, 400.0, loopwatch__stream__current_gap=value, loopwatch__stream__chunks="many")
    assert seen.found() == []


def test_open_findings_reach_the_sinks() -> None:
    """They come with time, not with a request, and go where all findings go."""
    pipeline, heard, now_s = build_pipeline(Config()), Heard(), [START_S - 100.0]
    scorer = Scorer(pipeline, Sinks([heard], pipeline.telemetry), pipeline.telemetry, lambda: now_s[0])
    for at_s in range(-100, 60):
        now_s[0] = START_S + at_s
        if at_s >= 0 and at_s % 10 == 0:
            gap: dict[str, Any] = {"loopwatch__stream__current_gap": float(at_s), **STREAMING}
            scorer.accept(Signal.logs, logs([event(BEAT, 10, at_s, **gap)]))
        scorer.tick()

    (item,) = heard.items
    assert item.finding.lasts
    assert item.finding.severity is Severity.WARNING
    assert (item.service, item.agent, item.span_id) == ("svc", "researcher", f"{1_010:016x}")
    assert counted(pipeline, "loopwatch_findings_raised_total") == 1


class Heard:
    """A sink that remembers."""

    name = "heard"

    def __init__(self) -> None:
        self.items: list[RaisedFinding] = []

    def emit(self, raised: RaisedFinding) -> None:
        """One more."""
        self.items.append(raised)
