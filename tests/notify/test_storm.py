"""Many incidents at once become a few pages, and one that stands for the rest."""

from __future__ import annotations

import asyncio

from loopwatch_processor.finding import Severity
from tests.fakes.events_api import EventsApi
from tests.notify.incidents import NOW_S, Make, Stage, actions, snapshot

STORM = "loopwatch/storm/prod"


def many(count: int, **fields: object) -> list[Stage]:
    return [snapshot(agent=f"agent-{n}", session_key=f"session-{n}", **fields) for n in range(count)]  # type: ignore[misc]


def test_ten_incidents_are_ten_pages(stage: Make) -> None:
    """Up to the limit each is told by itself."""
    here = stage()
    found = [message for incident in many(10) for message in here.messages(incident)]
    assert len({message.dedup_key for message in found}) == 10
    assert STORM not in {message.dedup_key for message in found}


def test_the_eleventh_becomes_the_storm_page(stage: Make) -> None:
    """It says how many agents and sessions are inside."""
    here = stage()
    found = [message for incident in many(12) for message in here.messages(incident)]
    assert [message.dedup_key for message in found[10:]] == [STORM, STORM]
    event = here.notifier._fresh(found[-1]).payload
    assert [link["href"].rpartition("/")[2] for link in event["links"]] == ["README.md#a-storm"]
    payload = event["payload"]
    assert payload["summary"].startswith("[prod] storm: 2 further incidents of 2 agents in 2 sessions (loop)")
    assert payload["custom_details"]["agents"] == ["agent-10 (billing): 1 session", "agent-11 (billing): 1 session"]
    assert payload["custom_details"]["sessions"] == ["session-10", "session-11"]


def test_incidents_far_enough_apart_are_no_storm(stage: Make) -> None:
    """Twenty in ten minutes, never more than ten in five."""
    here, found = stage(), []
    for incident in many(20):
        found += here.messages(incident)
        here.clock.now_s += 31
    assert STORM not in {message.dedup_key for message in found}


def test_environments_have_storms_of_their_own(stage: Make) -> None:
    """One in staging hides nothing in production."""
    here = stage()
    for incident in many(15, environment="staging"):
        here.messages(incident)
    (message,) = here.messages(snapshot(agent="other"))
    assert message.dedup_key == "loopwatch/prod/billing/other/loop"


def test_a_storm_is_over_when_its_last_incident_is(stage: Make) -> None:
    """And not before; those that paged by themselves resolve by themselves."""
    here, incidents = stage(), many(13)
    for incident in incidents:
        here.messages(incident)
    first = here.messages(incidents[10], "resolved") + here.messages(incidents[11], "resolved")
    assert "resolve" not in actions(first)
    (last,) = here.messages(incidents[12], "resolved")
    assert (last.action, last.dedup_key) == ("resolve", STORM)
    (own,) = here.messages(incidents[0], "resolved")
    assert (own.action, own.dedup_key) == ("resolve", "loopwatch/prod/billing/agent-0/loop")


def test_a_storm_that_gets_worse_is_told_at_once(stage: Make) -> None:
    """The first critical incident in a storm of warnings does not wait its minute."""
    here, incidents = stage(min_severity="warning"), many(13, severity=Severity.WARNING)
    found = [message for incident in incidents for message in here.messages(incident)]
    assert found[-1].due_s == NOW_S + 60
    (worse,) = here.messages(incidents[-1], "escalated", severity=Severity.CRITICAL)
    assert (worse.due_s, worse.payload["payload"]["severity"]) == (NOW_S, "critical")


def test_a_thousand_incidents_at_once_are_a_handful_of_pages(stage: Make, api: EventsApi) -> None:
    """They stay below the rate limit, every one is counted, and in the end nothing is open."""

    async def scene() -> None:
        here, incidents = stage(), many(1_000)
        for incident in incidents:
            await here.tell(incident)
        await here.deliver_all()
        assert len(api.incidents) == 11
        storm = api.incidents[-1]
        assert storm.dedup_key == STORM
        assert "990 further incidents of 990 agents in 990 sessions" in storm.summary
        assert storm.payload["custom_details"]["sessions_total"] == 990
        for incident in incidents:
            await here.tell(incident, "resolved")
        await here.deliver_all()
        assert len(api.incidents) == len(api.of("resolved")) == 11

    asyncio.run(scene())
    assert set(api.answers) == {202}
    assert len(api.events) < 40


def test_what_is_told_of_a_storm_is_as_new_as_the_moment_when_it_is_sent(stage: Make, api: EventsApi) -> None:
    """A burst is one message in the journal, and the page tells all of it."""

    async def scene() -> None:
        here, incidents = stage(), many(14)
        for incident in incidents:
            await here.tell(incident)
        assert len(here.outbox.messages) == 12
        await here.deliver_all()
        await here.tell(incidents[13], "resolved")
        await here.deliver_all()

    asyncio.run(scene())
    summaries = [event["payload"]["summary"] for event in api.events if event["dedup_key"] == STORM]
    assert [summary.split(" of ")[0] for summary in summaries] == [
        "[prod] storm: 4 further incidents",
        "[prod] storm: 3 further incidents",
    ]


def test_a_restart_goes_on_with_the_storm(stage: Make) -> None:
    """What opened before it is still inside, and the last of it resolves the page."""
    before, incidents = stage(), many(13)
    for incident in incidents:
        before.messages(incident)

    async def scene() -> None:
        after = stage(outbox=before.outbox)
        assert await after.notifier.restore(incidents) == []
        after.clock.now_s += 100
        assert [message.dedup_key for message in after.messages(snapshot(agent="late"))] == [STORM]
        for incident in incidents[10:]:
            after.clock.now_s += 100
            assert {message.dedup_key for message in after.messages(incident, "resolved")} == {STORM}
        (own,) = after.messages(incidents[3], "resolved")
        assert own.dedup_key == "loopwatch/prod/billing/agent-3/loop"

    asyncio.run(scene())
