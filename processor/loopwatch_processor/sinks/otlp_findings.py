"""Findings as OTLP log records, sent where the spans go: each with the trace and span id that raised it.

Nobody waits for them, so they are kept here, in memory and bounded, until the endpoint took them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import islice

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from loopwatch import attributes as names
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.sinks.otlp import OtlpForwarder
from loopwatch_processor.sinks.otlp_answer import Delivered, Refused, TryAgain

_log = logging.getLogger(__name__)

SCOPE = "loopwatch"
_SEVERITIES = {
    Severity.INFO: (SeverityNumber.SEVERITY_NUMBER_INFO, "INFO"),
    Severity.WARNING: (SeverityNumber.SEVERITY_NUMBER_WARN, "WARN"),
    Severity.CRITICAL: (SeverityNumber.SEVERITY_NUMBER_ERROR, "ERROR"),
}


_BATCH_MAX = 512
_BACKOFF_S = (1.0, 2.0, 5.0, 10.0, 30.0)


class OtlpFindingsSink:
    """Sends findings through *forwarder*, retried for ever; at most *waiting_max* wait, further ones are refused."""

    name = "otlp_findings"

    def __init__(
        self,
        forwarder: OtlpForwarder,
        waiting_max: int = 4096,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._forwarder = forwarder
        self._waiting_max = waiting_max
        self._sleep = sleep
        self._waiting: deque[bytes] = deque()
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()
        self._worker: asyncio.Task[None] | None = None

    def emit(self, raised: RaisedFinding) -> None:
        """Queue *raised*.

        Raises:
            LoopwatchError: too many wait; the finding stays in every other sink.
        """
        if len(self._waiting) >= self._waiting_max:
            raise LoopwatchError(f"{self._waiting_max} findings wait for the endpoint to come back")
        self._waiting.append(as_request(raised).SerializeToString())
        self._none.clear()
        self._some.set()

    def start(self) -> None:
        """Start to send on the running event loop."""
        self._worker = asyncio.create_task(self._work())

    async def close(self, drain_s: float) -> None:
        """Send what waits for up to *drain_s* seconds; the rest is lost here, and logged as a number."""
        if self._worker is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._none.wait(), drain_s)
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        if self._waiting:
            _log.error("%d findings were not delivered as log records", len(self._waiting))

    async def _work(self) -> None:
        attempt = 0
        while True:
            await self._some.wait()
            # Export requests that stand one after the other are one request with the records of all (protobuf merge).
            batch = list(islice(self._waiting, _BATCH_MAX))
            match await self._forwarder.send(Signal.logs, b"".join(batch)):
                case TryAgain(after_s=after_s):
                    await self._sleep(after_s or _BACKOFF_S[min(attempt, len(_BACKOFF_S) - 1)])
                    attempt += 1
                case Delivered() | Refused():
                    attempt = 0
                    self._drop(len(batch))

    def _drop(self, sent: int) -> None:
        for _ in range(sent):
            self._waiting.popleft()
        if not self._waiting:
            self._some.clear()
            self._none.set()


def as_request(raised: RaisedFinding) -> ExportLogsServiceRequest:
    """An export request that holds *raised* as its only record."""
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.extend(
        _pairs({names.SERVICE_NAME: raised.service, names.DEPLOYMENT_ENVIRONMENT_NAME: raised.environment})
    )
    scope = resource.scope_logs.add()
    scope.scope.name = SCOPE
    scope.log_records.append(_record(raised))
    return request


def _record(raised: RaisedFinding) -> LogRecord:
    finding = raised.finding
    number, text = _SEVERITIES[finding.severity]
    return LogRecord(
        time_unix_nano=raised.at_ns,
        observed_time_unix_nano=raised.at_ns,
        severity_number=number,
        severity_text=text,
        event_name=names.EVENT_FINDING,
        body=AnyValue(string_value=finding.summary),
        trace_id=bytes.fromhex(raised.trace_id),
        span_id=bytes.fromhex(raised.span_id.partition("/")[0]),
        attributes=_pairs(
            {
                names.GEN_AI_CONVERSATION_ID: _conversation_id(raised),
                names.GEN_AI_AGENT_NAME: raised.agent,
                names.LOOPWATCH_FINDING_DETECTOR: finding.detector,
                names.LOOPWATCH_FINDING_PATTERN: finding.pattern,
                names.LOOPWATCH_FINDING_SEVERITY: finding.severity.label,
                names.LOOPWATCH_FINDING_SCORE: float(finding.score),
                names.LOOPWATCH_FINDING_SUMMARY: finding.summary,
                names.LOOPWATCH_FINDING_STEP: raised.step,
                names.LOOPWATCH_STOP_REASON: finding.stop_reason,
            }
        ),
    )


def _conversation_id(raised: RaisedFinding) -> str:
    """The id that the spans gave; "" where the session is keyed by a trace or by its only run for want of one."""
    return "" if raised.session_key in (raised.trace_id, raised.run_key) else raised.session_key


def _pairs(values: Mapping[str, str | float | int]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items() if value != ""]


def _value(value: str | float | int) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(double_value=value) if isinstance(value, float) else AnyValue(int_value=value)
