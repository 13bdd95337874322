"""Workers that died, and agents that wait for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from loopwatch_processor.detectors.base import OpenPlace
from loopwatch_processor.detectors.lifecycle import LifecycleDetector
from loopwatch_processor.detectors.lifecycle_settings import LifecycleSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.open_span import OpenSpan, Said
from loopwatch_processor.step import StepKind
from tests.builders import turn_step


def spans(count: int = 1, **said: Any) -> list[OpenSpan]:
    """Open calls of one process."""
    more: dict[str, Any] = {"kind": StepKind.MODEL_CALL, "process_name": "host/7", "model": "gpt-4o", **said}
    return [OpenSpan(Said("t", f"s{number}", 10**9, **more), began_ns=0) for number in range(count)]


def lost(silence_s: float, settings: LifecycleSettings | None = None, **said: Any) -> Finding | None:
    return LifecycleDetector(settings or LifecycleSettings()).lost(spans(**said), silence_s)


def idle(
    idle_s: float, settings: LifecycleSettings | None = None, kind: StepKind = StepKind.AGENT_TURN
) -> list[Finding]:
    (span,) = spans(kind=kind, agent="researcher")
    return list(LifecycleDetector(settings or LifecycleSettings()).watch(span, OpenPlace(idle_s=idle_s)))


def test_three_missing_beats_are_a_lost_worker() -> None:
    """A ticket that names the process, what it left open, and the limit."""
    assert lost(29.0) is None
    finding = lost(30.0, count=5)
    assert finding is not None
    assert (finding.pattern, finding.severity, finding.stop_reason) == ("worker_lost", Severity.WARNING, "worker_lost")
    assert finding.summary == "Worker host/7 is silent for 30 s with 5 open spans: gpt-4o (limit 30 s)."
    assert (finding.values["process"], finding.values["open_spans"], finding.threshold) == ("host/7", 5, 30.0)
    assert finding.lasts
    assert len(finding.span_ids) == 3


def test_a_process_that_beats_slowly_has_more_time() -> None:
    """Its beats say how often they come."""
    assert lost(179.0, interval_s=60.0) is None
    assert lost(180.0, interval_s=60.0) is not None


def test_the_number_of_beats_is_a_setting() -> None:
    """For roads that lose many."""
    settings = LifecycleSettings(missed_beats=6, heartbeat_s=5.0)
    assert lost(29.0, settings) is None
    assert lost(30.0, settings) is not None


def test_a_lost_worker_is_critical_only_where_that_was_promised() -> None:
    """Without an SLA it stays a ticket, however long it lasts."""
    forever = lost(1e6)
    assert forever is not None
    assert forever.severity is Severity.WARNING
    promised = LifecycleSettings(worker_sla_s=120.0)
    before, after = lost(119.0, promised), lost(120.0, promised)
    assert before is not None
    assert after is not None
    assert (before.severity, after.severity) == (Severity.WARNING, Severity.CRITICAL)
    assert after.threshold == 120.0


def test_a_promise_shorter_than_the_beats_holds_as_well() -> None:
    """Whoever promised ten seconds is told after ten."""
    finding = lost(10.0, LifecycleSettings(worker_sla_s=10.0))
    assert finding is not None
    assert finding.severity is Severity.CRITICAL


def test_an_idle_agent_is_context_unless_said_otherwise() -> None:
    """Some wait for people on purpose."""
    assert idle(1_799.0) == []
    (finding,) = idle(1_800.0)
    assert (finding.pattern, finding.severity) == ("idle", Severity.INFO)
    assert "researcher" in finding.summary
    (worse,) = idle(1_800.0, LifecycleSettings(idle_severity="warning"))
    assert worse.severity is Severity.WARNING
    assert idle(1e9, LifecycleSettings(idle_s=None)) == []


@pytest.mark.parametrize("kind", [StepKind.MODEL_CALL, StepKind.TOOL_CALL, StepKind.JOB, StepKind.OTHER])
def test_only_agents_idle(kind: StepKind) -> None:
    """A call that takes long is no agent that does nothing."""
    assert idle(1e6, kind=kind) == []


@pytest.mark.parametrize(
    "wrong", [{"missed_beats": 1}, {"heartbeat_s": 0.0}, {"worker_sla_s": -1.0}, {"idle_severity": "critical"}]
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    """One missed beat is no loss, and an idle agent wakes nobody."""
    with pytest.raises(ValidationError):
        LifecycleSettings(**wrong)


def test_the_end_is_told_as_it_was() -> None:
    """Heard again, ended, or at work again."""
    detector = LifecycleDetector(LifecycleSettings())
    (span,) = spans(kind=StepKind.AGENT_TURN, agent="researcher")
    silent = detector.lost([span], 40.0)
    (quiet,) = detector.watch(span, OpenPlace(idle_s=2_000.0))
    assert silent is not None
    assert detector.over(silent, span, None).endswith("silent for at least 40 s; it is heard again.")
    assert detector.over(silent, span, turn_step()).endswith("its span has ended since.")
    assert detector.over(quiet, span, None) == "The run of agent researcher was idle for 2000 s; it goes on."
    assert detector.over(quiet, span, turn_step()).endswith("its run has ended.")
