"""What an incident stays through: restarts, sessions that move, names that come late."""

from __future__ import annotations

import json
from dataclasses import replace

from loopwatch_processor.incident import ChangeKind, Snapshot
from loopwatch_processor.incidents import IncidentLimits, Incidents
from tests.incident_cases import WARNING, found, kinds, pages, raised

LIMITS = IncidentLimits()


def test_a_restart_opens_nothing_new() -> None:
    """What is found again after it belongs to what was open; two journals' worth of JSON in between."""
    before = Incidents()
    found(before, *(raised(f"s{n}", detector) for n in range(3) for detector in ("loop", "budget")))
    kept = [Snapshot.from_dict(json.loads(json.dumps(item.as_dict()))) for item in before.open()]

    after = Incidents()
    after.restore(kept, 600.0)

    assert after.open() == [replace(item, members=after.open()[0].members) for item in before.open()]
    assert after.tick(600.0 + LIMITS.quiet_s - 1) == []
    again = found(after, *(raised(f"s{n}", detector) for n in range(3) for detector in ("loop", "budget")), now=700.0)
    assert kinds(again) == []
    (incident,) = after.open()
    assert (incident.sessions_total, incident.id) == (3, kept[0].id)


def test_a_restart_forgets_that_something_stood_and_resolves_what_is_over() -> None:
    """Nobody will tell when a run of before has ended, so silence does."""
    before = Incidents()
    found(before, raised("s", "budget", stands=True))
    after = Incidents()
    after.restore(before.open(), 600.0)

    assert kinds(after.tick(600.0 + LIMITS.quiet_s)) == ["resolved"]


def test_a_restart_remembers_what_was_resolved_lately() -> None:
    """What opens again soon after is flapping, also where loopwatch restarted in between."""
    before = Incidents()
    found(before, raised("s"))
    before.session_ended("s", 1.0)
    (resolved,) = before.tick(200.0)
    after = Incidents()
    after.restore([resolved.incident], 300.0)

    assert set(after.series().values()) == {0}
    (opened,) = found(after, raised("s", at_ns=2), now=310.0)
    assert opened.incident.reopened == 1
    assert opened.incident.id != resolved.incident.id


def test_what_moves_to_another_session_moves_its_membership() -> None:
    """The spans of a trace turn out to belong to a conversation: the same session under its right name."""
    incidents = Incidents()
    old = raised("trace", run_key="trace", wasted_usd=2.0)
    new = replace(old, session_key="conversation", run_key="root")
    found(incidents, raised("trace", severity=WARNING, run_key="trace", wasted_usd=1.0), old)
    incidents.moved(old, new, 1.0)
    incidents.session_ended("trace", 1.0)

    (updated,) = incidents.tick(LIMITS.hold_s)
    assert updated.kind is ChangeKind.UPDATED
    assert (updated.incident.sessions, updated.incident.sessions_total) == (("conversation",), 1)
    assert updated.incident.lead.session_key == "conversation"
    assert incidents.find(new, 2.0) is None
    assert incidents.open()[0].wasted_usd == 2.0
    incidents.run_ended("conversation", "root", 200.0)
    assert kinds(incidents.tick(200.0 + LIMITS.settle_s)) == ["resolved"]


def test_what_moves_into_a_session_with_an_incident_of_its_own_joins_that() -> None:
    """A session is inside one incident a severity; the other one is over."""
    incidents = Incidents()
    old = raised("trace")
    found(incidents, old, raised("conversation", "budget"))
    incidents.moved(old, replace(old, session_key="conversation"), 3.0)

    assert kinds(incidents.tick(LIMITS.hold_s + 1)) == ["resolved"]
    assert [item.identity.detector for item in incidents.open()] == ["budget"]


def test_a_run_that_is_part_of_another_ends_with_that() -> None:
    """The findings of a sub-agent's turn stay in their session and change their run."""
    incidents = Incidents()
    old = raised("s", "budget", run_key="turn", stands=True)
    found(incidents, old)
    incidents.moved(old, replace(old, run_key="root"), 1.0)
    incidents.run_ended("s", "turn", 2.0)
    assert incidents.tick(10_000.0) == []

    incidents.run_ended("s", "root", 10_000.0)
    assert kinds(incidents.tick(10_000.0 + LIMITS.settle_s)) == ["resolved"]


def test_an_agent_whose_name_comes_late_is_the_same_incident() -> None:
    """Calls arrive before the span that names their agent: what they opened is what the name joins."""
    incidents = Incidents()
    changes = found(
        incidents,
        raised("s1", severity=WARNING, agent=""),
        raised("s1", agent="researcher"),
        raised("s2", agent="researcher"),
        raised("s3", agent=""),
    )

    (incident,) = incidents.open()
    assert pages(changes) == 1
    assert (incident.identity.agent, incident.known_as) == ("", "researcher")
    assert incident.sessions == ("s1", "s2", "s3")


def test_a_late_name_is_remembered_after_a_restart_and_when_it_opens_again() -> None:
    """The dedup key of a problem never changes while anybody may remember it."""
    before = Incidents()
    found(before, raised("s1", agent=""), raised("s1", "loop", WARNING, agent="researcher"))
    after = Incidents()
    after.restore(before.open(), 10.0)
    found(after, raised("s2", agent="researcher"), now=11.0)
    assert len(after.open()) == 1

    for session in ("s1", "s2"):
        after.session_ended(session, 500.0)
    assert kinds(after.tick(500.0)) == ["resolved"]
    (opened,) = found(after, raised("s3", agent="researcher", at_ns=9), now=600.0)
    assert (opened.incident.identity.agent, opened.incident.reopened) == ("", 1)
