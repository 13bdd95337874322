"""What processes say that they left out, as a metric of the service."""

from __future__ import annotations

import pytest

from loopwatch_processor import left_out
from tests.open_spans.cases import BEAT, Listening, event

NAME = "loopwatch_reporter_left_out_total"


def counted(seen: Listening) -> dict[str, float]:
    """By reason, what is served."""
    samples = [sample for family in seen.scorer.telemetry.registry.collect() for sample in family.samples]
    return {sample.labels["reason"]: sample.value for sample in samples if sample.name == NAME and sample.value}


def said(worker: str, **reasons: int) -> dict[str, int | str]:
    """The attributes of an event of *worker*."""
    return {"worker": worker, **{f"loopwatch__process__left_out__{name}": number for name, number in reasons.items()}}


def test_sums_of_processes_become_increases() -> None:
    """Said again, or late, is nothing new; two processes add up; each reason is by itself."""
    seen = Listening()
    for worker, reasons in (
        ("w1", {"event_not_sent": 3}),
        ("w1", {"event_not_sent": 3}),
        ("w1", {"event_not_sent": 5, "fault": 1}),
        ("w1", {"event_not_sent": 4}),
        ("w2", {"event_not_sent": 2}),
    ):
        seen.hear(event(BEAT, 10, seen.now_s, **said(worker, **reasons)))  # type: ignore[arg-type]
    assert counted(seen) == {"event_not_sent": 7.0, "fault": 1.0}


def test_a_process_that_left_nothing_out_counts_nothing() -> None:
    """Its reasons are served as 0, so that the first one is an increase; what it makes up is no reason."""
    seen = Listening()
    seen.hear(event(BEAT, 10, seen.now_s, **said("w1", made_up=9, fault=-1)))  # type: ignore[arg-type]
    assert counted(seen) == {}
    assert (
        seen.scorer.telemetry.registry.get_sample_value(NAME, {"environment": "", "service": "svc", "reason": "fault"})
        == 0.0
    )


def test_processes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the one that was silent for longest is forgotten."""
    monkeypatch.setattr(left_out, "MAX_PROCESSES", 2)
    seen = Listening()
    for worker in ("w1", "w2", "w3", "w2"):
        seen.hear(event(BEAT, 10, seen.now_s, **said(worker, fault=1)))  # type: ignore[arg-type]
    assert counted(seen) == {"fault": 3.0}
    assert len(seen.scorer._left_out._of) == 2
