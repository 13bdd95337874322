"""How long an incident goes on, and when it is over."""

from __future__ import annotations

from loopwatch_processor.incident import Change, ChangeKind
from loopwatch_processor.incidents import IncidentLimits, Incidents
from tests.incident_cases import WARNING, found, kinds, pages, raised

LIMITS = IncidentLimits()


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
