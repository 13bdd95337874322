"""The composition root: settings in, a running service out."""

from __future__ import annotations

import asyncio
import logging
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopwatch_processor import runbooks
from loopwatch_processor.assembly import begin, build_pipeline, make_forwarder, make_sinks
from loopwatch_processor.clock import Clock
from loopwatch_processor.config import Config
from loopwatch_processor.config.secrets import redactor_of
from loopwatch_processor.diagnosis import Diagnosis
from loopwatch_processor.job_pages import JobPages
from loopwatch_processor.oncall import OnCall
from loopwatch_processor.open_stories import OpenStories
from loopwatch_processor.prices import Prices
from loopwatch_processor.receive.admission import Admission
from loopwatch_processor.receive.grpc_server import GrpcServer
from loopwatch_processor.receive.guard import Guard, GuardedGrpc, GuardedHttp
from loopwatch_processor.receive.http_app import Endpoint, HttpApp
from loopwatch_processor.receive.http_server import HttpServer
from loopwatch_processor.scorer import Scorer
from loopwatch_processor.session_pages import SessionPages
from loopwatch_processor.sinks import prometheus
from loopwatch_processor.sinks.base import Sink, Sinks
from loopwatch_processor.sinks.otlp_findings import OtlpFindingsSink
from loopwatch_processor.story import Stories
from loopwatch_processor.telemetry import table

DOCTOR_PATH = "/doctor"
TICK_S = 1.0
STUCK_S = 30.0
"""Without a tick for so long something is wrong, and the heartbeat is withheld."""
DRAIN_S = 10.0
"""How long a stopping service finishes requests, and then each of the things that wait, at most."""
STOP_S = 20.0
"""After so long each of them has no more than a second, so that all is over before Kubernetes, by default, kills a pod
after thirty."""

_log = logging.getLogger(__name__)


class Service:
    """Receivers, pipeline and sinks on one event loop.

    Wall time is the clock: arrival is what silence is judged by, and it must outlive a restart.
    """

    def __init__(self, config: Config, *extra_sinks: Sink) -> None:
        self.pipeline = build_pipeline(config)
        self.telemetry = self.pipeline.telemetry
        self.telemetry.watch_sessions(self.pipeline.sessions)
        self.telemetry.watch(table.OPEN_SPANS, self.pipeline.open.spans.kinds)
        begin(self.telemetry, config)
        self._forwarder = make_forwarder(config.forward)
        self._findings = OtlpFindingsSink(self._forwarder) if self._forwarder is not None else None
        forwarded = [self._findings] if self._findings is not None else []
        windows, with_text = Prices(config.prices, config.windows).window, config.capture.content != "none"
        stories = Stories(windows, with_text=with_text, redactor=redactor_of(config))
        self._oncall = OnCall(config, self.pipeline, stories, time.time, self._works)
        sinks = Sinks([*make_sinks(config), *self._oncall.sinks, *forwarded, *extra_sinks], self.telemetry)
        self._oncall.on_raised = sinks.emit
        clock = Clock()
        clock.on_lost = self._lost
        self._scorer = Scorer(
            self.pipeline,
            sinks,
            self.telemetry,
            clock,
            forwarder=self._forwarder,
            retry_after_s=config.receive.retry_after_s,
            on_changes=self._oncall.dispatch.tell,
        )
        admission = Admission(
            self._scorer,
            config.receive.admission(),
            on_fault=lambda signal, _fault: self.telemetry.failed("receive", signal.value),
            on_answer=lambda signal, outcome: self.telemetry.answered(signal.value, outcome.value),
        )
        self.telemetry.watch(table.REQUESTS_WAITING, lambda: admission.requests)
        self.telemetry.watch(table.REQUESTS_HELD, lambda: admission.held_bytes)
        if self._forwarder is not None:
            prometheus.watch_forwarder(self.telemetry, self._forwarder)
        texts = runbooks.RunbooksPage()
        pages: dict[str, Endpoint] = {
            prometheus.PATH: prometheus.MetricsPage(self.telemetry),
            DOCTOR_PATH: _DoctorPage(self.pipeline.diagnosis),
            runbooks.PATH: texts,
            runbooks.PATH.rstrip("/"): texts,
            **SessionPages(self.pipeline.sessions, stories, self._oncall.kept, OpenStories(self.pipeline.open)).pages,
            **JobPages(self._oncall.jobs_since, config.jobs.settings().slas).pages,
        }
        guard = Guard(config.access.guarded(), admission)
        connections = config.receive.connections().affordable()
        grpc_settings = config.receive.grpc_listener(connections)
        self._grpc = GrpcServer(admission, grpc_settings, "receive.grpc_port", GuardedGrpc(guard))
        http_app = GuardedHttp(
            HttpApp(admission, config.receive.http(), lambda: self._ready, pages), guard, tuple(pages)
        )
        http_settings = config.receive.http_listener(connections)
        self._http = HttpServer(http_app, http_settings, "receive.http_port", self.telemetry.refused_connection)
        self._ready = False
        self._ticked_s = time.monotonic()
        self._ticking: asyncio.Task[None] | None = None

    @property
    def grpc_port(self) -> int:
        """The port that OTLP/gRPC really listens on, once started."""
        return self._grpc.port

    @property
    def http_port(self) -> int:
        """The port that OTLP/HTTP and the pages really listen on, once started."""
        return self._http.port

    async def start(self) -> None:
        """Listen.

        Raises:
            CannotListen: an address cannot be used; nothing is left listening.
            CannotOpenJournal: the journal will not be usable without somebody's help.
        """
        await self._oncall.open()
        if self._findings is not None:
            self._findings.start()
        try:
            await self._http.start()
            await self._grpc.start()
        except BaseException:
            await self.stop()
            raise
        self._oncall.start()
        self._ticking = asyncio.create_task(self._tick())
        self._ready = True
        await self._grpc.announce()

    async def stop(self) -> None:
        """Take nothing new, finish what is in flight, send the findings that wait."""
        self._ready = False
        if self._ticking is not None:
            self._ticking.cancel()
        ends_s = time.monotonic() + STOP_S

        def left_s() -> float:
            return min(DRAIN_S, max(1.0, ends_s - time.monotonic()))

        await asyncio.gather(self._grpc.stop(left_s()), self._http.stop(left_s()))
        if self._findings is not None:
            await self._findings.close(left_s())
        if self._forwarder is not None:
            await self._forwarder.close(left_s())
        await self._oncall.close(left_s)

    def _lost(self, lost_s: float) -> None:
        """The clock was set, or nobody listened for *lost_s*."""
        _log.warning("the clock went on by %.0f s in which nobody listened; silence is counted without them", lost_s)
        self.pipeline.shift(lost_s)
        self._oncall.listen_anew()

    def _works(self) -> bool:
        """Whether spans are taken and time passes for sessions."""
        return self._ready and time.monotonic() - self._ticked_s < STUCK_S

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self._oncall.tick(self._scorer.tick())
                self._ticked_s = time.monotonic()
                await self._cool()
            except Exception:  # noqa: BLE001 - the next tick may work
                self.telemetry.failed("pipeline", "tick")
                _log.exception("a tick failed; the next one comes in %g s", TICK_S)

    async def _cool(self) -> None:
        """Pack what is silent, for up to a tick, with requests between the portions."""
        while self._scorer.cool() and time.monotonic() - self._ticked_s < TICK_S:
            await asyncio.sleep(0)


class _DoctorPage:
    """What arrives and what is missing, as JSON for `loopwatch doctor`."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        self._diagnosis = diagnosis

    def __call__(self, _request: Request) -> Response:
        return JSONResponse(self._diagnosis.as_dict())
