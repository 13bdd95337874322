"""OTLP as others speak it: what the Collector and rotel send arrives whole, and they do as they are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from loopwatch_processor.errors import Busy, Undecodable
from loopwatch_processor.receive.intake import Receipt, Signal
from tests.conformance.clients import Collector, Rotel
from tests.conformance.conftest import Inline
from tests.conformance.payloads import EXAMPLES, official, protobuf
from tests.conformance.sending import PROTOBUF
from tests.stack.processes import until

EXPORTERS = pytest.mark.parametrize("exporter", ["grpc", "http", "json"])


@pytest.fixture(scope="module", name="otelcol")
def _otelcol(shared_inline: Inline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    serve = shared_inline.serve
    client = Collector(tmp_path_factory.mktemp("collector"), serve.grpc_port, serve.http_port)
    with client.running():
        yield client


@pytest.fixture(scope="module", name="rotel", params=["grpc", "http"])
def _rotel(
    shared_inline: Inline, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Rotel]:
    serve = shared_inline.serve
    port = {"grpc": serve.grpc_port, "http": serve.http_port}[request.param]
    client = Rotel(tmp_path_factory.mktemp("rotel"), request.param, port)
    with client.running():
        yield client


def _give(port: int, signal: Signal) -> int:
    """Give a client the example of *signal* to pass on; what it answers."""
    url, body = f"http://127.0.0.1:{port}{signal.http_path}", protobuf(signal, EXAMPLES[signal])
    return httpx.post(url, content=body, headers={"content-type": PROTOBUF}, trust_env=False, timeout=60).status_code


def _arrived(inline: Inline, signal: Signal) -> bool:
    expected = official(signal, EXAMPLES[signal])
    arrived = [(kind, _said(type(expected).FromString(body))) for kind, body in inline.recorder.bodies]
    return arrived == [(signal, _said(expected))]


def _said(message: Message) -> Any:
    """What *message* says: the Collector writes the parts that it keeps by value, such as a status, also when empty."""
    return _without_empty(json_format.MessageToDict(message))


def _without_empty(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _without_empty(item) for key, item in value.items() if item != {}}


@EXPORTERS
@pytest.mark.parametrize("signal", Signal)
def test_what_a_collector_sends_arrives_whole(
    otelcol: Collector, inline: Inline, exporter: str, signal: Signal
) -> None:
    """By gRPC with gzip, by HTTP with protobuf in zstd, and by HTTP with JSON in gzip."""
    assert _give(otelcol.ports[exporter], signal) == 200
    assert _arrived(inline, signal)


@EXPORTERS
def test_a_collector_comes_back_when_it_is_told_to(otelcol: Collector, inline: Inline, exporter: str) -> None:
    """What was busy once is delivered the second time."""
    answers: list[Exception | None] = [Busy(0.2), None]

    def busy_at_first(_signal: Signal, _body: bytes) -> Receipt:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return Receipt()

    inline.recorder.answer = busy_at_first
    assert _give(otelcol.ports[exporter], Signal.traces) == 200
    assert _arrived(inline, Signal.traces)
    assert answers == []


@EXPORTERS
def test_a_collector_drops_what_is_refused_for_good(otelcol: Collector, inline: Inline, exporter: str) -> None:
    """One attempt, and its own sender hears of it."""
    attempts = []

    def refuse(_signal: Signal, body: bytes) -> Receipt:
        attempts.append(body)
        raise Undecodable("too old")

    inline.recorder.answer = refuse
    assert _give(otelcol.ports[exporter], Signal.traces) >= 400
    assert len(attempts) == 1


@pytest.mark.parametrize("signal", Signal)
def test_what_rotel_sends_arrives_whole(rotel: Rotel, inline: Inline, signal: Signal) -> None:
    """By both protocols, with gzip."""
    assert _give(rotel.port, signal) == 200
    until("it to arrive", lambda: _arrived(inline, signal))
