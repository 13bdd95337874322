"""Real receivers on free ports, on a loop of their own, for tests that are plain functions."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from loopwatch_processor.receive.admission import Admission, AdmissionLimits
from loopwatch_processor.receive.grpc_server import GrpcServer, GrpcSettings
from loopwatch_processor.receive.http_app import Endpoint, HttpApp
from loopwatch_processor.receive.http_body import HttpLimits
from loopwatch_processor.receive.http_server import HttpServer, HttpSettings
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.receive.outcome import Outcome

T = TypeVar("T")


@dataclass
class Recorder:
    """An intake that keeps every body and answers as told."""

    answer: Callable[[Signal, bytes], Receipt | Awaitable[Receipt]] = lambda signal, body: Receipt()
    bodies: list[tuple[Signal, bytes]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    answered: Counter[tuple[Signal, Outcome]] = field(default_factory=Counter)

    def accept(self, signal: Signal, body: bytes) -> Receipt | Awaitable[Receipt]:
        """Keep *body* unless the answer raises."""
        receipt = self.answer(signal, body)
        self.bodies.append((signal, body))
        return receipt


@dataclass(frozen=True)
class Receivers:
    """Running servers: where they are, what they took, and a way onto their loop."""

    http_port: int
    grpc_port: int
    intake: Recorder
    admission: Admission
    run: Callable[[Coroutine[Any, Any, Any]], Any]

    @property
    def url(self) -> str:
        """The base URL of OTLP/HTTP."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def target(self) -> str:
        """The gRPC target."""
        return f"127.0.0.1:{self.grpc_port}"


@contextmanager
def loop_in_thread() -> Iterator[Callable[[Coroutine[Any, Any, T]], T]]:
    """Yield a function that runs a coroutine on a loop in another thread and waits for it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def receivers(
    intake: Recorder | None = None,
    *,
    grpc_port: int = 0,
    body_max_bytes: int = 1024 * 1024,
    drain_max_bytes: int = 8 * 1024 * 1024,
    body_timeout_s: float = 30.0,
    limits: AdmissionLimits | None = None,
    ready: Callable[[], bool] = lambda: True,
    extra_routes: Mapping[str, Endpoint] | None = None,
) -> Iterator[Receivers]:
    """Run both servers for the length of the block."""
    intake = intake or Recorder()

    async def start() -> tuple[Admission, GrpcServer, HttpServer]:
        admission = Admission(
            intake,
            limits or AdmissionLimits(arrival_timeout_s=body_timeout_s),
            on_fault=lambda signal, fault: intake.faults.append(fault),
            on_answer=lambda signal, outcome: intake.answered.update([(signal, outcome)]),
        )
        http_limits = HttpLimits(body_max_bytes, drain_max_bytes, body_timeout_s)
        grpc_server = GrpcServer(admission, GrpcSettings(port=grpc_port, body_max_bytes=body_max_bytes))
        http_server = HttpServer(HttpApp(admission, http_limits, ready, extra_routes), HttpSettings(port=0))
        await grpc_server.start()
        await http_server.start()
        if ready():
            await grpc_server.announce()
        return admission, grpc_server, http_server

    with loop_in_thread() as run:
        admission, grpc_server, http_server = run(start())
        try:
            yield Receivers(http_server.port, grpc_server.port, intake, admission, run)
        finally:
            run(http_server.stop(1.0))
            run(grpc_server.stop(1.0))
