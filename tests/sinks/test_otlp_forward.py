"""The OTLP forwarder: bytes in, the same bytes out, retried and dropped as the specification says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.errors import Busy
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.sinks.otlp import ForwardPolicy, OtlpForwarder
from loopwatch_processor.sinks.otlp_answer import Answer, Delivered, Refused, TryAgain
from loopwatch_processor.sinks.otlp_grpc import GrpcTransport
from tests.receive.harness import Receivers, Recorder, receivers

BODY = bytes(range(256)) * 10


@dataclass
class Scripted:
    """A transport that gives the scripted answers in turn, then delivers; and the time that passes meanwhile."""

    answers: list[Answer | Exception] = field(default_factory=list)
    sent: list[tuple[Signal, bytes]] = field(default_factory=list)
    slept_s: list[float] = field(default_factory=list)
    now_s: float = 100.0
    send_takes_s: float = 0.0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    async def send(self, signal: Signal, body: bytes) -> Answer:
        """Answer once the gate is open."""
        await self.open.wait()
        self.now_s += self.send_takes_s
        self.sent.append((signal, body))
        answer = self.answers.pop(0) if self.answers else Delivered()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    async def sleep(self, seconds: float) -> None:
        """Let time pass without waiting."""
        self.slept_s.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


def _forwarder(script: Scripted, **policy: Any) -> OtlpForwarder:
    return OtlpForwarder(
        script, ForwardPolicy(**{"consumers": 1, **policy}), lambda: script.now_s, script.sleep, lambda: 0.5
    )


def _forward(script: Scripted, bodies: list[bytes], **policy: Any) -> OtlpForwarder:
    """Offer *bodies*, drain, close, and return the forwarder for its numbers."""

    async def run() -> OtlpForwarder:
        forwarder = _forwarder(script, **policy)
        forwarder.start()
        script.open.set()
        assert all(forwarder.offer(Signal.traces, body) for body in bodies)
        await forwarder.close(30)
        return forwarder

    return asyncio.run(run())


@given(bodies=st.lists(st.binary(max_size=50), max_size=8))
def test_every_batch_goes_out_as_it_came_and_in_order(bodies: list[bytes]) -> None:
    """One worker keeps the order; no byte changes."""
    script = Scripted()
    stats = _forward(script, bodies).stats
    assert script.sent == [(Signal.traces, body) for body in bodies]
    assert (stats.delivered_batches, stats.delivered_bytes) == (len(bodies), sum(map(len, bodies)))


def test_a_retry_waits_as_long_as_the_endpoint_asked() -> None:
    """RetryInfo and Retry-After come before our own back-off."""
    script = Scripted([TryAgain("busy", 7.0), TryAgain("busy", 3.0)])
    stats = _forward(script, [b"x"]).stats
    assert (script.slept_s, stats.retries, stats.delivered_batches) == ([7.0, 3.0], 2, 1)


def test_back_off_grows_to_its_limit() -> None:
    """Without a word from the endpoint each wait is longer, up to the maximum."""
    script = Scripted([TryAgain("down")] * 5)
    _forward(script, [b"x"], backoff_initial_s=1.0, backoff_factor=2.0, backoff_max_s=5.0)
    assert script.slept_s == [1.0, 2.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize(("jitter", "wait_s"), [(0.0, 5.0), (1.0, 15.0)])
def test_jitter_spreads_a_wait_by_half(jitter: float, wait_s: float) -> None:
    """Many senders do not come back in the same moment."""
    script = Scripted([TryAgain("down")])

    async def run() -> None:
        policy = ForwardPolicy(consumers=1, backoff_initial_s=10.0)
        forwarder = OtlpForwarder(script, policy, lambda: script.now_s, script.sleep, lambda: jitter)
        forwarder.start()
        script.open.set()
        forwarder.offer(Signal.logs, b"x")
        await forwarder.close(30)

    asyncio.run(run())
    assert script.slept_s == [wait_s]


def test_a_refused_batch_is_dropped_with_its_reason_and_the_next_one_goes_on() -> None:
    """What is never retried is counted under the endpoint's code."""
    script = Scripted([Refused("http_400", "HTTP 400: no")])
    stats = _forward(script, [b"bad", b"good"]).stats
    assert (stats.dropped, stats.delivered_batches, script.slept_s) == ({"http_400": 1}, 1, [])


def test_it_gives_up_only_when_told_to() -> None:
    """By default a batch is tried for ever; with a limit it is dropped before a wait that is too long."""
    patient, hasty = Scripted([TryAgain("down", 100.0)] * 50), Scripted([TryAgain("down", 100.0)] * 50)
    assert _forward(patient, [b"x"]).stats.dropped == {}
    assert _forward(hasty, [b"x"], give_up_after_s=250.0).stats.dropped == {"gave_up": 1}
    assert hasty.slept_s == [100.0, 100.0]


def test_a_fault_of_our_own_is_retried_and_kills_no_worker() -> None:
    """An unexpected exception loses nothing."""
    script = Scripted([RuntimeError("bug"), RuntimeError("bug")])
    stats = _forward(script, [b"x", b"y"]).stats
    assert (stats.delivered_batches, stats.retries) == (2, 2)


def test_partial_success_is_counted_and_not_retried(caplog: pytest.LogCaptureFixture) -> None:
    """The endpoint took the batch but for some items: sending again would double the rest."""
    script = Scripted([Delivered(3, "too old")])
    stats = _forward(script, [b"x"]).stats
    assert (stats.rejected_items, stats.delivered_batches, stats.retries) == (3, 1, 0)
    assert "too old" in caplog.text


def test_an_outage_is_logged_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    """Ten retries are not ten lines."""
    caplog.set_level("INFO")
    _forward(Scripted([TryAgain("down")] * 10), [b"x", b"y"])
    assert [record.message for record in caplog.records] == [
        "forwarding fails and is retried: down",
        "forwarding works again",
    ]


@pytest.mark.parametrize(
    ("policy", "taken"), [({"queue_max_bytes": 10}, 2), ({"queue_max_batches": 3}, 3), ({"queue_max_bytes": 1}, 1)]
)
def test_a_full_queue_takes_nothing_more_until_something_left(policy: dict[str, int], taken: int) -> None:
    """Bytes and batches are bounded, those in flight included; an empty queue takes any one batch."""

    async def run() -> None:
        script = Scripted()
        forwarder = _forwarder(script, **policy)
        forwarder.start()
        offers = [forwarder.offer(Signal.traces, b"12345") for _ in range(5)]
        await asyncio.sleep(0)
        in_flight = forwarder.offer(Signal.traces, b"12345")
        script.open.set()
        while forwarder.queued_batches:
            await asyncio.sleep(0)
        afterwards = forwarder.offer(Signal.traces, b"12345")
        await forwarder.close(30)

        assert (offers, in_flight, afterwards) == ([True] * taken + [False] * (5 - taken), False, True)
        assert (forwarder.stats.full, forwarder.queued_bytes) == (6 - taken, 0)

    asyncio.run(run())


def test_the_drain_time_follows_the_pace_and_the_wait() -> None:
    """Busy senders are told when to come back: the more work the later, within a second and a minute."""

    async def run() -> None:
        script = Scripted(send_takes_s=10.0)
        forwarder = _forwarder(script)
        idle_s = forwarder.drain_s()
        forwarder.start()
        script.open.set()
        forwarder.offer(Signal.traces, b"x")
        while forwarder.queued_batches:
            await asyncio.sleep(0)
        script.open.clear()
        for _ in range(4):
            forwarder.offer(Signal.traces, b"x")
        four_s = forwarder.drain_s()
        for _ in range(100):
            forwarder.offer(Signal.traces, b"x")
        assert (idle_s, forwarder.drain_s()) == (1.0, 60.0)
        assert 4.0 < four_s < 40.0
        await forwarder.close(0)

    asyncio.run(run())


def test_a_wait_under_way_is_part_of_the_drain_time() -> None:
    """While the endpoint asked for 20 s, nothing leaves before that."""

    async def run() -> float:
        script = Scripted([TryAgain("down", 20.0)])
        waiting = asyncio.Event()

        async def sleep(seconds: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        forwarder = OtlpForwarder(script, ForwardPolicy(consumers=1), lambda: script.now_s, sleep)
        forwarder.start()
        script.open.set()
        forwarder.offer(Signal.traces, b"x")
        await waiting.wait()
        drain_s = forwarder.drain_s()
        await forwarder.close(0)
        return drain_s

    assert asyncio.run(run()) == 20.0


def test_closing_says_what_was_lost_and_takes_nothing_more() -> None:
    """What could not be delivered in time is counted, batches in flight included."""

    async def run() -> None:
        script = Scripted()
        forwarder = _forwarder(script)
        forwarder.start()
        for _ in range(3):
            forwarder.offer(Signal.traces, b"x")
        lost = await forwarder.close(0)
        assert (lost, forwarder.stats.dropped, script.closed) == (3, {"shutdown": 3}, True)
        assert not forwarder.offer(Signal.traces, b"late")

    asyncio.run(run())


def test_a_batch_survives_an_endpoint_that_comes_back() -> None:
    """From end to end: refused while busy, delivered once, byte for byte."""
    replies = [Busy(1), Busy(1)]

    def answer(signal: Signal, body: bytes) -> Receipt:
        if replies:
            raise replies.pop()
        return Receipt()

    async def run(servers: Receivers) -> OtlpForwarder:
        script = Scripted()
        forwarder = OtlpForwarder(GrpcTransport(servers.target), sleep=script.sleep)
        forwarder.start()
        forwarder.offer(Signal.traces, BODY)
        await forwarder.close(30)
        assert script.slept_s == [1.0, 1.0]
        return forwarder

    with receivers(Recorder(answer)) as servers:
        stats = asyncio.run(run(servers)).stats
        assert servers.intake.bodies == [(Signal.traces, BODY)]
    assert (stats.delivered_batches, stats.retries) == (1, 2)
