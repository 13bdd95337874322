"""Which messages the life of an incident makes: each page once, updates at a measured pace, an end for each."""

from __future__ import annotations

from typing import Any

import pytest

from loopwatch_processor.finding import Severity
from tests.notify.incidents import KEY, NOW_S, Make, actions, snapshot


def test_an_incident_pages_when_it_opens_and_resolves_when_it_is_over(stage: Make) -> None:
    """The two messages that every page needs."""
    here, incident = stage(), snapshot()
    assert actions(here.messages(incident)) == ["trigger"]
    assert actions(here.messages(incident, "resolved")) == ["resolve"]


def test_nothing_is_said_without_a_receiver(stage: Make) -> None:
    """No route, no channel: silence."""
    assert stage(routes=[]).messages(snapshot()) == []


def test_what_is_less_severe_than_wanted_is_not_told_and_not_resolved(stage: Make) -> None:
    """A warning pages nobody by default, so there is nothing to resolve."""
    here, incident = stage(), snapshot(Severity.WARNING)
    assert here.messages(incident) == []
    assert here.messages(incident, "updated") == []
    assert here.messages(incident, "resolved") == []


def test_a_warning_is_told_where_warnings_are_wanted(stage: Make) -> None:
    """With the severity that it has."""
    (message,) = stage(min_severity="warning").messages(snapshot(Severity.WARNING))
    assert message.payload["payload"]["severity"] == "warning"


def test_a_rise_to_critical_sends_the_first_trigger(stage: Make) -> None:
    """And then its end is told, too."""
    here, incident = stage(), snapshot(Severity.WARNING)
    here.messages(incident)
    (message,) = here.messages(incident, "escalated", severity=Severity.CRITICAL)
    assert (message.action, message.payload["payload"]["severity"]) == ("trigger", "critical")
    assert actions(here.messages(incident, "resolved")) == ["resolve"]


def test_a_fall_below_the_wanted_severity_still_resolves(stage: Make) -> None:
    """Somebody was woken, so somebody is told that it is over."""
    here, incident = stage(), snapshot()
    here.messages(incident)
    assert actions(here.messages(incident, "resolved", severity=Severity.WARNING)) == ["resolve"]


@pytest.mark.parametrize(("environment", "told"), [("prod", 1), ("prod-eu", 1), ("staging", 0), ("", 0)])
def test_only_the_wanted_environments_are_told(stage: Make, environment: str, told: int) -> None:
    """By shell-style patterns."""
    assert len(stage(environments=["prod*"]).messages(snapshot(environment=environment))) == told


def test_an_update_waits_until_the_last_message_is_old_enough(stage: Make) -> None:
    """It is written down at once, to be sent a minute after the trigger; later ones go with it."""
    here, incident = stage(), snapshot()
    here.messages(incident)
    here.clock.now_s += 10
    assert [message.due_s for message in here.messages(incident, "updated", sessions_total=2)] == [NOW_S + 60]
    here.clock.now_s += 10
    assert here.messages(incident, "updated", sessions_total=3) == []
    here.clock.now_s += 50
    assert [message.due_s for message in here.messages(incident, "updated", sessions_total=4)] == [NOW_S + 120]
    here.clock.now_s += 150
    assert [message.due_s for message in here.messages(incident, "updated", sessions_total=5)] == [NOW_S + 220]


def test_an_escalation_does_not_wait(stage: Make) -> None:
    """What got worse is told now."""
    here, incident = stage(), snapshot()
    here.messages(incident)
    here.clock.now_s += 1
    assert [message.due_s for message in here.messages(incident, "escalated", sessions_total=50)] == [NOW_S + 1]


def test_a_muted_incident_pages_nobody(stage: Make) -> None:
    """Neither its opening, nor what comes of it."""
    here, incident = stage(), snapshot(muted=True)
    assert [here.messages(incident, kind) for kind in ("opened", "escalated", "updated", "resolved")] == [[]] * 4


def test_a_mute_acknowledges_the_open_page_once_and_resolves_it_in_the_end(stage: Make) -> None:
    """No trigger while it is muted, but no page stays open either."""
    here, incident = stage(), snapshot()
    here.messages(incident)
    assert actions(here.messages(incident, "updated", muted=True)) == ["acknowledge"]
    assert here.messages(incident, "escalated", muted=True) == []
    assert actions(here.messages(incident, "resolved", muted=True)) == ["resolve"]


def test_a_mute_that_ended_lets_the_next_change_page(stage: Make) -> None:
    """Also an incident that began while it was muted."""
    here, incident = stage(), snapshot()
    here.messages(incident, muted=True)
    assert actions(here.messages(incident, "updated")) == ["trigger"]


def test_the_first_route_that_matches_is_the_only_one(stage: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """By service, agent and environment."""
    monkeypatch.setenv("RESEARCH_KEY", "a" * 32)
    routes: list[dict[str, Any]] = [
        {"match": {"agent": "research*"}, "routing_key_env": "RESEARCH_KEY"},
        {"match": {"environment": "prod"}, "routing_key_env": "PAGERDUTY_KEY"},
    ]
    here = stage(routes=routes)
    assert [item.target for item in here.messages(snapshot(agent="researcher"))] == ["env:RESEARCH_KEY"]
    assert [item.target for item in here.messages(snapshot())] == ["env:PAGERDUTY_KEY"]
    assert here.messages(snapshot(environment="staging")) == []


def test_two_replicas_write_the_same_messages(stage: Make) -> None:
    """Their ids are equal, so a journal that both share holds each message once."""
    incident = snapshot()
    one, other = stage(), stage()
    for kind in ("opened", "escalated", "resolved"):
        ids = [[message.id for message in here.messages(incident, kind)] for here in (one, other)]
        assert ids[0] == ids[1]
        assert len(ids[0]) == 1


def test_every_message_of_an_incident_has_its_own_id(stage: Make) -> None:
    """None of them is taken for another."""
    here, incident = stage(), snapshot()
    found = []
    for kind in ("opened", "updated", "escalated", "updated", "escalated", "resolved"):
        found += [message.id for message in here.messages(incident, kind)]
        here.clock.now_s += 100
    found += [message.id for message in here.messages(snapshot())]
    assert len(set(found)) == len(found) == 7


def test_a_message_holds_no_routing_key(stage: Make) -> None:
    """It is journalled, so it must not."""
    here, incident = stage(), snapshot()
    found = [message for kind in ("opened", "updated", "resolved") for message in here.messages(incident, kind)]
    assert len(found) == 3
    assert KEY not in repr(found)
