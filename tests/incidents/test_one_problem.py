"""Which findings are one incident, and one page."""

from __future__ import annotations

from loopwatch_processor.incident import ChangeKind
from loopwatch_processor.incidents import IncidentLimits, Incidents
from tests.incident_cases import CRITICAL, INFO, WARNING, found, kinds, pages, raised

FIVE = ("loop", "progress", "context", "stream", "budget")


def test_one_session_that_trips_five_detectors_is_one_page() -> None:
    """The first names the incident, the others are attached."""
    incidents = Incidents()
    changes = found(incidents, *(raised("s", detector) for detector in FIVE))

    (incident,) = incidents.open()
    assert pages(changes) == 1
    assert kinds(changes) == ["opened", *["updated"] * 4]
    assert incident.identity.detector == "loop"
    assert [told.detector for told in incident.attached] == list(FIVE[1:])
    assert incident.sessions == ("s",)


def test_fifty_sessions_of_one_agent_are_one_page() -> None:
    """Whatever else each of them trips; the page lists them."""
    incidents = Incidents()
    changes = found(incidents, *(raised(f"s{n}", detector) for n in range(50) for detector in ("loop", "budget")))

    (incident,) = incidents.open()
    assert pages(changes) == 1
    assert incident.sessions_total == incident.sessions_open == 50
    assert incident.sessions[:2] == ("s0", "s1")


def test_another_agent_service_environment_or_detector_is_another_incident() -> None:
    """The identity is these four, and nothing else."""
    incidents = Incidents()
    one = raised("s1", pattern="exact", severity=WARNING)
    others = (
        raised("s2", agent="writer"),
        raised("s3", service="other"),
        raised("s4", environment="staging"),
        raised("s5", "budget"),
    )
    found(incidents, one, *others, raised("s6", pattern="cycle", score=0.1, severity=WARNING))

    assert len(incidents.open()) == 5
    assert incidents.open()[0].sessions == ("s1", "s6")


def test_a_warning_of_one_detector_and_a_critical_finding_of_another_are_two_incidents_and_one_page() -> None:
    """A session has at most one open incident per severity."""
    incidents = Incidents()
    changes = found(
        incidents,
        raised("s", "context", WARNING),
        raised("s", "loop", WARNING),
        raised("s", "loop", CRITICAL),
        raised("s", "budget", CRITICAL),
        raised("s", "stream", WARNING),
    )

    ticket, page = incidents.open()
    assert (ticket.identity.detector, ticket.severity) == ("context", WARNING)
    assert (page.identity.detector, page.severity) == ("loop", CRITICAL)
    assert [told.detector for told in ticket.attached] == ["loop", "stream"]
    assert [told.detector for told in page.attached] == ["budget"]
    assert pages(changes) == 1


def test_a_finding_less_severe_than_what_its_session_is_inside_of_opens_nothing() -> None:
    """It is attached to what is open, whichever detector leads that."""
    incidents = Incidents()
    changes = found(incidents, raised("s"), raised("s", "context", INFO), raised("s", "loop", WARNING, pattern="cycle"))

    (incident,) = incidents.open()
    assert kinds(changes) == ["opened", "updated", "updated"]
    assert incident.severity is CRITICAL
    assert incident.lead.pattern == "exact"


def test_beyond_the_bound_the_least_severe_are_not_opened() -> None:
    """Each that was not is counted, and what is worse takes the place of what is less."""
    incidents = Incidents(IncidentLimits(max_open=2))
    opened = found(
        incidents, raised("s1", severity=INFO), raised("s2", "budget", WARNING), raised("s3", "context", INFO)
    )
    assert kinds(opened) == ["opened", "opened"]

    (worse,) = found(incidents, raised("s4", "stream", CRITICAL), now=5.0)

    assert worse.kind is ChangeKind.OPENED
    (closed,) = incidents.tick(6.0)
    assert (closed.kind, closed.incident.identity.detector) == (ChangeKind.RESOLVED, "loop")
    assert [item.identity.detector for item in incidents.open()] == ["budget", "stream"]
    assert incidents.counts.forgotten["incidents"] == 2
