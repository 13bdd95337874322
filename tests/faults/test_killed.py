"""loopwatch and the Collector killed under load: what OK was worth, what is counted twice, and who is paged."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from loopwatch_processor.errors import Busy
from loopwatch_processor.receive.intake import Receipt, Signal
from tests.fakes.events_api import Server
from tests.faults.counting import Counts
from tests.faults.kept import steps_kept
from tests.faults.load import INPUT_TOKENS, Load, arrived_at, grown, ids_of
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import CRITICAL_CALLS, ended, looping, send
from tests.receive.harness import Receivers, Recorder, receivers
from tests.stack.processes import ROOT, Collector, free_ports, until

KILLS = 2
WITHOUT_SNAPSHOTS = "journal.snapshot_s=3600"
"""What the last life scores is then all that reaches it: of what a snapshot knows nothing counts anew."""
_STEPS, _TOKENS = "loopwatch_steps_total", "loopwatch_tokens_total"


class Flaky:
    """A downstream that takes every request, and says of every fourth that it did not."""

    def __init__(self) -> None:
        self.recorder = Recorder(self._answer)
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()

    def since(self, first: int) -> list[bytes]:
        """What arrived, from the *first*-th request on."""
        return self.bodies[first:]

    def _answer(self, kind: Signal, body: bytes) -> Receipt:
        if kind is Signal.traces:
            with self._lock:
                self.bodies.append(body)
                if len(self.bodies) % 4 == 0:
                    raise Busy(0.1)
        return Receipt()


@pytest.fixture(name="downstream")
def _downstream() -> Iterator[tuple[Flaky, Receivers]]:
    flaky = Flaky()
    with receivers(flaky.recorder) as running:
        yield flaky, running


def test_loopwatch_killed_in_line_under_load(
    tmp_path: Path, events: Server, downstream: tuple[Flaky, Receivers], counts: Counts
) -> None:
    """Whatever was answered OK is downstream; a span that is sent again is scored once; the page comes once."""
    flaky, running = downstream
    forward = f"forward.endpoint=http://{running.target}"
    service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url), forward, WITHOUT_SNAPSHOTS)
    with service.running():
        load = Load(service.url)
        with load.running():
            for _ in range(KILLS):
                until("some requests", grown(lambda: len(load.taken), 20))
                service.end(signal.SIGKILL)
                first = len(flaky.bodies)
                service.start()
            send_until_taken(service, "loops")
            until("some requests", grown(lambda: len(load.taken), 20))
        until("the page", lambda: events.api.incidents)
        scored = service.metric(_STEPS, agent="worker")
        tokens = service.metric(_TOKENS, direction="input")
        send_until_taken(service, "loops", end=True)
        until("the resolve", lambda: events.api.of("resolved"))

    arrived, since = ids_of(flaky.bodies), ids_of(flaky.since(first))
    known = ids_of(load.tried)
    counts.add(
        kills=KILLS,
        sent=load.sent,
        answered_OK=load.taken_spans,
        requests_sent_again=load.again,
        answered_OK_and_not_downstream=len(ids_of(load.taken) - arrived),
        downstream_twice=sum(times > 1 for times in arrived.values()),
        scored_in_the_last_life=int(scored),
        scored_twice_in_it=int(scored) - len(since & known),
        pages=len(events.api.incidents),
    )
    assert load.again > KILLS
    assert not ids_of(load.taken) - arrived
    assert any(times > 1 for span, times in since.items() if span in known)
    assert scored == len(since.keys() & known.keys())
    assert tokens == scored * INPUT_TOKENS
    assert [page.triggers for page in events.api.incidents] == [1]
    assert not events.api.ignored


def send_until_taken(service: Service, session: str, *, end: bool = False) -> None:
    """As an SDK does: again, until it is answered OK."""

    def is_taken() -> bool:
        try:
            send(service.url, [ended(session)] if end else looping(session))
        except Exception:  # noqa: BLE001 - tried again
            return False
        return True

    until(f"the spans of {session} to be taken", is_taken)


def test_loopwatch_and_the_collector_killed_in_line(
    otelcol: Path, tmp_path: Path, events: Server, downstream: tuple[Flaky, Receivers], counts: Counts
) -> None:
    """What the Collector answered OK is in its queue on disk: each span arrives downstream, whoever is killed."""
    flaky, running = downstream
    service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url), f"forward.endpoint=http://{running.target}")
    config = only_towards_loopwatch(ROOT / "otel-collector.inline.yaml", tmp_path / "collector.yaml")
    collector = before(service, otelcol, config, tmp_path, QUEUE_DIR=str(tmp_path / "queue"))
    with service.running(), collector.running():
        load = Load(collector.url, pause_s=0.02)
        with load.running():
            until("some of it to be scored", lambda: service.metric(_STEPS, agent="worker") >= 200)
            before_kill = service.metric(_STEPS, agent="worker")
            service.end(signal.SIGKILL)
            until("some requests without loopwatch", grown(lambda: len(load.taken), 10))
            collector.end(signal.SIGKILL)
            service.start()
            collector.start()
            send(collector.url, looping("loops"))
            until("some requests", grown(lambda: len(load.taken), 10))
        taken = ids_of(load.taken)
        until("all of it downstream", lambda: not taken - ids_of(flaky.bodies))
        until("the page", lambda: events.api.incidents)
        scored = service.metric(_STEPS, agent="worker")
        tokens = service.metric(_TOKENS, direction="input")

    arrived = ids_of(flaky.bodies)
    counts.add(
        sent=load.sent,
        answered_OK_by_the_Collector=load.taken_spans,
        of_these_not_downstream=len(taken - arrived),
        downstream_twice=sum(times > 1 for times in arrived.values()),
        scored_before_the_kill_at_least=int(before_kill),
        scored_after=int(scored),
        pages=len(events.api.incidents),
    )
    assert not taken - arrived
    assert tokens == scored * INPUT_TOKENS
    assert [page.triggers for page in events.api.incidents] == [1]


def test_loopwatch_killed_beside_a_tee(otelcol: Path, tmp_path: Path, events: Server, counts: Counts) -> None:
    """The other exporter gets everything; the open page, its story and incident outlive the kill; it pages once."""
    service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url))
    with receivers() as backend, service.running():
        config = with_a_backend(ROOT / "otel-collector.yaml", tmp_path / "collector.yaml", backend.target)
        collector = before(service, otelcol, config, tmp_path)
        with collector.running():
            send(collector.url, looping("loops"))
            until("the page", lambda: events.api.incidents)
            until("its story", lambda: steps_kept(service) == CRITICAL_CALLS)
            load = Load(collector.url, pause_s=0.05)
            with load.running():
                until("some of it to be scored", lambda: service.metric(_STEPS, agent="worker") >= 100)
                send(collector.url, looping("loops", calls=1, first=CRITICAL_CALLS))
                before_kill = service.metric(_STEPS, agent="worker")
                service.end(signal.SIGKILL)
                sent_before = load.sent  # and no more can have been scored
                kept = steps_kept(service)
                until("some more requests", grown(lambda: len(load.taken), 10))
                service.start()
                assert service.metric("loopwatch_open_incidents", severity="critical") == 1
                until("some of it to be scored", lambda: service.metric(_STEPS, agent="worker") >= 100)
            send(collector.url, [*looping("loops", calls=8, first=CRITICAL_CALLS + 1), ended("loops")])
            sent = load.sent + CRITICAL_CALLS + 1 + 8 + 1
            until("the other backend to have all", lambda: len(arrived_at(backend)) == sent)
            until("the resolve", lambda: events.api.of("resolved"))
            until("the queue to be scored", lambda: service.metric(_STEPS, agent="worker") >= load.sent - sent_before)
            after = service.metric(_STEPS, agent="worker")

    counts.add(
        sent=sent,
        at_the_other_backend=len(arrived_at(backend)),
        scored_before_the_kill_at_least=int(before_kill),
        scored_after=int(after),
        story_steps_lost=CRITICAL_CALLS + 1 - kept,
        pages=len(events.api.incidents),
    )
    assert CRITICAL_CALLS <= kept <= CRITICAL_CALLS + 1
    assert [page.triggers for page in events.api.incidents] == [1]
    assert not events.api.ignored


class Before(Collector):
    """A Collector in front of a loopwatch."""

    url = ""


def before(service: Service, otelcol: Path, config: Path, folder: Path, **environment: str) -> Before:
    """A Collector with *config* that sends to *service*."""
    grpc_port, http_port = free_ports(2)
    collector = Before(
        otelcol,
        config,
        folder / "collector.log",
        COLLECTOR_GRPC=f"127.0.0.1:{grpc_port}",
        COLLECTOR_HTTP=f"127.0.0.1:{http_port}",
        LOOPWATCH_GRPC=f"127.0.0.1:{service.grpc_port}",
        **environment,
    )
    collector.url = f"http://127.0.0.1:{http_port}"
    return collector


def only_towards_loopwatch(shipped: Path, target: Path) -> Path:
    """The pipelines of *shipped* that lead to loopwatch, as they are: what is behind it here counts what arrives."""
    config = yaml.safe_load(shipped.read_text("utf-8"))
    pipelines = config["service"]["pipelines"]
    mine = {name: each for name, each in pipelines.items() if any("loopwatch" in to for to in each["exporters"])}
    config["service"]["pipelines"] = mine
    for kind in ("receivers", "processors", "exporters"):
        used = {name for each in mine.values() for name in each.get(kind, ())}
        config[kind] = {name: each for name, each in config[kind].items() if name in used}
    config["service"]["telemetry"] = {"metrics": {"level": "none"}}
    storage = {name: each for name, each in config["extensions"].items() if name.startswith("file_storage")}
    config["extensions"], config["service"]["extensions"] = storage, list(storage)
    target.write_text(yaml.safe_dump(config), "utf-8")
    return target


def with_a_backend(shipped: Path, target: Path, backend: str) -> Path:
    """*shipped* with a backend that counts in the place of its other exporters."""
    config = yaml.safe_load(shipped.read_text("utf-8"))
    ours = {name: each for name, each in config["exporters"].items() if "loopwatch" in name}
    config["exporters"] = {**ours, "otlp/backend": {"endpoint": backend, "tls": {"insecure": True}}}
    for pipeline in config["service"]["pipelines"].values():
        pipeline["exporters"] = [name for name in pipeline["exporters"] if name in ours] + ["otlp/backend"]
    config["service"]["telemetry"] = {"metrics": {"level": "none"}}
    target.write_text(yaml.safe_dump(config), "utf-8")
    return target
