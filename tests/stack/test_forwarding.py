"""In-line without a Collector: what a sender is told by a real `loopwatch serve`, and that OK means arrived."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from loopwatch_processor.errors import Undecodable
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from tests.receive.harness import Recorder, receivers
from tests.shared import SPANS as RECORDINGS
from tests.shared import needs_recordings
from tests.stack.processes import Loopwatch, free_ports, until


class Chain:
    """A running loopwatch before a port on which the test starts its own downstream."""

    def __init__(self, folder: Path) -> None:
        (self.downstream_port,) = free_ports(1)
        self.loopwatch = Loopwatch(folder, f"forward.endpoint=http://127.0.0.1:{self.downstream_port}")

    def post(self, body: bytes) -> httpx.Response:
        """Send one request over HTTP."""
        headers = {"content-type": "application/x-protobuf"}
        url = f"{self.loopwatch.url}/v1/traces"
        return httpx.post(url, content=body, headers=headers, trust_env=False, timeout=60)


@pytest.fixture(name="chain")
def _chain(tmp_path: Path) -> Iterator[Chain]:
    chain = Chain(tmp_path)
    with chain.loopwatch.running():
        yield chain


def export(chain: Chain, body: bytes) -> grpc.StatusCode:
    """Send one request of metrics, which nobody looks into, over gRPC; what it was answered."""
    with grpc.insecure_channel(f"127.0.0.1:{chain.loopwatch.grpc_port}") as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{Signal.metrics.grpc_service}/Export")
        try:
            call(body, timeout=60)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK


def some_spans() -> list[ReadableSpan]:
    """Two spans of an SDK."""
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    for name in ("one", "two"):
        provider.get_tracer("test").start_span(name).end()
    return list(memory.get_finished_spans())


@needs_recordings
@pytest.mark.parametrize("recording", ["openinference_langchain.jsonl", "otel_genai_openai_agents.jsonl"])
def test_requests_without_a_verdict_are_forwarded_byte_for_byte(chain: Chain, recording: str) -> None:
    """Healthy sessions pass as the bytes they came in."""
    lines = (RECORDINGS / recording).read_text().splitlines()
    bodies = [to_protobuf(Signal.traces, line.encode()) for line in lines]
    with receivers(grpc_port=chain.downstream_port) as downstream:
        assert [chain.post(body).status_code for body in bodies] == [200] * len(bodies)
    arrived = [body for kind, body in downstream.intake.bodies if kind is Signal.traces]
    untouched = [sent for sent, got in zip(bodies, arrived, strict=True) if b"loopwatch.health" not in got]
    assert untouched == [body for body in arrived if b"loopwatch.health" not in body]
    assert untouched


def test_a_downstream_that_is_away_makes_the_sender_wait(chain: Chain) -> None:
    """503 with Retry-After over HTTP; an SDK's exporter retries over gRPC until the downstream is there."""
    answer = chain.post(b"")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")

    exporter = OTLPSpanExporter(f"127.0.0.1:{chain.loopwatch.grpc_port}", insecure=True, timeout=60)
    with ThreadPoolExecutor(1) as pool:
        exported = pool.submit(exporter.export, some_spans())
        until("a second refusal", lambda: chain.loopwatch.metric("loopwatch_forward_unavailable_total") >= 2)
        with receivers(grpc_port=chain.downstream_port) as downstream:
            assert exported.result(60) is SpanExportResult.SUCCESS
    exporter.shutdown()
    assert len(downstream.intake.bodies) == 1


def test_what_the_downstream_refuses_for_good_the_sender_hears(chain: Chain) -> None:
    """The sender drops it, as it would if it stood before the downstream itself."""

    def refuse(_signal: Signal, _body: bytes) -> Receipt:
        raise Undecodable("too old")

    with receivers(Recorder(refuse), grpc_port=chain.downstream_port):
        answer = chain.post(b"")
    assert answer.status_code == 400
    assert b"too old" in answer.content
    assert chain.loopwatch.metric("loopwatch_forward_refused_total", reason="grpc_invalid_argument") == 1


def test_a_killed_loopwatch_has_answered_ok_to_nothing_that_did_not_arrive(chain: Chain) -> None:
    """Requests on their way when it is killed are failures to their senders, who send them again and lose nothing."""
    gate = threading.Event()

    async def held(body: bytes) -> Receipt:
        while not gate.is_set():
            await asyncio.sleep(0.01)
        return Receipt()

    with receivers(Recorder(lambda _signal, body: held(body)), grpc_port=chain.downstream_port) as downstream:
        bodies = [f"batch {number}".encode() for number in range(5)]
        with ThreadPoolExecutor(5) as pool:
            first = [pool.submit(export, chain, body) for body in bodies]
            until("all on their way", lambda: chain.loopwatch.metric("loopwatch_forward_requests_in_flight") == 5)
            until("all to have arrived", lambda: len(downstream.intake.bodies) == 5)
            chain.loopwatch.end(signal.SIGKILL)
            assert [item.result(60) for item in first] == [grpc.StatusCode.UNAVAILABLE] * 5
        gate.set()
        downstream.intake.bodies.clear()
        chain.loopwatch.start()
        assert [export(chain, body) for body in bodies] == [grpc.StatusCode.OK] * 5
        assert [body for _, body in downstream.intake.bodies] == bodies
