"""Pages arrive: what fails for now is tried again, what is refused is not."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace

import httpx
import pytest

from loopwatch_processor.config.notify import PAGERDUTY_URL
from loopwatch_processor.notify.pagerduty import PagerDuty
from loopwatch_processor.routing_key import KeySource
from tests.fakes.events_api import EventsApi, Fault, serving
from tests.notify.incidents import NOW_S, Clock, Make, MemoryOutbox, Stage, change, play, snapshot


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


def test_a_failing_journal_stops_no_page(stage: Make, api: EventsApi) -> None:
    """What is in memory is sent."""

    async def scene() -> None:
        here = stage(outbox=MemoryOutbox(broken=True))
        await here.notifier.take(here.notifier.messages(change(snapshot())))
        await here.deliver_all()
        assert here.counts == [("pagerduty", "delivered")]

    play(scene())
    assert len(api.incidents) == 1


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
