"""In which order a receiver hears of an incident, and how often."""

from __future__ import annotations

import httpx

from tests.fakes.events_api import EventsApi, Fault
from tests.notify.incidents import NOW_S, Make, Stage, play, snapshot


def test_a_resolve_never_overtakes_its_trigger(stage: Make, api: EventsApi) -> None:
    """The trigger fails for a while; both arrive, in their order."""
    api.faults.append(Fault(status=503, count=3))

    async def scene() -> None:
        here, incident = stage(), snapshot()
        await here.tell(incident)
        await here.deliver()
        await here.tell(incident, "resolved")
        await here.deliver_all()

    play(scene())
    assert [event["event_action"] for event in api.events] == ["trigger", "resolve"]
    assert [item.status for item in api.incidents] == ["resolved"]


def test_what_opens_again_waits_for_its_former_end(stage: Make, api: EventsApi) -> None:
    """Both lives have one dedup key, so the order across them counts as well."""
    api.faults.append(Fault(status=503, count=2))

    async def scene() -> None:
        here = stage()
        first, second = snapshot(), snapshot()
        for incident, kind in ((first, "opened"), (first, "resolved"), (second, "opened")):
            await here.tell(incident, kind)
        await here.deliver_all()

    play(scene())
    assert [item.status for item in api.incidents] == ["resolved", "triggered"]


def test_one_page_that_fails_does_not_hold_up_the_others(stage: Make, api: EventsApi) -> None:
    """What a receiver stumbles over is put behind what it takes."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "poison" in request.content.decode():
            return httpx.Response(500)
        status, found = api.enqueue(request.content)
        return httpx.Response(status, json=found)

    async def scene() -> None:
        here = stage()
        here = Stage(here.settings, here.clock, transport=httpx.MockTransport(answer))
        await here.tell(snapshot(agent="poison"))
        await here.tell(snapshot(agent="fine"))
        await here.deliver_all(most_s=30)

    play(scene())
    assert [item.payload["component"] for item in api.incidents] == ["fine"]


def test_updates_that_wait_become_one(stage: Make, api: EventsApi) -> None:
    """Fifty sessions join within a minute: one trigger, one update with all of them."""

    async def scene() -> None:
        here, incident = stage(), snapshot()
        await here.tell(incident)
        await here.deliver()
        for total in range(2, 51):
            here.clock.now_s += 0.5
            await here.tell(incident, "updated", sessions_total=total)
            await here.deliver()
        assert len(api.events) == 1
        assert len(here.outbox.messages) == 2
        assert here.notifier.delivery.waiting() == {"pagerduty": 1}
        await here.deliver_all()
        assert set(here.outbox.states.values()) == {"delivered"}

    play(scene())
    assert [event["at_s"] for event in api.events] == [NOW_S, NOW_S + 60]
    assert "in 50 sessions" in api.incidents[0].summary


def test_an_update_that_waits_is_not_sent_after_the_end(stage: Make, api: EventsApi) -> None:
    """It would open the page anew."""

    async def scene() -> None:
        here, incident = stage(), snapshot()
        await here.tell(incident)
        await here.deliver()
        here.clock.now_s += 1
        await here.tell(incident, "updated", sessions_total=2)
        await here.tell(incident, "resolved")
        await here.deliver_all()

    play(scene())
    assert [event["event_action"] for event in api.events] == ["trigger", "resolve"]


def test_a_page_whose_first_word_fails_says_the_newest_when_it_arrives(stage: Make, api: EventsApi) -> None:
    """Updates neither replace the page nor put it off."""
    api.faults.append(Fault(status=503, count=1))

    async def scene() -> None:
        here, incident = stage(), snapshot()
        await here.tell(incident)
        await here.deliver()
        here.clock.now_s += 1
        await here.tell(incident, "updated", sessions_total=3)
        await here.deliver_all()

    play(scene())
    (event,) = api.events
    assert "in 3 sessions" in event["payload"]["summary"]
    assert event["at_s"] < NOW_S + 10


def test_the_rate_of_a_key_stays_below_a_hundred_a_minute(stage: Make, api: EventsApi) -> None:
    """A thousand pages by themselves, where nobody wants them as a storm."""

    async def scene() -> None:
        here = stage(storm_incidents=1_000_000)
        for n in range(1_000):
            await here.tell(snapshot(agent=f"agent-{n}"))
        await here.deliver_all()
        assert ("pagerduty", "failed") not in here.counts

    play(scene())
    times = [event["at_s"] for event in api.events]
    assert len(api.incidents) == 1_000
    assert max(sum(at_s <= other < at_s + 60 for other in times) for at_s in times) <= 100
    assert times[-1] - NOW_S < 700
