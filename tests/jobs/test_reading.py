"""What log records and spans say of jobs, as it comes in over OTLP."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.jobs.span_reading import SpanReading
from loopwatch_processor.jobs.transition import Transition
from loopwatch_processor.pipeline import Pipeline

NOW_S = 1_780_272_000.0
NOW_NS = int(NOW_S * 1e9)


def listening(*destinations: str) -> tuple[Pipeline, list[Transition]]:
    """A pipeline, and what it hears of jobs."""
    pipeline, heard = build_pipeline(Config()), list[Transition]()
    pipeline.on_job = heard.append
    pipeline.job_spans = SpanReading(destinations)
    return pipeline, heard


def log(event: str, **attributes: str | int) -> bytes:
    """One event of the service "web" in "prod", as a request."""
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    _fill(resource.resource.attributes, {"service.name": "web", "deployment.environment.name": "prod"})
    record = resource.scope_logs.add().log_records.add(event_name=event, time_unix_nano=NOW_NS - 10**9)
    _fill(record.attributes, {name.replace("__", "."): value for name, value in attributes.items()})
    return request.SerializeToString()


def spans(*told: dict[str, str | int], failed: bool = False) -> bytes:
    """Spans of one second with these attributes, as a request."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    _fill(resource.resource.attributes, {"service.name": "web", "deployment.environment.name": "prod"})
    made = resource.scope_spans.add().spans
    for number, attributes in enumerate(told, 1):
        span = made.add(
            trace_id=b"t" * 16,
            span_id=number.to_bytes(8, "big"),
            start_time_unix_nano=NOW_NS - 10**9,
            end_time_unix_nano=NOW_NS,
        )
        span.status.code = 2 if failed else 0
        _fill(span.attributes, attributes)
    return request.SerializeToString()


def _fill(into: Any, told: dict[str, str | int]) -> None:
    for key, value in told.items():
        target = into.add(key=key).value
        if isinstance(value, int):
            target.int_value = value
        else:
            target.string_value = value


def test_an_event_of_a_job_with_all_that_it_says() -> None:
    """Who, which, when, why: from the record and its resource."""
    pipeline, heard = listening()
    words = {"loopwatch__job__id": "7", "loopwatch__job__type": "report", "loopwatch__job__queue": "slow"}
    more = {"loopwatch__retry__attempt": 2, "loopwatch__stop__reason": "timeout", "error__type": "TimeoutError"}
    pipeline.feed_logs(log("loopwatch.job.failed", **words, **more, gen_ai__agent__name="clerk"), NOW_S)
    (item,) = heard
    assert (item.environment, item.service, item.agent) == ("prod", "web", "clerk")
    assert (item.job_id, item.type, item.queue, item.status.value) == ("7", "report", "slow", "failed")
    assert (item.attempt, item.stop_reason, item.error_type) == (2, "timeout", "TimeoutError")
    assert (item.at_ns, item.arrived_s) == (NOW_NS - 10**9, NOW_S)


@pytest.mark.parametrize("attempt", [-1, 0, 2**62, "two"])
def test_an_odd_attempt_is_no_fault(attempt: int | str) -> None:
    """It is a number from 1 on, whatever was sent."""
    pipeline, heard = listening()
    told = log("loopwatch.job.queued", loopwatch__job__id="7", loopwatch__retry__attempt=attempt)
    pipeline.feed_logs(told, NOW_S)
    assert 1 <= heard[0].attempt <= 1_000_000


def test_an_event_without_an_id_is_counted() -> None:
    """Nobody can tell which job it is about."""
    pipeline, heard = listening()
    pipeline.feed_logs(log("loopwatch.job.queued", loopwatch__job__type="report"), NOW_S)
    unscored = pipeline.telemetry.registry.get_sample_value
    assert heard == []
    assert unscored("loopwatch_spans_unscored_total", {"signal": "logs", "reason": "invalid_id"}) == 1


MESSAGE: dict[str, str | int] = {"messaging.message.id": "7", "messaging.destination.name": "reports"}
CELERY: dict[str, str | int] = {
    "messaging.message.id": "7",
    "messaging.destination": "reports",
    "celery.task_name": "make_report",
}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({**MESSAGE, "messaging.operation.type": "send"}, ["queued"]),
        ({**MESSAGE, "messaging.operation": "publish"}, ["queued"]),
        ({**MESSAGE, "messaging.operation.type": "process"}, ["executing", "completed"]),
        ({**MESSAGE, "messaging.operation.type": "receive"}, []),
        ({**CELERY, "celery.action": "apply_async"}, ["queued"]),
        ({**CELERY, "celery.action": "run"}, ["executing", "completed"]),
    ],
)
def test_messages_of_a_named_queue_are_jobs(told: dict[str, str | int], expected: list[str]) -> None:
    """Old and new names, and Celery's own; any other operation says nothing clear."""
    pipeline, heard = listening("rep*")
    pipeline.feed_traces(spans(told), NOW_S)
    assert [item.status.value for item in heard] == expected
    assert {(item.job_id, item.queue) for item in heard} <= {("7", "reports")}
    assert {item.type for item in heard} <= {"make_report" if "celery.action" in told else "reports"}


def test_a_message_whose_processing_failed() -> None:
    """The consumer's span says so."""
    pipeline, heard = listening("*")
    failed = {**MESSAGE, "messaging.operation.type": "process", "error.type": "KeyError"}
    pipeline.feed_traces(spans(failed, failed=True), NOW_S)
    assert [(item.status.value, item.error_type) for item in heard][-1] == ("failed", "KeyError")
    assert heard[0].at_ns == heard[1].at_ns - 10**9


def test_messages_of_other_queues_are_none() -> None:
    """A topic may have millions of them; by default none is a job."""
    for destinations in ((), ("mail",)):
        pipeline, heard = listening(*destinations)
        pipeline.feed_traces(spans({**MESSAGE, "messaging.operation.type": "process"}), NOW_S)
        assert heard == []


def response(status: str, operation: str = "fetch_response") -> dict[str, str | int]:
    """A span about a response in the background."""
    return {"gen_ai.operation.name": operation, "gen_ai.response.id": "resp_1", "gen_ai.response.status": status}


def test_a_response_in_the_background_is_a_job() -> None:
    """Asked for, looked at again and again, and fetched: each state is told once."""
    pipeline, heard = listening()
    for number, told in enumerate((response("queued", "chat"), *[response("in_progress")] * 3, response("completed"))):
        pipeline.feed_traces(spans(told), NOW_S + number)
    assert [item.status.value for item in heard] == ["queued", "executing", "completed"]
    assert {(item.job_id, item.type) for item in heard} == {("resp_1", "background_response")}


@pytest.mark.parametrize(
    ("status", "reason"),
    [("failed", "model_error"), ("incomplete", "output_truncated"), ("cancelled", "cancelled")],
)
def test_a_response_that_comes_to_nothing(status: str, reason: str) -> None:
    """Each way has a stop reason of its own."""
    pipeline, heard = listening()
    pipeline.feed_traces(spans(response(status)), NOW_S)
    assert [(item.status.value, item.stop_reason) for item in heard] == [("failed", reason)]


def test_an_ordinary_call_is_no_job() -> None:
    """It says that it is completed, too, and nobody waits for it."""
    pipeline, heard = listening()
    pipeline.feed_traces(spans(response("completed", "chat"), response("strange")), NOW_S)
    assert heard == []
