"""What holds for incidents whatever happens in whatever order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.incident import Change, ChangeKind
from loopwatch_processor.incidents import IncidentLimits, Incidents
from tests.incident_cases import CRITICAL, INFO, WARNING, raised

LIMITS = IncidentLimits(max_hold_s=1_000.0, max_findings=3)
SESSIONS = ("s1", "s2", "s3", "s4")
Deed = tuple[Any, ...]

sessions = st.sampled_from(SESSIONS)
runs = st.sampled_from(("r1", "r2"))
agents = st.sampled_from(("", "a1", "a2"))
what = st.tuples(
    sessions, st.sampled_from(("loop", "budget", "context")), st.sampled_from((INFO, WARNING, CRITICAL)), runs, agents
)
deeds: st.SearchStrategy[list[Deed]] = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("find", "see")), what, st.booleans(), st.sampled_from((None, 0.5, 9.0))),
        st.tuples(st.just("moved"), what, sessions, runs),
        st.tuples(st.just("run_ended"), sessions, runs),
        st.tuples(st.just("session_ended"), sessions),
        st.tuples(st.just("tick"), st.sampled_from((-300.0, 1.0, 70.0, 130.0, 1_000.0))),
        st.tuples(st.just("restart")),
    ),
    max_size=60,
)


class Story:
    """Incidents to which all *deeds* happen."""

    def __init__(self, deeds: list[Deed]) -> None:
        self.incidents = Incidents(LIMITS)
        self.now = 10_000.0
        self.changes: list[Change] = []
        for number, deed in enumerate(deeds, 1):
            self._do(number, *deed)
            check(self.incidents)

    def _do(self, number: int, name: str, *how: Any) -> None:
        incidents = self.incidents
        self.now += 0.5
        if name in ("find", "see"):
            (session, detector, severity, run, agent), stands, usd = how
            item = raised(
                session, detector, severity, run_key=run, agent=agent, stands=stands, wasted_usd=usd, at_ns=number
            )
            change = (incidents.find if name == "find" else incidents.see)(item, self.now)
            self.changes += [change] if change is not None else []
        elif name == "moved":
            (session, detector, severity, run, agent), other, other_run = how
            old = raised(session, detector, severity, run_key=run, agent=agent)
            incidents.moved(old, replace(old, session_key=other, run_key=other_run, agent=agent or "a1"), self.now)
        elif name == "tick":
            self.now += how[0]
            self.changes += incidents.tick(self.now)
        elif name == "restart":
            self.changes += incidents.tick(self.now)
            self.incidents = Incidents(LIMITS)
            self.incidents.restore(incidents.recent(), self.now)
        else:
            getattr(incidents, name)(*how, self.now)

    def end(self) -> None:
        """Every session ends, and time passes."""
        for session in SESSIONS:
            self.incidents.session_ended(session, self.now)
        self.changes += self.incidents.tick(self.now + LIMITS.max_hold_s + 400.0)


def check(incidents: Incidents) -> None:
    """What holds at any moment."""
    opened = incidents.open()
    assert len({item.identity.dedup_key for item in opened}) == len(opened)
    inside = Counter((member.session_key, member.severity) for item in opened for member in item.members)
    assert set(inside.values()) <= {1}
    for item in opened:
        assert item.is_open
        assert set(item.sessions) == {member.session_key for member in item.members}
        assert item.sessions_open == len(item.sessions) <= item.sessions_total
        assert len(item.attached) <= LIMITS.max_findings
        assert item.severity >= max((member.severity for member in item.members), default=INFO)
        assert (item.wasted_usd or 0.0) >= 0.0
    served = {labels for labels, value in incidents.series().items() if value}
    assert len(served) == len(opened)


@given(deeds)
def test_what_was_opened_is_resolved_when_all_is_over(deeds: list[Deed]) -> None:
    """Each incident is opened once and resolved once, and whatever else is told of it lies between."""
    story = Story(deeds)
    story.end()

    assert story.incidents.open() == []
    assert set(story.incidents.series().values()) <= {0}
    lives: dict[str, list[ChangeKind]] = {}
    for change in story.changes:
        lives.setdefault(change.incident.id, []).append(change.kind)
    for kinds in lives.values():
        assert (kinds[0], kinds[-1]) == (ChangeKind.OPENED, ChangeKind.RESOLVED)
        assert not {ChangeKind.OPENED, ChangeKind.RESOLVED} & set(kinds[1:-1])


@given(deeds)
def test_two_that_are_fed_the_same_tell_the_same(deeds: list[Deed]) -> None:
    """Two replicas page once: keys, ids and everything else are the same."""
    assert Story(deeds).changes == Story(deeds).changes
