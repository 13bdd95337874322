"""Findings as log lines."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from loopwatch_processor.finding import Severity
from loopwatch_processor.sinks.log import LogSink
from tests.sinks.findings import raised


class Log:
    """A log sink with a clock of its own, and what it wrote."""

    def __init__(self, **settings: Any) -> None:
        self.now_s = 1_000.0
        self.file = io.StringIO()
        self.sink = LogSink(file=self.file, clock=lambda: self.now_s, now_ns=lambda: 1_780_272_060 * 10**9, **settings)

    def lines(self) -> list[dict[str, Any]]:
        """Every line, parsed."""
        return [json.loads(line) for line in self.file.getvalue().splitlines()]


@pytest.mark.parametrize("severity", list(Severity))
def test_a_finding_is_one_line_of_its_severity(severity: Severity) -> None:
    """The summary is the event, the rest are fields."""
    log = Log()
    log.sink.emit(raised(severity))
    (line,) = log.lines()
    assert line["event"] == "Called search 5 times with the same arguments."
    assert (line["level"], line["agent"], line["session"]) == (severity.label, "refunds", "conversation")
    assert "suppressed" not in line
    assert list(line)[:3] == ["time", "level", "event"]
    assert (line["time"], line["at"]) == ("2026-06-01T00:01:00.000000+00:00", "2026-06-01T00:00:00.123456+00:00")


def test_less_severe_findings_are_left_out() -> None:
    """Those that are as severe as asked for stay."""
    log = Log(min_severity=Severity.WARNING)
    log.sink.emit(raised(Severity.INFO))
    log.sink.emit(raised(Severity.WARNING))
    assert [line["severity"] for line in log.lines()] == ["warning"]


def test_the_same_finding_of_an_agent_is_told_once_a_while() -> None:
    """Fifty sessions of one agent are one line, which the next one adds up."""
    log = Log(repeat_after_s=60.0)
    for number in range(50):
        log.sink.emit(raised(session_key=f"session-{number}"))
    assert len(log.lines()) == 1
    log.now_s += 60
    log.sink.emit(raised())
    assert log.lines()[1]["suppressed"] == 49
    log.now_s += 60
    log.sink.emit(raised())
    assert "suppressed" not in log.lines()[2]


def test_another_agent_pattern_or_severity_is_told_at_once() -> None:
    """Only the same thing is left out."""
    log = Log()
    for finding in (raised(), raised(agent="other"), raised(pattern="cycle"), raised(Severity.CRITICAL)):
        log.sink.emit(finding)
    assert len(log.lines()) == 4


def test_text_from_agents_is_escaped() -> None:
    """No line break and no escape sequence reaches a terminal."""
    log = Log()
    log.sink.emit(raised(agent="a\x1b[2J\nlevel=critical\u2028"))
    text = log.file.getvalue()
    assert text.count("\n") == 1
    assert text.isascii()
    assert "\x1b" not in text
