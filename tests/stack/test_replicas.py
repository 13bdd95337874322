"""Several replicas: otel-collector.replicas.yaml as shipped, a real Collector before two real `loopwatch serve`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.receive.harness import Receivers, receivers
from tests.stack.processes import ROOT, Collector, Loopwatch, free_ports, until
from tests.stack.sending import model_call, request_of, send, spans_received

CONFIG = ROOT / "otel-collector.replicas.yaml"
TRACES = 20
CONVERSATIONS = 30
"""So many that one replica has none of them once in half a billion runs: which is whose hangs on the ports."""
MEBIBYTE = 1024 * 1024
FLOOD = 48
"""Traces of 4 MiB: about half of them are more than the queue of one replica holds."""


class Replicas:
    """A Collector before two replicas."""

    def __init__(self, otelcol: Path, config: Path, log: Path, targets: list[str]) -> None:
        grpc_port, http_port = free_ports(2)
        self.url = f"http://127.0.0.1:{http_port}"
        self.collector = Collector(
            otelcol,
            config,
            log,
            COLLECTOR_GRPC=f"127.0.0.1:{grpc_port}",
            COLLECTOR_HTTP=f"127.0.0.1:{http_port}",
            REPLICA_1=targets[0],
            REPLICA_2=targets[1],
        )


def trace_id(number: int) -> bytes:
    """The id of the *number*-th trace."""
    return (number + 1).to_bytes(16, "big")


@pytest.fixture(name="backends")
def _backends() -> Iterator[list[Receivers]]:
    with ExitStack() as stack:
        yield [stack.enter_context(receivers()) for _ in range(2)]


def placed(backends: list[Receivers]) -> dict[bytes, set[int]]:
    """At which of the *backends* spans of each trace arrived."""
    found: dict[bytes, set[int]] = {}
    for number, backend in enumerate(backends):
        for span in spans_received(backend):
            found.setdefault(span.trace_id, set()).add(number)
    return found


def test_every_trace_is_whole_at_one_replica(otelcol_contrib: Path, tmp_path: Path) -> None:
    """Spans of twenty traces, mixed in every request, become twenty sessions, none of them at both."""
    with ExitStack() as stack:
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
        both = [Loopwatch(tmp_path / name) for name in ("a", "b")]
        targets = [f"127.0.0.1:{item.grpc_port}" for item in both]
        replicas = Replicas(otelcol_contrib, CONFIG, tmp_path / "collector.log", targets)
        for process in (*both, replicas.collector):
            stack.enter_context(process.running())
        for number in range(1, 4):
            spans = [
                model_call(trace_id(trace), 100 * trace + number, gen_ai__conversation__id=f"c{trace}")
                for trace in range(TRACES)
            ]
            send(replicas.url, request_of(spans)).raise_for_status()
        until(
            "all spans",
            lambda: sum(item.metric("loopwatch_steps_total") for item in both) == 3 * TRACES,
        )
        sessions = [item.metric("loopwatch_sessions_open") for item in both]
        steps = [item.metric("loopwatch_steps_total") for item in both]
    assert min(sessions) > 0
    assert sum(sessions) == TRACES
    assert steps == [3 * item for item in sessions]


def test_a_conversation_over_several_traces_is_split(
    otelcol_contrib: Path, backends: list[Receivers], tmp_path: Path
) -> None:
    """What the file warns of: the id is on the spans, each trace goes its own way."""
    replicas = Replicas(otelcol_contrib, CONFIG, tmp_path / "collector.log", [item.target for item in backends])
    with replicas.collector.running():
        spans = [model_call(trace_id(trace), trace + 1, gen_ai__conversation__id="one") for trace in range(TRACES)]
        send(replicas.url, request_of(spans)).raise_for_status()
        until("all spans", lambda: len(placed(backends)) == TRACES)
    assert Counter(len(item) for item in placed(backends).values()) == {1: TRACES}
    assert set.union(*placed(backends).values()) == {0, 1}


def test_the_id_on_the_resource_keeps_a_conversation_together(
    otelcol_contrib: Path, backends: list[Receivers], tmp_path: Path
) -> None:
    """The lines that are commented out in the file, put in: conversations of three traces, each at one replica."""
    config = tmp_path / "collector.yaml"
    config.write_text(by_conversation(CONFIG.read_text()))
    replicas = Replicas(otelcol_contrib, config, tmp_path / "collector.log", [item.target for item in backends])
    with replicas.collector.running():
        for number in range(3 * CONVERSATIONS):
            resource = {"gen_ai.conversation.id": f"c{number % CONVERSATIONS}"}
            send(replicas.url, request_of([model_call(trace_id(number), number + 1)], resource)).raise_for_status()
        until("all spans", lambda: len(placed(backends)) == 3 * CONVERSATIONS)
    where = [placed(backends)[trace_id(number)] for number in range(3 * CONVERSATIONS)]
    together = [set.union(*where[number::CONVERSATIONS]) for number in range(CONVERSATIONS)]
    assert [len(item) for item in together] == [1] * CONVERSATIONS
    assert set.union(*together) == {0, 1}


def test_a_replica_that_is_down_holds_up_no_other(otelcol_contrib: Path, tmp_path: Path) -> None:
    """Its queue fills, drops and counts; the traces of the other arrive, large ones as well as what follows them."""
    (nobody,) = free_ports(1)
    large, small = range(FLOOD), range(FLOOD, 2 * FLOOD)
    with receivers(body_max_bytes=64 * MEBIBYTE) as alive:
        targets = [f"127.0.0.1:{nobody}", alive.target]
        replicas = Replicas(otelcol_contrib, CONFIG, tmp_path / "collector.log", targets)
        with replicas.collector.running():
            for number in large:
                span = model_call(trace_id(number), number + 1, text="x" * 4 * MEBIBYTE)
                send(replicas.url, request_of([span])).raise_for_status()
            outcome = "otelcol_loadbalancer_backend_outcome"
            until("drops", lambda: replicas.collector.metric(outcome, endpoint=targets[0], success="false"))
            spans = [model_call(trace_id(number - FLOOD), number + 1) for number in small]
            send(replicas.url, request_of(spans)).raise_for_status()
            until("all of its own", lambda: traces(alive, small) and traces(alive, small) == traces(alive, large))
            assert replicas.collector.metric(outcome, endpoint=targets[1], success="false") == 0
            failed = "otelcol_exporter_send_failed_spans"
            until("the count of them", lambda: replicas.collector.metric(failed, exporter="load_balancing"))
    assert len(traces(alive, large)) < FLOOD


def traces(backend: Receivers, numbers: range) -> set[bytes]:
    """The traces of which *backend* has one of the *numbers*."""
    return {span.trace_id for span in spans_received(backend) if int.from_bytes(span.span_id, "big") - 1 in numbers}


def by_conversation(text: str) -> str:
    """The shipped file with its commented way out taken."""
    text = text.replace("    routing_key: traceID\n", "")
    return text.replace("    # routing_", "    routing_")
