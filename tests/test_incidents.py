"""When findings are one incident, when it is told of, and when it is over."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.incident import DEDUP_KEY_CHARACTERS, Change, ChangeKind, Identity, Snapshot
from loopwatch_processor.incidents import IncidentLimits, Incidents
from tests.incident_cases import CRITICAL, INFO, WARNING, kinds, pages, raised

LIMITS = IncidentLimits()
FIVE = ("loop", "progress", "context", "stream", "budget")


def found(incidents: Incidents, *findings: object, now: float = 0.0) -> list[Change]:
    """The changes that *findings* make, a second apart."""
    changes = [incidents.find(item, now + second) for second, item in enumerate(findings)]  # type: ignore[arg-type]
    return [change for change in changes if change is not None]


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


def test_what_is_found_again_changes_nothing_and_keeps_the_session_inside() -> None:
    """Only silence is the end."""
    incidents = Incidents()
    found(incidents, raised("s"))
    for now in range(0, 7_200, 200):
        assert incidents.see(raised("s"), float(now)) is None
        assert incidents.tick(now + 1.0) == []

    assert kinds(incidents.tick(7_000 + LIMITS.quiet_s - 1)) == []
    assert kinds(incidents.tick(7_000 + LIMITS.quiet_s)) == ["resolved"]


def test_a_loop_of_one_call_every_half_hour_stays_open() -> None:
    """A session is silent for as long as its own pace says: here three half hours, not a quarter of one."""
    incidents = Incidents()
    found(incidents, raised("s", pace_s=1_800.0))
    for step in range(1, 5):
        assert incidents.tick(step * 1_800.0 - 1) == []
        assert incidents.see(raised("s", pace_s=1_800.0), step * 1_800.0) is None

    assert incidents.tick(4 * 1_800.0 + 3 * 1_800.0 - 1) == []
    assert kinds(incidents.tick(4 * 1_800.0 + 3 * 1_800.0)) == ["resolved"]


def test_a_run_that_ends_resolves_after_it_settled_and_the_hold_is_over() -> None:
    """Every scraper has to see that it was open."""
    incidents = Incidents()
    found(incidents, raised("s"))
    incidents.run_ended("s", "run", 10.0)

    assert incidents.tick(LIMITS.hold_s - 1) == []
    (resolved,) = incidents.tick(LIMITS.hold_s)
    assert resolved.kind is ChangeKind.RESOLVED
    assert resolved.incident.resolved_s == LIMITS.hold_s
    assert incidents.open() == []


def test_another_run_that_ends_is_none_of_its_business() -> None:
    """Several runs of one session may go on at the same time."""
    incidents = Incidents()
    found(incidents, raised("s", run_key="one"))
    incidents.run_ended("s", "two", 10.0)
    incidents.run_ended("other", "one", 10.0)

    assert incidents.tick(LIMITS.quiet_s - 1) == []


def test_runs_that_end_one_after_another_do_not_flap() -> None:
    """Each call of the conversation is a run of its own: the end of one is not the end of the loop."""
    incidents = Incidents()
    changes = found(incidents, raised("s", run_key="run 0"))
    for turn in range(1, 20):
        now = turn * 300.0
        incidents.run_ended("s", f"run {turn - 1}", now - 290.0)
        changes += incidents.tick(now - 1)
        seen = incidents.see(raised("s", run_key=f"run {turn}"), now)
        changes += [seen] if seen is not None else []

    assert kinds(changes) == ["opened", "resolved", "opened"]
    assert len(incidents.open()) == 1


def test_a_loop_over_several_runs_stays_open_when_one_of_them_ends() -> None:
    """Its first finding tells of earlier runs already."""
    incidents = Incidents()
    found(incidents, raised("s", across_runs=True))
    incidents.run_ended("s", "run", 10.0)

    assert incidents.tick(LIMITS.quiet_s - 1) == []
    assert kinds(incidents.tick(LIMITS.quiet_s)) == ["resolved"]


def test_what_shows_in_a_later_run_brings_the_session_back() -> None:
    """It is known already, so nobody raises it again; it counts as one session still."""
    incidents = Incidents()
    found(incidents, raised("s", run_key="one"), raised("other"))
    incidents.run_ended("s", "one", 10.0)
    assert incidents.tick(100.0) == []
    assert incidents.open()[0].sessions == ("other",)

    back = incidents.see(raised("s", run_key="two"), 110.0)

    assert back is not None
    assert back.kind is ChangeKind.UPDATED
    assert back.incident.sessions == ("other", "s")
    assert back.incident.sessions_total == 2


def test_a_span_that_is_late_for_its_run_keeps_nothing_open_for_long() -> None:
    """What is found in a run that is over already leaves as soon as one whose run has just ended."""
    incidents = Incidents()
    changes = [incidents.find(raised("s"), 0.0, run_over=True)]

    assert kinds([*changes, *incidents.tick(LIMITS.hold_s)]) == ["opened", "resolved"]


def test_a_limit_that_was_exceeded_stands_until_its_run_ends() -> None:
    """Nobody says it again while the agent waits for an hour, but it is as true as before."""
    incidents = Incidents()
    found(incidents, raised("s", "budget", stands=True))
    assert incidents.tick(20_000.0) == []

    incidents.run_ended("s", "run", 20_000.0)
    assert kinds(incidents.tick(20_000.0 + LIMITS.settle_s)) == ["resolved"]


def test_what_stands_beside_a_loop_outlasts_it() -> None:
    """One page for the session until all of that severity is over."""
    incidents = Incidents()
    found(incidents, raised("s"), raised("s", "budget", stands=True))

    assert incidents.tick(20_000.0) == []
    incidents.session_ended("s", 20_000.0)
    assert kinds(incidents.tick(20_000.0)) == ["resolved"]


def test_a_session_that_ends_leaves_at_once() -> None:
    """The others go on."""
    incidents = Incidents()
    found(incidents, raised("s1"), raised("s2"))
    incidents.session_ended("s1", 300.0)

    assert incidents.tick(300.0) == []
    (incident,) = incidents.open()
    assert (incident.sessions, incident.sessions_open, incident.sessions_total) == (("s2",), 1, 2)


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


def test_flapping_is_held_open_twice_as_long_each_time() -> None:
    """Up to a bound; after a quarter of an hour without it, all is forgotten."""
    limits = IncidentLimits(max_hold_s=900.0)
    incidents = Incidents(limits)
    now, held = 0.0, list[float]()
    for _ in range(6):
        (opened,) = found(incidents, raised("s"), now=now)
        incidents.session_ended("s", now + 1)
        (resolved,) = incidents.tick(now + 10_000.0) if held else incidents.tick(now + 120.0)
        held.append(resolved.incident.held_until_s - now)
        now = resolved.at_s + 100.0

    assert held == [120.0, 240.0, 480.0, 900.0, 900.0, 900.0]
    assert opened.incident.reopened == 5
    (fresh,) = found(incidents, raised("s"), now=now + limits.reopen_s * 20)
    assert fresh.incident.reopened == 0


def test_a_problem_that_comes_and_goes_pages_less_and_less() -> None:
    """Six hours of a loop that stops every five minutes: a few pages, not seventy."""
    incidents = Incidents()
    changes: list[Change] = []
    for turn in range(72):
        now = turn * 300.0
        changes += incidents.tick(now)
        changes += found(incidents, raised(f"s{turn}"), now=now)
        incidents.session_ended(f"s{turn}", now + 1)

    assert 1 < pages(changes) <= 8


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


def test_ids_are_the_same_on_every_replica() -> None:
    """They hang on the identity and the span that opened it, not on the clock of whoever saw it."""
    one, other = Incidents(), Incidents()
    (here,), (there,) = found(one, raised("s", at_ns=7), now=1.0), found(other, raised("s", at_ns=7), now=2.5)

    assert here.incident.id == there.incident.id
    assert here.incident.identity == there.incident.identity == Identity("production", "svc", "researcher", "loop")


TRICKY_NAMES = st.one_of(
    st.sampled_from(["", "-", "--", "%2D", "/", "%", "a/b", "\0", "\ud800", "x" * 300]), st.text(max_size=4)
)
Names = tuple[str, str, str]
NAMES = st.tuples(TRICKY_NAMES, TRICKY_NAMES, TRICKY_NAMES)


@given(NAMES, NAMES)
def test_a_key_means_one_identity_whatever_agents_are_called(one: Names, other: Names) -> None:
    """Two agents never close each other's page; and the key is text that any receiver takes."""
    keys = [Identity(*names, "loop").dedup_key for names in (one, other)]

    assert (keys[0] == keys[1]) == (one == other)
    for key in keys:
        assert len(key.encode()) >= len(key) <= DEDUP_KEY_CHARACTERS
        assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in key)


def test_a_clock_that_goes_back_breaks_nothing() -> None:
    """What is open is held for longer at most, and ends after it began."""
    incidents = Incidents()
    found(incidents, raised("s"), now=10_000.0)
    assert incidents.tick(5_000.0) == []
    incidents.see(raised("s"), 5_000.0)
    incidents.session_ended("s", 5_001.0)

    (resolved,) = incidents.tick(10_000.0 + LIMITS.hold_s)
    assert resolved.incident.resolved_s is not None
    assert resolved.incident.opened_s <= resolved.incident.changed_s <= resolved.incident.resolved_s


def test_mutes_mark_incidents_and_change_nothing_else() -> None:
    """Whether it is told of is not ours to decide."""
    incidents = Incidents()
    incidents.mute(lambda identity: (identity.agent, identity.detector) == ("researcher", "loop"))
    opened = found(incidents, raised("s1"), raised("s2", "budget"), raised("s3", agent="writer"))
    assert [change.incident.muted for change in opened] == [True, False, False]

    incidents.mute(lambda _identity: False)
    assert [item.muted for item in incidents.open()] == [False, False, False]


def test_the_gauge_of_a_muted_incident_is_zero() -> None:
    """The rules that read it would page otherwise."""
    incidents = Incidents()
    found(incidents, raised("s"))
    assert list(incidents.series().values()) == [1]
    incidents.mute(lambda _identity: True)
    assert list(incidents.series().values()) == [0]
    incidents.mute(lambda _identity: False)
    assert list(incidents.series().values()) == [1]


def test_an_open_incident_that_is_muted_says_so_once() -> None:
    """Whoever told of it can take note, and call nobody any more."""
    incidents = Incidents()
    found(incidents, raised("s"))
    for _ in range(2):
        incidents.mute(lambda _identity: True)
    (change,) = incidents.tick(0.0)
    assert (change.kind, change.incident.muted) == (ChangeKind.UPDATED, True)
    assert incidents.tick(1.0) == []


@pytest.mark.parametrize("still", [True, False])
def test_a_mute_that_ended_during_a_restart_is_told_of_as_well(still: bool) -> None:
    """And one that goes on is no news."""
    before, after = Incidents(), Incidents()
    before.mute(lambda _identity: True)
    found(before, raised("s"))
    after.restore(before.open(), 10.0)
    after.mute(lambda _identity: still)

    assert [change.incident.muted for change in after.tick(10.0)] == ([] if still else [False])


def test_the_end_of_a_mute_is_told_of_what_goes_on() -> None:
    """Nobody knows yet of what began under it, and it may go on as it is until morning."""
    incidents = Incidents()
    incidents.mute(lambda _identity: True)
    found(incidents, raised("s"))
    for _ in range(2):
        incidents.mute(lambda _identity: False)
    (change,) = incidents.tick(0.0)
    assert (change.kind, change.incident.muted) == (ChangeKind.UPDATED, False)
    assert incidents.tick(1.0) == []


def test_the_gauge_serves_what_was_open_as_zero_for_a_while() -> None:
    """A scraper sees the end of each combination of labels, and a new one as soon as it is there."""
    incidents = Incidents()
    who = ("production", "svc", "researcher", "loop")
    found(incidents, raised("s", severity=WARNING, pattern="exact"))
    assert incidents.series() == {(*who, "exact", "warning"): 1}
    found(incidents, raised("s", pattern="cycle"), now=10.0)
    assert incidents.series() == {(*who, "exact", "warning"): 0, (*who, "cycle", "critical"): 1}

    incidents.session_ended("s", 300.0)
    incidents.tick(300.0)
    assert incidents.series() == {(*who, "exact", "warning"): 0, (*who, "cycle", "critical"): 0}
    assert [item.is_open for item in incidents.recent()] == [False]
    incidents.tick(10.0 + 900.0)
    assert incidents.series() == {(*who, "cycle", "critical"): 0}
    incidents.tick(1_300.0)
    assert incidents.series() == {}
    assert incidents.recent() == []


def test_nothing_more_to_come_resolves_everything() -> None:
    """At the end of a recording."""
    incidents = Incidents()
    found(incidents, raised("s1"), raised("s2", "budget", stands=True))

    assert kinds(incidents.close()) == ["resolved", "resolved"]
    assert incidents.open() == []
