"""What becomes of pages whose process died, or that another replica left behind."""

from __future__ import annotations

import pytest

from loopwatch_processor.finding import Severity
from tests.fakes.events_api import EventsApi, Fault
from tests.notify.incidents import NOW_S, Make, play, snapshot


def test_what_waited_when_the_process_died_is_sent_by_the_next_one(stage: Make, api: EventsApi) -> None:
    """And what the dead one delivered without writing that down makes no second page."""

    async def scene() -> None:
        before, incident, other = stage(), snapshot(), snapshot(agent="other")
        before.messages(incident)
        await before.tell(other)
        await before.deliver()
        sent = next(item.id for item in before.outbox.messages.values() if "other" in item.dedup_key)
        before.outbox.states[sent] = "waiting"
        after = stage(outbox=before.outbox)
        assert await after.notifier.restore([incident, other]) == []
        await after.deliver_all()
        for item in (incident, other):
            await after.tell(item, "resolved")
        await after.deliver_all()

    play(scene())
    assert sorted((item.dedup_key, item.status) for item in api.incidents) == [
        ("loopwatch/prod/billing/other/loop", "resolved"),
        ("loopwatch/prod/billing/refunds/loop", "resolved"),
    ]


def test_a_death_does_not_put_off_what_an_update_would_have_said_too(stage: Make, api: EventsApi) -> None:
    """The page that could not be sent yet is due in the next process, not only the update after it."""
    api.faults.append(Fault(status=503, count=1))

    async def scene() -> None:
        before, incident = stage(), snapshot()
        await before.tell(incident)
        await before.tell(incident, "updated", sessions_total=3)
        await before.deliver()
        after = stage(outbox=before.outbox)
        await after.notifier.restore([incident])
        after.clock.now_s += 10
        await after.deliver()
        assert set(after.outbox.states.values()) == {"delivered"}

    play(scene())
    assert [event["at_s"] for event in api.events] == [NOW_S + 10]


def test_a_restart_forgets_neither_the_pace_nor_what_was_told(stage: Make) -> None:
    """An incident that paged before pages no second time, and its next message has an id of its own."""

    async def scene() -> None:
        before, told, silent = stage(), snapshot(), snapshot(Severity.WARNING)
        first = before.messages(told) + before.messages(silent)
        after = stage(outbox=before.outbox)
        await after.notifier.restore([told, silent])
        after.clock.now_s += 1
        (update,) = after.messages(told, "updated", sessions_total=2)
        assert update.due_s == NOW_S + 60
        assert update.id not in {message.id for message in first}
        assert after.messages(silent, "resolved") == []

    play(scene())


def test_a_page_whose_incident_is_forgotten_is_closed(stage: Make, api: EventsApi) -> None:
    """Nothing stays open for ever because the journal lost it."""

    async def scene() -> None:
        before, incident = stage(), snapshot()
        await before.tell(incident)
        await before.deliver()
        after = stage(outbox=before.outbox)
        closing = await after.notifier.restore([])
        after.outbox.add(closing)
        await after.notifier.take(closing)
        await after.deliver_all()

    play(scene())
    assert [item.status for item in api.incidents] == ["resolved"]


def test_a_journal_that_is_read_late_closes_no_page_of_this_process(stage: Make) -> None:
    """It could not be opened at the start, and tells of the time before when pages are open already."""

    async def scene() -> None:
        before, old = stage(), snapshot(agent="old")
        before.messages(old)
        after, new = stage(outbox=before.outbox), snapshot(agent="new")
        after.messages(new)
        assert await after.notifier.restore([old]) == []
        for incident in (old, new):
            assert [message.action for message in after.messages(incident, "resolved")] == ["resolve"]

    play(scene())


def test_what_another_replica_left_behind_is_taken_over(stage: Make, api: EventsApi) -> None:
    """After two minutes; what is younger is the other's."""

    async def scene() -> None:
        dead, alive = stage(), stage()
        dead.messages(snapshot())
        alive.outbox.messages, alive.outbox.states = dead.outbox.messages, dead.outbox.states
        await alive.notifier.delivery.sweep()
        await alive.deliver()
        assert api.events == []
        alive.clock.now_s += 121
        for _ in range(2):
            await alive.notifier.delivery.sweep()
            await alive.deliver()

    play(scene())
    assert len(api.events) == 1


def test_what_another_replica_delivered_is_left(stage: Make, api: EventsApi) -> None:
    """A trigger that comes after the other's resolve would page a second time."""
    api.faults.append(Fault(status=429, retry_after_s=300))

    async def scene() -> None:
        here = stage()
        await here.tell(snapshot())
        await here.deliver()
        here.clock.now_s += 200
        here.outbox.states = dict.fromkeys(here.outbox.states, "delivered")
        await here.notifier.delivery.sweep()
        await here.deliver_all()
        assert here.notifier.delivery.waiting() == {"pagerduty": 0}

    play(scene())
    assert api.events == []


def test_a_receiver_that_is_gone_is_told_nothing(stage: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Its messages are refused, not kept for ever."""

    async def scene() -> None:
        before = stage()
        before.messages(snapshot())
        after = stage(outbox=before.outbox, routes=[])
        await after.notifier.restore([])
        assert set(after.outbox.states.values()) == {"refused"}

    play(scene())
    assert "not configured any more" in caplog.text
