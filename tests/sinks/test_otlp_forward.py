"""The OTLP forwarder: the same bytes out, one attempt a request, and the answer handed back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.errors import Busy
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.sinks.otlp import ForwardLimits, OtlpForwarder
from loopwatch_processor.sinks.otlp_answer import Answer, Delivered, Refused, TryAgain
from loopwatch_processor.sinks.otlp_grpc import GrpcTransport
from tests.receive.harness import Receivers, Recorder, receivers
from tests.sinks.scripted import Scripted

BODY = bytes(range(256)) * 10


def _forward(script: Scripted, *bodies: bytes) -> tuple[list[Answer], OtlpForwarder]:
    """Send *bodies* one after the other, and return their answers."""

    async def run() -> tuple[list[Answer], OtlpForwarder]:
        forwarder = OtlpForwarder(script)
        script.open.set()
        answers = [await forwarder.send(Signal.traces, body) for body in bodies]
        await forwarder.close(1)
        return answers, forwarder

    return asyncio.run(run())


@given(bodies=st.lists(st.binary(max_size=50), max_size=8))
def test_every_request_goes_out_as_it_came(bodies: list[bytes]) -> None:
    """No byte changes, and nothing stays on its way."""
    script = Scripted()
    answers, forwarder = _forward(script, *bodies)
    assert script.sent == [(Signal.traces, body) for body in bodies]
    assert answers == [Delivered()] * len(bodies)
    assert (forwarder.stats.delivered, forwarder.in_flight, forwarder.in_flight_bytes) == (len(bodies), 0, 0)


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (Delivered(3, "too old"), {"delivered": 1, "rejected_items": 3}),
        (TryAgain("down", 7.0), {"unavailable": 1}),
        (Refused("http_400", "HTTP 400: no"), {"refused": {"http_400": 1}}),
    ],
)
def test_the_endpoints_answer_is_handed_back_and_counted(answer: Answer, counted: dict[str, Any]) -> None:
    """Whoever sent the request decides what to do: nothing is tried a second time here."""
    script = Scripted([answer])
    answers, forwarder = _forward(script, b"x")
    assert (answers, len(script.sent)) == ([answer], 1)
    assert {name: getattr(forwarder.stats, name) for name in counted} == counted


def test_a_fault_of_our_own_is_no_reason_to_drop() -> None:
    """An unexpected exception is answered like an endpoint that is away."""
    answers, forwarder = _forward(Scripted([RuntimeError("bug")]), b"x", b"y")
    assert [type(answer) for answer in answers] == [TryAgain, Delivered]
    assert forwarder.stats.unavailable == 1


def test_an_outage_is_logged_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    """Ten failures are not ten lines."""
    caplog.set_level("INFO")
    _forward(Scripted([TryAgain("down")] * 10), *[b"x"] * 12)
    assert [record.message for record in caplog.records] == [
        "forwarding fails, senders are told to retry: down",
        "forwarding works again",
    ]


@pytest.mark.parametrize(
    ("limits", "taken"),
    [(ForwardLimits(bytes_max=10), 2), (ForwardLimits(requests_max=3), 3), (ForwardLimits(bytes_max=1), 1)],
)
def test_what_is_on_its_way_is_bounded(limits: ForwardLimits, taken: int) -> None:
    """Requests and bytes; one alone is always sent, and what arrived makes room."""

    async def run() -> None:
        script = Scripted()
        forwarder = OtlpForwarder(script, limits)
        sent = 0
        while sent < 5 and forwarder.has_room(5):
            forwarder.send(Signal.traces, b"12345")
            sent += 1
        script.open.set()
        while forwarder.in_flight:
            await asyncio.sleep(0)
        assert (sent, forwarder.stats.full, forwarder.has_room(5)) == (taken, 1, True)
        await forwarder.close(1)

    asyncio.run(run())


def test_closing_takes_nothing_more_and_lets_what_is_on_its_way_arrive() -> None:
    """A stopping service answers its last senders truthfully."""

    async def run() -> None:
        script = Scripted()
        forwarder = OtlpForwarder(script)
        last = forwarder.send(Signal.traces, b"x")
        closing = asyncio.create_task(forwarder.close(30))
        await asyncio.sleep(0)
        assert not forwarder.has_room(1)
        script.open.set()
        await closing
        assert (last.result(), script.closed) == (Delivered(), True)

    asyncio.run(run())


def test_closing_does_not_wait_for_ever() -> None:
    """What has not arrived by then is cancelled: its sender gets no OK."""

    async def run() -> None:
        script = Scripted()
        forwarder = OtlpForwarder(script)
        stuck = forwarder.send(Signal.traces, b"x")
        await forwarder.close(0)
        await asyncio.wait([stuck])
        assert (stuck.cancelled(), script.closed) == (True, True)

    asyncio.run(run())


def test_a_real_endpoint_that_is_busy_says_when_to_come_back() -> None:
    """From end to end over gRPC: RetryInfo is handed back, and the next attempt arrives byte for byte."""
    replies = [Busy(2.5)]

    def answer(signal: Signal, body: bytes) -> Receipt:
        if replies:
            raise replies.pop()
        return Receipt()

    async def run(servers: Receivers) -> list[Answer]:
        forwarder = OtlpForwarder(GrpcTransport(servers.target))
        answers = [await forwarder.send(Signal.traces, BODY) for _ in range(2)]
        await forwarder.close(1)
        return answers

    with receivers(Recorder(answer)) as servers:
        busy, delivered = asyncio.run(run(servers))
        assert servers.intake.bodies == [(Signal.traces, BODY)]
    assert isinstance(busy, TryAgain)
    assert (busy.after_s, delivered) == (2.5, Delivered())
