"""The whole service in one process: what it says of itself before anything happened, and while it stops."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from loopwatch_processor import dialects
from loopwatch_processor.app import Service
from loopwatch_processor.config import Config
from loopwatch_processor.config.service import Receive
from loopwatch_processor.config.settings import Detectors
from loopwatch_processor.dialects import DIALECTS, DialectFault
from loopwatch_processor.otlp import Span
from loopwatch_processor.policies import ConfiguredPolicies
from loopwatch_processor.telemetry import Telemetry
from tests.test_scorer import body

CONFIG = Config(receive=Receive(grpc_port=0, http_port=0))


def failures(telemetry: Telemetry) -> dict[tuple[str, str], float]:
    """Every series of faults of ours."""
    return {
        (sample.labels["part"], sample.labels["name"]): sample.value
        for metric in telemetry.registry.collect()
        for sample in metric.samples
        if sample.name == "loopwatch_scoring_failures_total"
    }


def test_counters_of_our_own_health_begin_at_0() -> None:
    """A series that appears with its first fault has no increase to alert on."""
    served = Service(CONFIG).telemetry.registry.get_sample_value
    requests = "loopwatch_requests_answered_total"
    assert served(requests, {"signal": "logs", "outcome": "fault"}) == 0
    assert served(requests, {"signal": "metrics", "outcome": "ok"}) == 0
    assert served("loopwatch_spans_unscored_total", {"signal": "traces", "reason": "unknown_dialect"}) == 0
    assert served("loopwatch_requests_received_bytes_total", {"signal": "traces"}) == 0


def test_every_part_that_may_fail_is_known_before_it_does() -> None:
    """Each dialect, detector, sink and signal, by the name that its failure is counted under."""
    known = failures(Service(CONFIG).telemetry)
    detectors = ConfiguredPolicies(CONFIG, lambda _step: None).of("", "", "", "").detectors
    assert {("detector", each.name) for each in detectors} <= known.keys()
    assert {("detector", name) for name in Detectors.model_fields} <= known.keys()
    assert {("dialect", each.name) for each in DIALECTS} <= known.keys()
    assert {("sink", "log"), ("receive", "traces"), ("pipeline", "logs"), ("pipeline", "tick")} <= known.keys()
    assert set(known.values()) == {0}


def test_a_dialect_that_fails_is_counted_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by what the client calls its instrumentation; the span is still taken."""

    def fail(_span: Span) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(type(DIALECTS[0]), "claims", lambda _self, _look: True)
    monkeypatch.setattr(type(DIALECTS[0]), "read", lambda _self, span: fail(span))
    monkeypatch.setattr(dialects, "_claimed", {})
    service = Service(CONFIG)
    service.pipeline.feed_traces(body(), 0.0)
    assert {key for key, count in failures(service.telemetry).items() if count} == {("dialect", DIALECTS[0].name)}
    assert str(DialectFault("x")) == "the dialect x failed"


def test_grpc_health_is_readiness() -> None:
    """Serving from the moment that everything runs until the moment that the service is told to stop."""

    async def scenario() -> list[int]:
        service = Service(CONFIG)
        await service.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.grpc_port}") as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            watching = stub.Watch(health_pb2.HealthCheckRequest())
            seen = [(await watching.read()).status]
            stopping = asyncio.create_task(service.stop())
            seen.append((await watching.read()).status)
            watching.cancel()
            await stopping
        return seen

    statuses = health_pb2.HealthCheckResponse
    assert asyncio.run(scenario()) == [statuses.SERVING, statuses.NOT_SERVING]
