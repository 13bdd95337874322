"""What a mute changes about an incident: whether anybody is told."""

from __future__ import annotations

import pytest

from loopwatch_processor.incident import ChangeKind
from loopwatch_processor.incidents import Incidents
from tests.incident_cases import found, raised


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
