"""The parts of the service, built from the configuration without any I/O."""

from __future__ import annotations

from itertools import product
from typing import get_args

from loopwatch_processor.baselines import Baselines
from loopwatch_processor.config import Config
from loopwatch_processor.config.service import Forward
from loopwatch_processor.dialects import DIALECTS, LOGS_DIALECT
from loopwatch_processor.incidents import Incidents
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.policies import ConfiguredPolicies
from loopwatch_processor.prices import Prices
from loopwatch_processor.receive.connections import Refusal
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.outcome import Outcome
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.sinks.base import Sink
from loopwatch_processor.sinks.jsonlines import JsonLinesSink
from loopwatch_processor.sinks.log import LogSink
from loopwatch_processor.sinks.otlp import OtlpForwarder
from loopwatch_processor.telemetry import Telemetry, table
from loopwatch_processor.tools import Tools


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


PIPELINE_FAULTS = ("changes", "incidents", "jobs", "open_spans", "restore", "tick")
"""What may fail of us beside reading, detecting and telling, as `loopwatch_scoring_failures_total` names it."""


def begin(telemetry: Telemetry, config: Config) -> None:
    """Serve what tells of our own health from 0 on, so that the first fault is an increase."""
    parts = [("dialect", LOGS_DIALECT), *(("pipeline", name) for name in PIPELINE_FAULTS)]
    parts += (("dialect", dialect.name) for dialect in DIALECTS)
    parts += (("detector", name) for name in type(config.detectors).model_fields)
    parts += ((part, signal.value) for part, signal in product(("receive", "pipeline"), Signal))
    telemetry.begin(table.SCORING_FAILURES, parts)
    telemetry.begin(table.REQUESTS, ((signal.value, outcome.value) for signal, outcome in product(Signal, Outcome)))
    telemetry.plan_fleet(config.budgets.usd_per_30d(), (rule.type for rule in config.agents))
    telemetry.begin(table.REQUEST_BYTES, ((signal.value,) for signal in Signal))
    telemetry.begin(table.CONNECTIONS_REFUSED, ((reason,) for reason in get_args(Refusal)))
    reasons = ("undecodable", "too_many_parts", "invalid_id", "unknown_dialect")
    telemetry.begin(table.SPANS_UNSCORED, (("logs", reason) for reason in reasons[:3]))
    telemetry.begin(table.SPANS_UNSCORED, (("traces", reason) for reason in reasons))


def make_sinks(config: Config) -> list[Sink]:
    sinks: list[Sink] = []
    if config.sinks.log.enabled:
        sinks.append(LogSink(config.sinks.log.severity(), config.sinks.log.repeat_after_s))
    if config.sinks.json_lines.path is not None:
        sinks.append(JsonLinesSink(config.sinks.json_lines.path))
    return sinks


def make_forwarder(forward: Forward | None) -> OtlpForwarder | None:
    if forward is None:
        return None
    # Late: most services stand beside the road, and httpx is 60 ms of a start.
    from loopwatch_processor.sinks.otlp_grpc import GrpcTransport
    from loopwatch_processor.sinks.otlp_http import HttpTransport

    transport = GrpcTransport if forward.protocol == "grpc" else HttpTransport
    sender = transport(
        forward.endpoint,
        headers=forward.plain_headers(),
        tls=forward.tls.files(),
        timeout_s=forward.timeout_s,
        compress=forward.compress,
    )
    return OtlpForwarder(sender, forward.limits())
