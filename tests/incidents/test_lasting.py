"""Findings that last until they are cleared: what keeps an incident open, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.incident import Member, Snapshot
from loopwatch_processor.incident_members import UNCONFIRMED_S
from loopwatch_processor.incidents import Incidents
from tests.incident_cases import CRITICAL, WARNING, kinds, raised

HOLD_S = 120.0
DAY_S = 86_400.0


def stall(session: str = "s", **more: Any) -> RaisedFinding:
    """A stream that hangs."""
    return raised(session, "stream", **{"severity": WARNING, "lasts": True, **more})


def test_what_lasts_needs_no_sighting_and_leaves_at_once_when_it_is_cleared() -> None:
    """A day later it is open still; then it is over."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    assert incidents.tick(DAY_S) == []
    incidents.cleared(stall(), DAY_S)
    assert kinds(incidents.tick(DAY_S)) == ["resolved"]


def test_it_is_held_open_as_any_other() -> None:
    """Prometheus has to see it."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    incidents.cleared(stall(), 10.0)
    assert incidents.tick(HOLD_S - 1.0) == []
    assert kinds(incidents.tick(HOLD_S)) == ["resolved"]


def test_the_end_of_a_run_does_not_end_what_lasts() -> None:
    """A stream that nobody reads any more still hangs."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    incidents.run_ended("s", "run", 1.0, is_only=True)
    assert incidents.tick(DAY_S) == []


def test_a_session_that_ends_takes_it_along() -> None:
    """It was evicted, or silent for a day; what is cleared later is no fault."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    incidents.session_ended("s", 1.0)
    incidents.cleared(stall(), 2.0)
    assert kinds(incidents.tick(HOLD_S)) == ["resolved"]
    assert not incidents.holds(stall())


def test_both_of_two_streams_have_to_flow_again() -> None:
    """They are told apart by their spans."""
    incidents = Incidents()
    one, other = stall(span_id="1"), stall(span_id="2")
    incidents.find(one, 0.0)
    incidents.see(other, 1.0)
    incidents.cleared(one, 10.0)
    assert incidents.tick(DAY_S) == []
    incidents.cleared(other, DAY_S)
    assert kinds(incidents.tick(DAY_S)) == ["resolved"]


def test_a_stall_that_became_critical_clears_as_a_whole() -> None:
    """Both severities leave."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    worse = stall(severity=CRITICAL)
    incidents.find(worse, 10.0)
    incidents.cleared(worse, 500.0)
    assert kinds(incidents.tick(500.0)) == ["resolved"]


def test_what_was_found_beside_it_goes_on_by_its_own_rules() -> None:
    """A loop in the same session is not over because a stream flows again."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    incidents.find(raised("s", "loop", WARNING), 100.0)
    incidents.cleared(stall(), 200.0)
    assert incidents.tick(999.0) == []
    assert kinds(incidents.tick(1_000.0)) == ["resolved"]


def test_what_is_found_beside_another_keeps_that_open() -> None:
    """A session is inside one incident a severity: the stall is attached to the loop, and stands."""
    incidents = Incidents()
    incidents.find(raised("s", "loop", WARNING), 0.0)
    incidents.find(stall(), 1.0)
    assert incidents.tick(DAY_S) == []
    incidents.cleared(stall(), DAY_S, "It flows.")
    (change,) = incidents.tick(DAY_S)
    assert [told.summary for told in change.incident.attached] == ["It flows."]


def test_the_last_word_is_the_truth() -> None:
    """The page that closes says how it ended."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    incidents.cleared(stall(), 200.0, "It paused for 200 s and ended.")
    (change,) = incidents.tick(200.0)
    assert change.incident.lead.summary == "It paused for 200 s and ended."


def test_it_moves_with_its_session_and_is_cleared_there() -> None:
    """Also where the session is inside an incident already."""
    for known in (False, True):
        incidents = Incidents()
        if known:
            incidents.find(stall("talk", span_id="other"), 0.0)
        incidents.find(stall("trace", span_id="1"), 0.0)
        old = stall("trace", span_id="1")
        new = replace(old, session_key="talk")
        incidents.moved(old, new, 1.0)
        assert incidents.holds(new)
        incidents.cleared(stall("talk", span_id="other"), 2.0)
        assert incidents.tick(DAY_S)[-1:] == [] or incidents.open()
        incidents.cleared(new, DAY_S)
        assert kinds(incidents.tick(DAY_S))[-1] == "resolved"


def restarted(incidents: Incidents, now: float) -> Incidents:
    """After a restart, by way of the journal's plain data."""
    after = Incidents()
    after.restore([Snapshot.from_dict(item.as_dict()) for item in incidents.recent()], now)
    return after


def test_after_a_restart_it_has_to_be_found_again() -> None:
    """Else nobody would ever clear it."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    after = restarted(incidents, 1_000.0)
    assert after.tick(1_000.0 + UNCONFIRMED_S - 1.0) == []
    assert kinds(after.tick(1_000.0 + UNCONFIRMED_S)) == ["resolved"]


def test_what_is_found_again_after_a_restart_stands_as_before() -> None:
    """No change is told of it, and its end is."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    after = restarted(incidents, 1_000.0)
    assert after.see(stall(), 1_010.0) is None
    assert after.tick(DAY_S) == []
    after.cleared(stall(), DAY_S)
    assert kinds(after.tick(DAY_S)) == ["resolved"]


def test_members_of_before_are_read() -> None:
    """A journal that was written before findings could last."""
    plain = Member("s", WARNING, "run", 1.0).as_dict()
    del plain["only_lasts"]
    assert not Member.from_dict(plain).only_lasts


def test_the_age_of_an_open_incident_grows() -> None:
    """By the labels of its series; gone when it is resolved."""
    incidents = Incidents()
    incidents.find(stall(), 0.0)
    incidents.tick(500.0)
    assert incidents.ages_s() == {("production", "svc", "researcher", "stream", "exact", "warning"): 500.0}
    incidents.cleared(stall(), 500.0)
    incidents.tick(501.0)
    assert incidents.ages_s() == {}
