"""Workers that die with open spans, through the whole scorer: one incident, and none for those that live."""

from __future__ import annotations

from loopwatch_processor.incident import ChangeKind
from tests.incident_cases import WARNING, kinds
from tests.open_spans.cases import BEAT, STARTED, Listening, event
from tests.open_spans.streams import ended_stream, stalled
from tests.test_pipeline import counted


def test_a_worker_that_dies_with_fifty_open_spans_is_one_incident() -> None:
    """It names the process, and lists its sessions; nobody is told fifty times."""
    seen = Listening()
    for at_s in range(0, 60, 10):
        seen.hear(*(event(BEAT, 10, at_s, trace=trace, worker="w7") for trace in range(1, 51)))
        seen.wait_until(at_s + 10.0)
    seen.wait_until(79.0)
    assert seen.open() == []
    seen.wait_until(90.0)

    (incident,) = seen.open()
    assert kinds(seen.changes) == ["opened"]
    assert (incident.identity.detector, incident.severity) == ("lifecycle", WARNING)
    assert incident.lead.pattern == "worker_lost"
    assert "host-1/107" in incident.lead.summary
    assert incident.sessions_total == 50
    assert counted(seen.scorer, "loopwatch_workers_lost_total") == 1


def test_a_lost_worker_that_is_heard_again_was_not_lost() -> None:
    """Its beats return, and the incident resolves."""
    seen = Listening()
    seen.beat(10, 20.0)
    seen.wait_until(60.0)
    assert seen.found() == [("lifecycle", "worker_lost", "warning")]
    seen.beat(10, 300.0)
    assert kinds(seen.changes) == ["opened", "resolved"]
    assert "heard again" in seen.changes[-1].incident.lead.summary


def test_a_lost_worker_whose_span_arrives_was_not_lost() -> None:
    """The beats were lost on their way, the span was not."""
    seen = Listening()
    seen.beat(10, 20.0)
    seen.wait_until(60.0)
    seen.feed(ended_stream(duration_s=58.0))
    seen.wait_until(300.0)
    assert kinds(seen.changes) == ["opened", "resolved"]


def test_the_stall_of_a_worker_that_died_gives_way_to_its_loss() -> None:
    """Nobody waits for that stream any more: one page, and what remains is a ticket."""
    seen = stalled(400.0)
    seen.wait_until(800.0)

    assert [(item.identity.detector, item.severity) for item in seen.open()] == [("lifecycle", WARNING)]
    resolved = next(change for change in seen.changes if change.kind is ChangeKind.RESOLVED)
    assert "its worker was lost" in resolved.incident.lead.summary


def test_a_promise_that_the_user_gave_makes_a_lost_worker_critical() -> None:
    """Only with an SLA does a lost worker wake somebody."""
    seen = Listening(detectors={"lifecycle": {"worker_sla_s": 120.0}})
    seen.beat(10, 20.0)
    seen.wait_until(120.0)
    assert seen.found() == [("lifecycle", "worker_lost", "warning")]
    seen.wait_until(160.0)
    assert seen.found()[-1] == ("lifecycle", "worker_lost", "critical")


def test_what_a_lost_worker_left_is_given_up_after_an_hour() -> None:
    """A warning that says nothing new is worse than none."""
    seen = Listening()
    seen.beat(10, 20.0)
    seen.wait_until(3_700.0)
    assert seen.open() == []
    assert kinds(seen.changes) == ["opened", "resolved"]
    assert not seen.scorer.open.spans


def test_a_span_that_its_living_process_forgot_is_no_lost_worker() -> None:
    """Its end was lost on the way; the process goes on to tell of others."""
    seen = Listening()
    seen.hear(event(STARTED, 11, 0.0))
    seen.beat(10, 400.0)
    assert seen.found() == []
    assert [key[1] for key in seen.scorer.open.spans.open] == [f"{1_010:016x}"]
