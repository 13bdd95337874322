"""The cases that go through a server: how it is loaded, and what it used for that."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import load, servers
from bench.plan import Plan, Way
from bench.results import Measured, percentiles
from bench.servers import LOOPWATCH, TAIL, Server
from bench.traffic import Mix, batches

_WARM_UP = 0.15
"""Of the spans, sent before what counts: imports and caches."""
_CALM_REQUESTS_MIN = 12
"""Requests at half load, at least, however large they are."""
_SETTLED_S = 0.3
_DECIDED_S = 1.5
"""A little longer than the Collector's decision_wait."""


def served(plan: Plan, number: int, otelcol: Path | None) -> Iterator[Measured]:
    """Every kind of server, every way, started anew for each."""
    kinds = [kind for kind in plan.kinds if kind in LOOPWATCH or otelcol is not None]
    with servers.sink() as sink_port:
        for way in plan.ways:
            # Another order in every round: whoever comes first finds the machine as the one before left it.
            for kind in kinds[number % len(kinds) :] + kinds[: number % len(kinds)]:
                with tempfile.TemporaryDirectory() as folder:
                    started_s = time.perf_counter()
                    with servers.running(kind, Path(folder), sink_port, otelcol, compiled=plan.compiled) as server:
                        ready_s = time.perf_counter() - started_s
                        yield _measured(plan, number, _Sender(server, way, plan.sessions, Path(folder)), ready_s)


def _measured(plan: Plan, number: int, sender: _Sender, ready_s: float) -> Measured:
    server, spans = sender.server, plan.load(sender.server.kind)
    sender.send(int(spans * _WARM_UP), seed=number + 50)
    before = server.usage()
    sent = sender.send(spans, seed=number + 1)
    _settle(server)
    # Before the second load, whose length depends on the speed.
    after = server.usage()
    is_calm = server.kind in LOOPWATCH and number == 0
    calm = _calm(plan, sender, spans / sent.took_s, seed=100) if is_calm else None
    return Measured(
        server.kind,
        str(sender.way),
        number,
        spans,
        after.cpu_s - before.cpu_s,
        sent.took_s,
        ready_s,
        after.peak_bytes,
        sent.cpu_s,
        percentiles(calm.delays_ms) if calm else {},
        calm.longest_silence_ms if calm else None,
    )


def _calm(plan: Plan, sender: _Sender, saturated_per_s: float, seed: int) -> load.Sent:
    """Half of the spans a second that the server took at most, each request at its time."""
    size = sender.way.spans_per_batch
    every_s = size / (saturated_per_s / 2)
    requests = max(_CALM_REQUESTS_MIN, int(plan.delay_s / every_s))
    return sender.send(requests * size, seed, f"--every-ms={every_s * 1e3}", f"--probe={sender.server.probe}")


@dataclass(frozen=True, slots=True)
class _Sender:
    server: Server
    way: Way
    sessions: int
    folder: Path

    def send(self, spans: int, seed: int, *more: str) -> load.Sent:
        """Let a load generator of its own send *spans*, none of which may be refused."""
        file, way = self.folder / "bodies", self.way
        load.write(batches(spans, Mix(self.sessions, way.spans_per_batch, seed, fleet=seed)), file)
        port = self.server.grpc_port if way.protocol == "grpc" else self.server.http_port
        options = [*(["--gzip"] if way.gzip else []), *more]
        command = [sys.executable, "-m", "bench.load", str(file), way.protocol, str(port), *options]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=900).stdout
        sent = load.Sent(**json.loads(answer))
        assert not sent.refused, f"{self.server.kind} refused {sent.refused} of {sent.requests} requests"
        return sent


def _settle(server: Server) -> None:
    """Wait until the server does nothing more: a Collector decides about traces long after it answered."""
    if server.kind == TAIL:
        time.sleep(_DECIDED_S)
    used_s = -1.0
    while (now_s := server.usage().cpu_s) - used_s > 0.05:
        used_s = now_s
        time.sleep(_SETTLED_S)
