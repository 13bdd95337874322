"""Requests that somebody else has to own first: the answer waits, and other requests do not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from loopwatch_processor.errors import Busy, RefusedDownstream
from loopwatch_processor.receive.admission import Admission, AdmissionLimits
from loopwatch_processor.receive.intake import Receipt, Signal
from tests.receive.harness import Recorder, receivers


def _later(outcome: Receipt | Exception) -> Callable[[Signal, bytes], Awaitable[Receipt]]:
    async def owned() -> Receipt:
        await asyncio.sleep(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return lambda signal, body: owned()


def test_a_waiting_request_blocks_nobody_and_is_counted() -> None:
    """The turn is given on while the first request waits, and the bound on requests still counts it."""

    async def run() -> None:
        gate = asyncio.Event()

        async def owned() -> Receipt:
            await gate.wait()
            return Receipt()

        recorder = Recorder(lambda signal, body: owned() if body == b"slow" else Receipt())
        admission = Admission(recorder, AdmissionLimits(requests_max=2))

        async def one(body: bytes) -> Receipt:
            with admission.request():
                return await admission.accept(Signal.traces, lambda: body)

        slow = asyncio.create_task(one(b"slow"))
        while not recorder.bodies:
            await asyncio.sleep(0)
        assert await one(b"quick") == Receipt()
        also_slow = asyncio.create_task(one(b"slow"))
        while len(recorder.bodies) < 3:
            await asyncio.sleep(0)
        with pytest.raises(Busy):
            await one(b"quick")
        gate.set()
        assert list(await asyncio.gather(slow, also_slow)) == [Receipt(), Receipt()]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("outcome", "http_status"),
    [(Receipt(), 200), (Busy(2), 503), (RefusedDownstream("no"), 400), (KeyError("bug"), 503)],
)
def test_what_comes_later_is_answered_as_if_it_came_at_once(outcome: Receipt | Exception, http_status: int) -> None:
    """A wait changes nothing about the answer; a fault of ours is still retryable and counted."""
    with receivers(Recorder(_later(outcome))) as servers:
        headers = {"content-type": "application/x-protobuf"}
        answer = httpx.post(servers.url + "/v1/traces", content=b"x", headers=headers, trust_env=False)
    assert answer.status_code == http_status
    assert [type(fault) for fault in servers.intake.faults] == [KeyError] * isinstance(outcome, KeyError)
