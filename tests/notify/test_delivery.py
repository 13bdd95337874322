"""Each message arrives at least once and in order, whatever the receiver, the network or the journal do."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import httpx
import pytest

from loopwatch_processor.config.notify import PAGERDUTY_URL
from loopwatch_processor.finding import Severity
from loopwatch_processor.notify.pagerduty import PagerDuty
from loopwatch_processor.routing_key import KeySource
from tests.fakes.events_api import EventsApi, Fault, serving
from tests.notify.incidents import KEY, NOW_S, Clock, MemoryOutbox, Stage, change, snapshot

Make = Callable[..., Stage]


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scene)


def test_a_page_is_delivered_and_resolved(stage: Make, api: EventsApi) -> None:
    """Counted once each, and the outbox knows."""

    async def scene() -> None:
        here, incident = stage(), snapshot()
        await here.tell(incident)
        await here.deliver()
        assert [item.status for item in api.incidents] == ["triggered"]
        await here.tell(incident, "resolved")
        await here.deliver()
        assert here.counts == [("pagerduty", "delivered")] * 2
        assert set(here.outbox.states.values()) == {"delivered"}

    play(scene())
    assert [item.status for item in api.incidents] == ["resolved"]


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=503), Fault(status=429), Fault(reset=True)])
def test_what_fails_for_now_is_tried_again(stage: Make, api: EventsApi, fault: Fault) -> None:
    """Server errors, throttling and network faults cost time, and no page."""
    api.faults.append(replace(fault, count=4))

    async def scene() -> None:
        here = stage()
        await here.tell(snapshot())
        await here.deliver_all()
        assert here.counts == [("pagerduty", "failed")] * 4 + [("pagerduty", "delivered")]
        assert here.clock.now_s > NOW_S + 10

    play(scene())
    assert len(api.incidents) == 1


def test_the_wait_between_attempts_grows_and_is_bounded(stage: Make, api: EventsApi) -> None:
    """From seconds to at most five minutes."""
    api.faults.append(Fault(status=503, count=30))

    async def scene() -> None:
        here, waits = stage(), []
        await here.tell(snapshot())
        await here.deliver()
        while (ready_s := here.notifier.delivery.ready_s()) is not None:
            waits.append(ready_s - here.clock.now_s)
            here.clock.now_s = ready_s
            await here.deliver()
        assert 1.0 <= waits[0] <= 2.0
        assert waits[5] > waits[0]
        assert 150.0 <= max(waits) <= 300.0

    play(scene())


def test_retry_after_is_honoured(stage: Make, api: EventsApi) -> None:
    """What the receiver asks for is the least that it gets."""
    api.faults.append(Fault(status=429, retry_after_s=77))

    async def scene() -> None:
        here = stage()
        await here.tell(snapshot())
        await here.tell(snapshot(agent="other"))
        await here.deliver()
        assert here.notifier.delivery.ready_s() == NOW_S + 77
        await here.deliver_all()

    play(scene())
    assert api.answers == {202: 2}


@pytest.mark.parametrize("status", [400, 401, 404, 413])
def test_what_is_refused_is_not_tried_again(
    stage: Make, api: EventsApi, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted, and logged once with what the receiver said."""
    api.faults.append(Fault(status=status, count=2))

    async def scene() -> None:
        here = stage()
        for agent in ("a", "b"):
            await here.tell(snapshot(agent=agent))
        await here.deliver_all()
        assert here.counts == [("pagerduty", "refused")] * 2
        assert set(here.outbox.states.values()) == {"refused"}

    play(scene())
    (record,) = [item for item in caplog.records if item.levelno == logging.ERROR]
    assert f"HTTP {status} a scripted fault" in record.getMessage()


def test_a_refusal_tells_pagerdutys_own_words(stage: Make, caplog: pytest.LogCaptureFixture, api: EventsApi) -> None:
    """An unknown key is the mistake that people make."""

    async def scene() -> None:
        here = Stage({"routes": [{"routing_key_env": "OTHER"}]}, transport=_answers(EventsApi({"x": "x" * 32})))
        await here.tell(snapshot())
        await here.deliver_all()
        assert here.outbox.errors == ["HTTP 400 Event object is invalid: Invalid routing key"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTHER", "f" * 32)
        play(scene())
    assert "Invalid routing key" in caplog.text


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


def test_a_failing_journal_stops_no_page(stage: Make, api: EventsApi) -> None:
    """What is in memory is sent."""

    async def scene() -> None:
        here = stage(outbox=MemoryOutbox(broken=True))
        await here.notifier.take(here.notifier.messages(change(snapshot())))
        await here.deliver_all()
        assert here.counts == [("pagerduty", "delivered")]

    play(scene())
    assert len(api.incidents) == 1


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


def test_a_page_that_could_not_be_delivered_for_a_day_is_given_up(stage: Make, api: EventsApi) -> None:
    """It is counted as refused."""

    async def scene() -> None:
        here = stage()
        await here.tell(snapshot())
        here.clock.now_s += 86_401
        await here.deliver()
        assert here.counts == [("pagerduty", "refused")]

    play(scene())
    assert api.events == []


def test_the_age_of_the_oldest_page_is_known(stage: Make, api: EventsApi) -> None:
    """For the alert that says that nobody is notified."""
    api.faults.append(Fault(status=503, count=1))

    async def scene() -> None:
        here = stage()
        assert here.notifier.delivery.oldest_s() == {"pagerduty": 0.0}
        await here.tell(snapshot())
        await here.deliver()
        here.clock.now_s += 1
        assert here.notifier.delivery.oldest_s() == {"pagerduty": 1.0}
        await here.deliver_all()
        assert here.notifier.delivery.oldest_s() == {"pagerduty": 0.0}

    play(scene())


def test_a_dry_run_logs_and_sends_nothing(stage: Make, api: EventsApi, caplog: pytest.LogCaptureFixture) -> None:
    """What would have been sent, with the same rules."""

    async def scene() -> None:
        here, incident = stage(dry_run=True), snapshot()
        assert here.messages(incident) == []
        assert here.messages(snapshot(Severity.WARNING)) == []
        assert here.messages(incident, "escalated", sessions_total=50) == []
        assert here.messages(incident, "resolved") == []
        await here.deliver_all()
        assert here.counts == [("pagerduty", "dry_run")] * 3

    with caplog.at_level(logging.INFO):
        play(scene())
    assert api.events == []
    said = "pagerduty env:PAGERDUTY_KEY: [prod] refunds (billing): loop/rephrased"
    assert caplog.text.count(f"dry run: would trigger {said}") == 1  # who counts these lines counts pages
    assert f"dry run: would say more on {said}" in caplog.text


def test_a_dry_run_needs_no_routing_key(stage: Make) -> None:
    """It is the way to start, before there is one."""
    here = stage(dry_run=True, routes=[])
    here.messages(snapshot())
    assert here.counts == [("pagerduty", "dry_run")]


def test_the_running_loop_delivers_and_drains(monkeypatch: pytest.MonkeyPatch) -> None:
    """With real sockets and the real clock: started, woken by a message, and closed with the rest delivered."""
    with serving() as server:

        async def scene() -> None:
            here = Stage({"routes": [{"routing_key_env": "PAGERDUTY_KEY"}], "pagerduty_url": server.url})
            here.clock.now_s = NOW_S
            here.notifier.start()
            incident = snapshot()
            await here.tell(incident)
            while not server.api.incidents:
                await asyncio.sleep(0.01)
            await here.tell(incident, "resolved")
            await here.notifier.close(10.0)

        play(scene())
    assert [item.status for item in server.api.incidents] == ["resolved"]


def test_closing_waits_no_longer_than_it_is_told(stage: Make) -> None:
    """A receiver that does not answer stops no shutdown, and its message stays in the outbox."""

    async def never(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def scene() -> None:
        here = Stage(stage().settings, transport=httpx.MockTransport(never))
        here.notifier.start()
        await here.tell(snapshot())
        await asyncio.sleep(0)
        await here.notifier.close(0.05)
        assert set(here.outbox.states.values()) == {"waiting"}

    play(scene())


def test_a_new_key_in_the_file_works_without_a_restart(tmp_path: Any, api: EventsApi) -> None:
    """A rotated secret is a new file content."""
    file = tmp_path / "key"
    file.write_text("f" * 32)

    async def scene() -> None:
        here = Stage({"routes": [{"routing_key_file": str(file)}]}, transport=_answers(api))
        file.unlink()
        await here.tell(snapshot())
        await here.deliver()
        assert here.counts == [("pagerduty", "failed")]
        file.write_text(f"{KEY}\n")
        await here.deliver_all()

    play(scene())
    assert len(api.incidents) == 1


def test_a_routing_key_is_shown_nowhere(stage: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a log line at any level, an error, a repr or the outbox, also where a proxy quotes the request."""

    def echo(request: httpx.Request) -> httpx.Response:
        if "odd" in request.content.decode():
            raise httpx.ReadError(f"cannot read {request.content.decode()}")
        return httpx.Response(400, text=f"blocked: {request.content.decode()}")

    async def scene() -> None:
        here = Stage({"routes": [{"routing_key_env": "PAGERDUTY_KEY"}]}, transport=httpx.MockTransport(echo))
        for agent in ("even", "odd"):
            await here.tell(snapshot(agent=agent))
        await here.deliver_all(most_s=30)
        assert len(here.outbox.errors) > 2
        shown = [*here.outbox.errors, repr(here.outbox), repr(here.notifier), repr(vars(here.notifier))]
        assert KEY not in "".join(shown)

    with caplog.at_level(logging.DEBUG):
        play(scene())
    assert "(routing key)" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("text", "after_s"), [("5", 5.0), ("Mon, 01 Jun 2026 00:01:00 GMT", 60.0), ("99999", 600.0), ("soon", None)]
)
def test_retry_after_is_read_in_both_forms(text: str, after_s: float | None) -> None:
    """Seconds or a date; nonsense is nothing."""

    async def scene() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(429, headers={"retry-after": text}))
        message = Stage({"routes": [{"routing_key_env": "PAGERDUTY_KEY"}]}).messages(snapshot())[0]
        source = KeySource(variable="PAGERDUTY_KEY")
        sender = PagerDuty(PAGERDUTY_URL, {source.name: source}, Clock(), transport)
        answer = await sender.send(message)
        assert getattr(answer, "after_s", "") == after_s

    play(scene())


def _answers(api: EventsApi) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        status, found = api.enqueue(request.content)
        return httpx.Response(status, content=json.dumps(found))

    return httpx.MockTransport(answer)
