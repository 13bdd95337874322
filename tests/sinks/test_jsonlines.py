"""Findings as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwatch_processor.errors import ConfigError
from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.sinks.base import Sink, Sinks
from loopwatch_processor.sinks.jsonlines import JsonLinesSink
from loopwatch_processor.telemetry import Telemetry
from tests.sinks.findings import raised


def test_a_line_says_what_where_and_when(tmp_path: Path) -> None:
    """One object a finding, complete in itself."""
    path = tmp_path / "findings.jsonl"
    JsonLinesSink(str(path), lambda: 1_780_272_060 * 10**9).emit(raised())
    assert json.loads(path.read_text()) == {
        "time": "2026-06-01T00:01:00.000000+00:00",
        "at": "2026-06-01T00:00:00.123456+00:00",
        "environment": "prod",
        "service": "billing",
        "agent": "refunds",
        "session": "conversation",
        "run": "run",
        "trace_id": "ab" * 16,
        "span_id": "cd" * 8,
        "detector": "loop",
        "pattern": "exact",
        "severity": "warning",
        "score": 0.877,
        "stop_reason": "loop_detected",
        "step": 7,
        "since_step": 7,
        "summary": "Called search 5 times with the same arguments.",
        "span_ids": ["cd" * 8],
        "values": {"repeats": 5},
        "threshold": None,
        "wasted_tokens": None,
        "wasted_usd": None,
    }


def test_lines_are_appended(tmp_path: Path) -> None:
    """A restart loses nothing."""
    path = tmp_path / "findings.jsonl"
    JsonLinesSink(str(path)).emit(raised(step=1))
    JsonLinesSink(str(path)).emit(raised(step=2))
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2]


def test_a_dash_is_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """For containers, whose output somebody collects."""
    JsonLinesSink("-").emit(raised())
    assert json.loads(capfdbinary.readouterr().out)["detector"] == "loop"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=())), number=st.floats(), at_ns=st.integers(0, 2**64 - 1))
def test_whatever_an_agent_wrote_is_one_line_of_printable_ascii(
    tmp_path: Path, text: str, number: float, at_ns: int
) -> None:
    """No line breaks, no escape sequences for terminals, no words that JSON does not have."""
    path = tmp_path / "findings.jsonl"
    path.unlink(missing_ok=True)
    JsonLinesSink(str(path)).emit(raised(summary=text, agent=text, values={"x": number}, at_ns=at_ns))
    line = path.read_bytes()
    assert line.endswith(b"\n")
    assert all(0x20 <= byte < 0x7F for byte in line[:-1])
    assert json.loads(line, parse_constant=pytest.fail)["agent"] == text


def test_a_path_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    """Not at the first finding, at night."""
    with pytest.raises(ConfigError, match=r"sinks\.json_lines\.path: cannot append to .*Is a directory"):
        JsonLinesSink(str(tmp_path))


class _Broken:
    name = "broken"

    def emit(self, raised: RaisedFinding) -> None:
        raise OSError("the disk is full")


class _Kept:
    name = "kept"

    def __init__(self) -> None:
        self.seen: list[RaisedFinding] = []

    def emit(self, raised: RaisedFinding) -> None:
        self.seen.append(raised)


def test_a_sink_that_fails_is_counted_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """The failure is logged once until the sink works again."""
    telemetry, kept = Telemetry(), _Kept()
    sinks: list[Sink] = [_Broken(), kept]
    out = Sinks(sinks, telemetry)
    out.emit(raised())
    out.emit(raised())
    assert len(kept.seen) == 2
    labels = {"part": "sink", "name": "broken"}
    assert telemetry.registry.get_sample_value("loopwatch_scoring_failures_total", labels) == 2
    assert len(caplog.records) == 1
