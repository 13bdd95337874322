"""Findings as OTLP log records: what they carry, and that they wait for an endpoint that is away."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.finding import Severity
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.sinks.otlp import OtlpForwarder
from loopwatch_processor.sinks.otlp_answer import Answer, Delivered, Refused, TryAgain
from loopwatch_processor.sinks.otlp_findings import OtlpFindingsSink, as_request
from tests.sinks.findings import raised
from tests.sinks.scripted import Scripted


def _records(body: bytes) -> list[LogRecord]:
    request = ExportLogsServiceRequest.FromString(body)
    return [
        record for resource in request.resource_logs for scope in resource.scope_logs for record in scope.log_records
    ]


def _steps(body: bytes) -> list[int]:
    """The step of each finding in *body*: what the tests tell findings apart by."""
    return [
        pair.value.int_value
        for record in _records(body)
        for pair in record.attributes
        if pair.key == "loopwatch.finding.step"
    ]


def _sent(script: Scripted, emitted: int, slept_s: list[float] | None = None) -> list[list[int]]:
    """The steps in each request that went out for *emitted* findings."""

    async def sleep(seconds: float) -> None:
        if slept_s is not None:
            slept_s.append(seconds)
        await asyncio.sleep(0)

    async def run() -> None:
        sink = OtlpFindingsSink(OtlpForwarder(script), sleep=sleep)
        for step in range(emitted):
            sink.emit(raised(step=step))
        script.open.set()
        sink.start()
        await sink.close(30)

    asyncio.run(run())
    assert all(signal is Signal.logs for signal, _ in script.sent)
    return [_steps(body) for _, body in script.sent]


def test_a_record_points_at_the_span_that_raised_it() -> None:
    """Trace and span id, severity, event name and sentence; the resource says whose it is."""
    request = as_request(raised(Severity.CRITICAL, span_id="cd" * 8 + "/call_1"))
    (record,) = _records(request.SerializeToString())
    resource = {pair.key: pair.value.string_value for pair in request.resource_logs[0].resource.attributes}

    assert (record.trace_id.hex(), record.span_id.hex()) == ("ab" * 16, "cd" * 8)
    assert (record.severity_number, record.event_name) == (SeverityNumber.SEVERITY_NUMBER_ERROR, "loopwatch.finding")
    assert record.body.string_value == "Called search 5 times with the same arguments."
    assert resource == {"service.name": "billing", "deployment.environment.name": "prod"}


@pytest.mark.parametrize(("session_key", "named"), [("thread-7", True), ("ab" * 16, False), ("run", False)])
def test_a_conversation_id_is_never_made_up(session_key: str, named: bool) -> None:
    """A session that is keyed by its trace, or by its chain of calls, has no id that anybody gave it."""
    (record,) = _records(as_request(raised(session_key=session_key, run_key="run")).SerializeToString())
    found = [pair.value.string_value for pair in record.attributes if pair.key == "gen_ai.conversation.id"]
    assert found == ([session_key] if named else [])


def test_findings_that_wait_go_out_together_and_in_order() -> None:
    """A storm of findings is one request, not a thousand."""
    assert _sent(Scripted(), 3) == [[0, 1, 2]]
    assert [len(steps) for steps in _sent(Scripted(), 600)] == [512, 88]


def test_findings_wait_for_an_endpoint_that_is_away() -> None:
    """Its own wish comes first; else each wait is longer than the last."""
    slept_s: list[float] = []
    away: list[Answer | Exception] = [TryAgain("down"), TryAgain("busy", 7.0), TryAgain("down")]
    assert _sent(Scripted(away), 2, slept_s) == [[0, 1]] * 4
    assert slept_s == [1.0, 7.0, 5.0]


def test_refused_findings_are_not_sent_again() -> None:
    """An endpoint without a logs pipeline does not stop those that come later."""
    assert _sent(Scripted([Refused("grpc_unimplemented", "no logs here"), Delivered()]), 600) == [
        list(range(512)),
        list(range(512, 600)),
    ]


def test_too_many_waiting_findings_are_an_error_that_is_counted() -> None:
    """What does not fit is said to the caller, who counts it."""

    async def run() -> None:
        sink = OtlpFindingsSink(OtlpForwarder(Scripted()), waiting_max=2)
        sink.emit(raised())
        sink.emit(raised())
        with pytest.raises(LoopwatchError, match="2 findings wait"):
            sink.emit(raised())

    asyncio.run(run())


def test_closing_says_how_many_were_not_delivered(caplog: pytest.LogCaptureFixture) -> None:
    """With an endpoint that never answers the service still ends."""

    async def run() -> None:
        sink = OtlpFindingsSink(OtlpForwarder(Scripted()))
        sink.start()
        sink.emit(raised())
        await sink.close(0)

    asyncio.run(run())
    assert "1 findings were not delivered" in caplog.text
