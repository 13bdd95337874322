"""The demo's fleet through two roads: a Collector's two pipelines, with loopwatch between them and without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.receive.intake import Signal
from stack import parts
from stack.ports import HOST, chosen
from stack.process import together
from tests.paging.services import play_demo
from tests.receive.harness import Receivers, receivers
from tests.stack.processes import PATIENCE_S, ROOT, free_ports, until

HEALTHY = {"analyst", "reporter"}
SICK = {
    "researcher": "critical",
    "supervisor": "critical",
    "reader": "warning",
    "writer": "warning",
    "strategist": "critical",
}
"""The worst that is found in each session; the strategist has a limit of its own."""
_VERDICTS = ("loopwatch.health", "loopwatch.findings", "loopwatch.score.")
_OTLP = {"content-type": "application/x-protobuf"}


@dataclass(frozen=True)
class Told:
    """A span as a backend has it, with the resource and the scope that it came with."""

    span: Span
    around: str

    @property
    def verdict(self) -> dict[str, str]:
        """What loopwatch wrote on it."""
        found = [pair for pair in self.span.attributes if pair.key.startswith(_VERDICTS)]
        return {pair.key: json_format.MessageToJson(pair.value, indent=None) for pair in found}

    def plain(self) -> tuple[bytes, str]:
        """The same without the verdict, to be compared."""
        span = Span.FromString(self.span.SerializeToString())
        del span.attributes[:]
        span.attributes.extend(pair for pair in self.span.attributes if not pair.key.startswith(_VERDICTS))
        return span.SerializeToString(deterministic=True), self.around


@dataclass(frozen=True)
class Roads:
    """What came out at the end of both, by span id."""

    sent: set[bytes]
    alone: Mapping[bytes, Told]
    inline: Mapping[bytes, Told]

    def sessions(self) -> dict[bytes, str]:
        """The conversation of each span's trace."""
        by_trace = {
            told.span.trace_id: pair.value.string_value
            for told in self.alone.values()
            for pair in told.span.attributes
            if pair.key == "gen_ai.conversation.id"
        }
        return {key: by_trace.get(told.span.trace_id, "") for key, told in self.alone.items()}


@pytest.fixture(scope="module", name="roads")
def _roads(otelcol_contrib: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roads]:
    folder = tmp_path_factory.mktemp("roads")
    bodies = _recorded_fleet()
    sent = {told.span.span_id for told in _spans(bodies)}
    with ExitStack() as stack:
        alone, inline = stack.enter_context(receivers()), stack.enter_context(receivers())
        urls = (
            _road(stack, otelcol_contrib, folder / "alone", alone, through_loopwatch=False),
            _road(stack, otelcol_contrib, folder / "inline", inline, through_loopwatch=True),
        )
        with httpx.Client(headers=_OTLP, timeout=PATIENCE_S, trust_env=False) as client:
            for body in bodies:
                for url in urls:
                    client.post(f"{url}/v1/traces", content=body).raise_for_status()
        until("every span on both roads", lambda: len(_received(alone)) == len(_received(inline)) == len(sent))
        yield Roads(sent, _received(alone), _received(inline))


def test_traces_are_complete(roads: Roads) -> None:
    """Every span that the fleet sent comes out of both roads."""
    assert roads.sent == roads.alone.keys() == roads.inline.keys()


def test_healthy_sessions_are_untouched(roads: Roads) -> None:
    """Spans, resources and scopes of healthy sessions are those that a Collector alone hands on, byte for byte."""
    sessions = roads.sessions()
    healthy = [key for key, session in sessions.items() if session in HEALTHY]
    assert {sessions[key] for key in healthy} == HEALTHY
    for key in healthy:
        assert not roads.inline[key].verdict
        assert roads.inline[key].plain() == roads.alone[key].plain()


def test_sick_sessions_carry_the_verdict_and_nothing_else(roads: Roads) -> None:
    """The worst that was found is on a span of the session's traces; without verdicts the spans are as they were."""
    sessions = roads.sessions()
    assert {session for session in sessions.values() if session} == HEALTHY | SICK.keys()
    for session, health in SICK.items():
        keys = [key for key, name in sessions.items() if name == session]
        marked = [roads.inline[key].verdict["loopwatch.health"] for key in keys if roads.inline[key].verdict]
        assert any(health in mark for mark in marked), (session, marked)
        assert all(roads.inline[key].plain() == roads.alone[key].plain() for key in keys)


def _recorded_fleet() -> list[bytes]:
    """What the demo's agents send, request by request."""
    with receivers() as recorder:
        play_demo(recorder.url)
        return [body for kind, body in recorder.intake.bodies if kind is Signal.traces]


def _road(stack: ExitStack, otelcol: Path, folder: Path, backend: Receivers, *, through_loopwatch: bool) -> str:
    """The Collector's two pipelines with or without loopwatch between them, and *backend* at the end; its URL."""
    folder.mkdir()
    ports, (scored, health) = chosen({}, any_free=True), free_ports(2)
    addresses = {
        "SCORED_GRPC": f"{HOST}:{scored}",
        "LOOPWATCH_GRPC": f"{HOST}:{ports.loopwatch_grpc if through_loopwatch else scored}",
        "COLLECTOR_HEALTH": f"{HOST}:{health}",
        "BACKEND_GRPC": backend.target,
        "QUEUE_DIR": str(folder / "queue"),
        "KEEP_PERCENT": "100",
        "DECISION_WAIT": "1s",
    }
    found = [parts.collector(otelcol, ports, folder, ROOT / "otel-collector.inline.yaml", **addresses)]
    if through_loopwatch:
        forward = {"forward": f'{{"endpoint": "http://{HOST}:{scored}"}}', "notify.alertmanager.urls": "[]"}
        found.append(parts.loopwatch(ports, folder, forward))
    stack.enter_context(together(found))
    return f"http://{HOST}:{ports.collector_http}"


def _received(backend: Receivers) -> dict[bytes, Told]:
    bodies = [body for kind, body in list(backend.intake.bodies) if kind is Signal.traces]
    return {told.span.span_id: told for told in _spans(bodies)}


def _spans(bodies: list[bytes]) -> Iterator[Told]:
    for body in bodies:
        for item in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in item.scope_spans:
                around = f"{item.resource}{item.schema_url}{scope.scope}{scope.schema_url}"
                for span in scope.spans:
                    yield Told(span, around)
