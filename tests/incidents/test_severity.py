"""When an incident escalates, and when it becomes milder."""

from __future__ import annotations

import pytest

from loopwatch_processor.incident import ChangeKind
from loopwatch_processor.incidents import IncidentLimits, Incidents
from tests.incident_cases import CRITICAL, INFO, WARNING, found, kinds, raised

LIMITS = IncidentLimits()


def test_a_warning_that_becomes_critical_escalates() -> None:
    """The same incident with the worse finding as its lead; the step that it stands since is kept."""
    incidents = Incidents()
    opened, escalated = found(incidents, raised("s", severity=WARNING, step=4), raised("s", severity=CRITICAL, step=9))

    assert (opened.kind, escalated.kind) == (ChangeKind.OPENED, ChangeKind.ESCALATED)
    assert opened.incident.id == escalated.incident.id
    assert (escalated.incident.lead.severity, escalated.incident.lead.since) == (CRITICAL, 4)
    assert escalated.incident.attached == ()


def test_a_worse_session_escalates_the_incident_of_its_agent() -> None:
    """The lead is the first of the worst; what led before is attached."""
    incidents = Incidents()
    changes = found(incidents, raised("s1", severity=WARNING), raised("s2"), raised("s3"), raised("s4", severity=INFO))

    (incident,) = incidents.open()
    assert kinds(changes) == ["opened", "escalated", "updated", "updated"]
    assert incident.lead.session_key == "s2"
    assert [told.session_key for told in incident.attached] == ["s1", "s3", "s4"]


def test_five_times_the_sessions_of_when_it_was_last_told_escalate() -> None:
    """A thousand sessions that loop at once are a handful of messages that matter."""
    incidents = Incidents()
    changes = found(incidents, *(raised(f"s{n}") for n in range(1_000)))

    escalated = [change.incident.sessions_total for change in changes if change.kind is ChangeKind.ESCALATED]
    assert escalated == [5, 25, 125, 625]
    (incident,) = incidents.open()
    assert incident.sessions_total == incident.sessions_open == 1_000
    assert len(incident.sessions) == LIMITS.max_sessions_listed
    assert len(incident.attached) == LIMITS.max_findings
    assert incidents.counts.forgotten["incident_findings"] == 999 - LIMITS.max_findings


def test_five_times_the_dollars_escalate() -> None:
    """Money grows while a finding is only given out again; five times a cent is no news."""
    incidents = Incidents()
    found(incidents, raised("s", wasted_usd=0.01))
    changes = [incidents.see(raised("s", wasted_usd=usd), 1.0) for usd in (0.1, 4.9, 5.0, 6.0, 24.0, 25.0)]

    assert [change.incident.wasted_usd for change in changes if change is not None] == [5.0, 25.0]
    assert set(kinds(changes)) == {"escalated"}


def test_the_dollars_of_one_session_are_counted_once() -> None:
    """Its detectors speak of the same calls; sessions are added up, and a lower figure takes nothing away."""
    incidents = Incidents()
    found(
        incidents,
        raised("s1", wasted_usd=1.0, wasted_tokens=10),
        raised("s1", "progress", wasted_usd=0.8, wasted_tokens=30),
        raised("s2", wasted_usd=0.5),
        raised("s2", "progress"),
    )

    (incident,) = incidents.open()
    assert incident.wasted_usd == pytest.approx(1.5)
    assert incident.wasted_tokens == 30


def test_severity_falls_when_the_worst_session_has_left() -> None:
    """What remains is a ticket, named by a session that is still inside."""
    incidents = Incidents()
    found(incidents, raised("s1"), raised("s2", severity=WARNING, pattern="cycle"))
    incidents.session_ended("s1", 10.0)
    assert incidents.tick(LIMITS.hold_s - 1) == []

    (fallen,) = incidents.tick(LIMITS.hold_s)

    assert (fallen.kind, fallen.incident.severity) == (ChangeKind.UPDATED, WARNING)
    assert fallen.incident.lead.session_key == "s2"
    assert [told.session_key for told in fallen.incident.attached] == ["s1"]


def test_a_session_whose_loop_got_milder_falls_to_what_is_still_found() -> None:
    """Warnings do not keep a critical incident critical."""
    incidents = Incidents()
    found(incidents, raised("s", severity=WARNING), raised("s"))
    for now in range(60, 1_200, 60):
        changes = [incidents.see(raised("s", severity=WARNING), float(now)), *incidents.tick(now + 1.0)]
        if kinds(changes):
            break

    assert kinds(changes) == ["updated"]
    assert now >= LIMITS.quiet_s
    assert incidents.open()[0].severity is WARNING
