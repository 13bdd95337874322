"""The composition root: settings in, a running service out."""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import product

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopwatch_processor.baselines import Baselines
from loopwatch_processor.config import Config
from loopwatch_processor.config.service import Forward
from loopwatch_processor.diagnosis import Diagnosis
from loopwatch_processor.dialects import DIALECTS, LOGS_DIALECT
from loopwatch_processor.incidents import Incidents
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.policies import ConfiguredPolicies
from loopwatch_processor.prices import Prices
from loopwatch_processor.receive.admission import Admission
from loopwatch_processor.receive.grpc_server import GrpcServer, GrpcSettings
from loopwatch_processor.receive.http_app import Endpoint, HttpApp
from loopwatch_processor.receive.http_server import HttpServer, HttpSettings
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.outcome import Outcome
from loopwatch_processor.scorer import Scorer
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.sinks import prometheus
from loopwatch_processor.sinks.base import Sink, Sinks
from loopwatch_processor.sinks.jsonlines import JsonLinesSink
from loopwatch_processor.sinks.log import LogSink
from loopwatch_processor.sinks.otlp import OtlpForwarder
from loopwatch_processor.sinks.otlp_findings import OtlpFindingsSink
from loopwatch_processor.sinks.otlp_grpc import GrpcTransport
from loopwatch_processor.sinks.otlp_http import HttpTransport
from loopwatch_processor.telemetry import Telemetry, table
from loopwatch_processor.tools import Tools

DOCTOR_PATH = "/doctor"
TICK_S = 1.0
DRAIN_S = 10.0
"""How long a stopping service finishes requests, and then sends the findings that wait."""

_log = logging.getLogger(__name__)


def build_pipeline(config: Config) -> Pipeline:
    """The scorer that *config* describes, without any I/O."""
    prices = Prices(config.prices, config.windows)
    telemetry = Telemetry(config.sinks.prometheus.limits())
    tools = Tools([rule.declaration() for rule in config.tools])
    sessions = Sessions(config.sessions.limits(), tools)
    baselines = Baselines(sessions.counts)
    policies = ConfiguredPolicies(config, prices.window, baselines)
    return Pipeline(
        policies,
        prices,
        sessions,
        telemetry,
        writes_verdicts=config.forward is not None,
        baselines=baselines,
        incidents=Incidents(config.incidents.limits(), sessions.counts),
    )


class Service:
    """Receivers, pipeline and sinks on one event loop.

    Wall time is the clock: arrival is what silence is judged by, and it must outlive a restart.
    """

    def __init__(self, config: Config, *extra_sinks: Sink) -> None:
        self.pipeline = build_pipeline(config)
        self.telemetry = self.pipeline.telemetry
        self.telemetry.watch_sessions(self.pipeline.sessions)
        _begin(self.telemetry, config)
        self._forwarder = _forwarder(config.forward)
        self._findings = OtlpFindingsSink(self._forwarder) if self._forwarder is not None else None
        forwarded = [self._findings] if self._findings is not None else []
        sinks = Sinks([*_sinks(config), *forwarded, *extra_sinks], self.telemetry)
        self._scorer = Scorer(
            self.pipeline,
            sinks,
            self.telemetry,
            time.time,
            forwarder=self._forwarder,
            retry_after_s=config.receive.retry_after_s,
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
        pages: dict[str, Endpoint] = {
            prometheus.PATH: prometheus.MetricsPage(self.telemetry),
            DOCTOR_PATH: _DoctorPage(self.pipeline.diagnosis),
        }
        host, limit = config.receive.host, config.receive.max_body_bytes
        self._grpc = GrpcServer(admission, GrpcSettings(host, config.receive.grpc_port, limit), "receive.grpc_port")
        http_app = HttpApp(admission, config.receive.http(), lambda: self._ready, pages)
        self._http = HttpServer(http_app, HttpSettings(host, config.receive.http_port), "receive.http_port")
        self._ready = False
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
        """
        if self._findings is not None:
            self._findings.start()
        try:
            await self._http.start()
            await self._grpc.start()
        except BaseException:
            await self.stop()
            raise
        self._ticking = asyncio.create_task(self._tick())
        self._ready = True
        await self._grpc.announce()

    async def stop(self) -> None:
        """Take nothing new, finish what is in flight, send the findings that wait."""
        self._ready = False
        if self._ticking is not None:
            self._ticking.cancel()
        await self._grpc.stop(DRAIN_S)
        await self._http.stop(DRAIN_S)
        if self._findings is not None:
            await self._findings.close(DRAIN_S)
        if self._forwarder is not None:
            await self._forwarder.close(DRAIN_S)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self._scorer.tick()
            except Exception:  # noqa: BLE001 - the next tick may work
                self.telemetry.failed("pipeline", "tick")
                _log.exception("a tick failed; the next one comes in %g s", TICK_S)


def _begin(telemetry: Telemetry, config: Config) -> None:
    """Serve what tells of our own health from 0 on, so that the first fault is an increase."""
    parts = [("pipeline", "tick"), ("dialect", LOGS_DIALECT), *(("dialect", dialect.name) for dialect in DIALECTS)]
    parts += (("detector", name) for name in type(config.detectors).model_fields)
    parts += ((part, signal.value) for part, signal in product(("receive", "pipeline"), Signal))
    telemetry.begin(table.SCORING_FAILURES, parts)
    telemetry.begin(table.REQUESTS, ((signal.value, outcome.value) for signal, outcome in product(Signal, Outcome)))
    telemetry.plan_fleet(config.budgets.usd_per_30d(), (rule.type for rule in config.agents))
    telemetry.begin(table.REQUEST_BYTES, ((signal.value,) for signal in Signal))
    reasons = ("undecodable", "invalid_id", "unknown_dialect")
    telemetry.begin(table.SPANS_UNSCORED, [("logs", "undecodable"), *(("traces", reason) for reason in reasons)])


class _DoctorPage:
    """What arrives and what is missing, as JSON for `loopwatch doctor`."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        self._diagnosis = diagnosis

    def __call__(self, _request: Request) -> Response:
        return JSONResponse(self._diagnosis.as_dict())


def _sinks(config: Config) -> list[Sink]:
    sinks: list[Sink] = []
    if config.sinks.log.enabled:
        sinks.append(LogSink(config.sinks.log.severity(), config.sinks.log.repeat_after_s))
    if config.sinks.json_lines.path is not None:
        sinks.append(JsonLinesSink(config.sinks.json_lines.path))
    return sinks


def _forwarder(forward: Forward | None) -> OtlpForwarder | None:
    if forward is None:
        return None
    transport = GrpcTransport if forward.protocol == "grpc" else HttpTransport
    sender = transport(
        forward.endpoint,
        headers=forward.plain_headers(),
        tls=forward.tls.files(),
        timeout_s=forward.timeout_s,
        compress=forward.compress,
    )
    return OtlpForwarder(sender, forward.limits())
