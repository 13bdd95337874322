"""In-line with a downstream that hangs or refuses: who sends is told to wait, and memory stays where it is."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from loopwatch_processor.errors import Busy
from loopwatch_processor.receive.intake import Receipt, Signal
from tests.faults.counting import Counts
from tests.faults.load import Load, arrived_at, calls, grown, ids_of, request_of
from tests.receive.harness import Recorder, receivers
from tests.stack.processes import Loopwatch, until

LARGE_BYTES = 1024 * 1024
OFFERED = 150
"""Requests of that size, from as many senders as may wait at once."""
SENDERS = 32
ROOM_BYTES = 8 * 1024 * 1024
RSS_MORE_BYTES = 48 * 1024 * 1024
"""A sixth of what is offered: what may wait, a copy while it is compressed, and what malloc keeps."""
SETTINGS = (
    "forward.timeout_s=1",
    f"forward.max_in_flight_bytes={ROOM_BYTES}",
    f"receive.max_waiting_bytes={2 * ROOM_BYTES}",
    "sinks.log.enabled=false",
)


class Moody(Recorder):
    """A downstream that is told how to behave; only what it takes is recorded."""

    mood = "well"

    def accept(self, signal: Signal, body: bytes) -> Receipt | Awaitable[Receipt]:
        """As it feels now."""
        if self.mood == "refuses":
            raise Busy(3.0)
        return self._hang() if self.mood == "hangs" else super().accept(signal, body)

    async def _hang(self) -> Receipt:
        while self.mood == "hangs":
            await asyncio.sleep(0.02)
        raise Busy(1.0)


def test_a_downstream_that_hangs_or_refuses(tmp_path: Path, counts: Counts) -> None:
    """Senders are told when to come again, memory is bounded, and what was answered OK is downstream, scored once."""
    moody = Moody()
    with receivers(moody, body_max_bytes=2 * LARGE_BYTES) as downstream:
        service = Loopwatch(tmp_path, f"forward.endpoint=http://{downstream.target}", *SETTINGS)
        with service.running():
            load = Load(service.url, senders=2, pause_s=0.02)
            with load.running():
                until("some requests", grown(lambda: len(load.taken), 10))
                offer(service)
                before_bytes = service.metric("process_resident_memory_bytes")
                moody.mood = "hangs"
                hung = offer(service)
                hung_by_grpc = export(service)
                held_bytes = service.metric("loopwatch_requests_held_bytes")
                while_bytes = service.metric("process_resident_memory_bytes")
                moody.mood = "refuses"
                refused = offer(service)
                refused_by_grpc = export(service)
                after_bytes = service.metric("process_resident_memory_bytes")
                moody.mood = "well"
                until("some requests", grown(lambda: len(load.taken), 10))
            scored = service.metric("loopwatch_steps_total")
        lost = ids_of(load.taken).keys() - arrived_at(downstream)

    counts.add(
        sent=load.sent,
        answered_OK=load.taken_spans,
        requests_sent_again=load.again,
        answered_OK_and_not_downstream=len(lost),
        scored=int(scored),
        megabytes_offered=2 * OFFERED * LARGE_BYTES >> 20,
        megabytes_of_memory_more=round(max(while_bytes, after_bytes) - before_bytes) >> 20,
        answers_while_it_hung=dict(hung),
        answers_while_it_refused=dict(refused),
    )
    assert hung.keys() == {(503, "1")}
    assert refused.keys() <= {(503, "3"), (503, "1")}
    assert (503, "3") in refused
    assert hung_by_grpc == (grpc.StatusCode.UNAVAILABLE, 1.0)
    assert refused_by_grpc == (grpc.StatusCode.UNAVAILABLE, 3.0)
    assert held_bytes <= 2 * ROOM_BYTES
    assert max(while_bytes, after_bytes) - before_bytes < RSS_MORE_BYTES
    assert not lost
    assert scored == load.sent
    assert load.again


def offer(service: Loopwatch) -> Counter[tuple[int, str]]:
    """Send much at once, of a signal that nobody scores; the answers, with what they said of coming again."""
    body, headers = os.urandom(LARGE_BYTES), {"content-type": "application/x-protobuf"}
    limits = httpx.Limits(max_connections=SENDERS)
    with (
        httpx.Client(timeout=60, trust_env=False, limits=limits, headers=headers) as client,
        ThreadPoolExecutor(SENDERS) as pool,
    ):
        url = f"{service.url}/v1/metrics"
        answers = list(pool.map(lambda _number: client.post(url, content=body), range(OFFERED)))
    return Counter((answer.status_code, answer.headers.get("retry-after", "")) for answer in answers)


def export(service: Loopwatch) -> tuple[grpc.StatusCode, float]:
    """Send one request over gRPC; its status, and when to come again."""
    with grpc.insecure_channel(f"127.0.0.1:{service.grpc_port}") as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{Signal.traces.grpc_service}/Export")
        try:
            call(request_of(calls("by-grpc", spans=0)), timeout=60)
        except grpc.RpcError as error:
            status = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
            retry = error_details_pb2.RetryInfo()
            for detail in status_pb2.Status.FromString(status).details:
                detail.Unpack(retry)
            return error.code(), retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
        return grpc.StatusCode.OK, 0.0
