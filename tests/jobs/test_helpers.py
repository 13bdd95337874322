"""`loopwatch.job` and its kin: what they say, and that they break nothing."""

import asyncio
import threading
from contextlib import nullcontext
from typing import Any

import pytest
from opentelemetry import _logs, trace
from opentelemetry import context as otel_context
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch
from loopwatch import job_events
from loopwatch.job import job, job_queued
from loopwatch.job_decorators import job_submitter, job_worker

Events = list[tuple[str, dict[str, Any]]]


def told(logs: InMemoryLogRecordExporter) -> Events:
    """The events so far, oldest first."""
    records = [item.log_record for item in logs.get_finished_logs()]
    return [(str(record.event_name), dict(record.attributes or {})) for record in records]


def test_a_job_that_is_done(logs: InMemoryLogRecordExporter) -> None:
    """Queued by one process, executing and completed by the other, all under one id."""
    own = job_queued("report", queue="slow")
    with job("report", id=own, queue="slow"):
        pass
    assert [name for name, _ in told(logs)] == [
        "loopwatch.job.queued",
        "loopwatch.job.executing",
        "loopwatch.job.completed",
    ]
    assert {attributes["loopwatch.job.id"] for _, attributes in told(logs)} == {own}
    assert {attributes["loopwatch.job.queue"] for _, attributes in told(logs)} == {"slow"}
    assert told(logs)[-1][1]["loopwatch.stop.reason"] == "completed"


def test_a_job_that_fails_says_why_and_raises(logs: InMemoryLogRecordExporter) -> None:
    """The exception goes on; its class and the stop reason are on the event, and which try it was."""
    with pytest.raises(TimeoutError), job("report", id="7", attempt=2):
        raise TimeoutError("secret")
    name, attributes = told(logs)[-1]
    assert name == "loopwatch.job.failed"
    assert attributes == {
        "loopwatch.job.id": "7",
        "loopwatch.job.type": "report",
        "loopwatch.retry.attempt": 2,
        "loopwatch.stop.reason": "timeout",
        "error.type": "TimeoutError",
    }


def test_a_cancelled_job_is_failed_as_cancelled(logs: InMemoryLogRecordExporter) -> None:
    """A worker that shuts down cancels its jobs: nobody has to look into them as errors."""

    async def work() -> None:
        async with job("report", id="7"):
            await asyncio.sleep(60)

    async def cancel() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert told(logs)[-1][1]["loopwatch.stop.reason"] == "cancelled"


def test_fail_without_an_exception(logs: InMemoryLogRecordExporter) -> None:
    """Code that swallows its errors can still say that the work is not done."""
    with job("report", id="7") as work:
        work.fail("tool_failed")
    name, attributes = told(logs)[-1]
    assert (name, attributes["loopwatch.stop.reason"]) == ("loopwatch.job.failed", "tool_failed")


def test_the_agent_inside_is_linked(logs: InMemoryLogRecordExporter, spans: InMemorySpanExporter) -> None:
    """The root span of the run has the job's id, the sub-agent's has not, and the job's end names the agent."""
    with job("report", id="7"), loopwatch.session("clerk", conversation_id="c"), loopwatch.session("helper"):
        pass
    ids = {span.name: (span.attributes or {}).get("loopwatch.job.id") for span in spans.get_finished_spans()}
    assert ids == {"invoke_agent clerk": "7", "invoke_agent helper": None}
    end = told(logs)[-1][1]
    assert (end["gen_ai.agent.name"], end["gen_ai.conversation.id"]) == ("clerk", "c")


def test_outermost_spans_of_any_instrumentation_have_the_jobs_id(spans: InMemorySpanExporter) -> None:
    """In a worker's own span or in none, one after another; those below and those after the job have not."""
    tracer = trace.get_tracer("some.framework")
    for around in ("task", ""):
        with tracer.start_as_current_span(around) if around else nullcontext(), job("report", id=f"7{around}"):
            with tracer.start_as_current_span("agent"), tracer.start_as_current_span("chat"):
                pass
            tracer.start_span("second").end()
            tracer.start_span("detached", context=otel_context.Context()).end()
    tracer.start_span("after").end()
    ids = [(span.name, (span.attributes or {}).get("loopwatch.job.id")) for span in spans.get_finished_spans()]
    assert ids == [
        *(("chat", None), ("agent", "7task"), ("second", "7task"), ("detached", None), ("task", None)),
        *(("chat", None), ("agent", "7"), ("second", "7"), ("detached", None), ("after", None)),
    ]


def test_the_agent_of_any_instrumentation_is_the_jobs(
    logs: InMemoryLogRecordExporter, spans: InMemorySpanExporter
) -> None:
    """The first that ends names it on the job's end, unless the job was given a name; a span after the job does not."""
    tracer = trace.get_tracer("some.framework")
    for given in (None, "mine"):
        with job("report", id="7", agent_name=given):
            for name in ("clerk", "other"):
                tracer.start_span("agent", attributes={"gen_ai.agent.name": name, "session.id": "s"}).end()
        tracer.start_span("agent", attributes={"gen_ai.agent.name": "later", "loopwatch.job.id": "7"}).end()
    ends = [said for name, said in told(logs) if name.endswith("completed")]
    assert [said["gen_ai.agent.name"] for said in ends] == ["clerk", "mine"]
    assert {said["gen_ai.conversation.id"] for said in ends} == {"s"}


def test_an_id_that_a_span_has_already_stays(spans: InMemorySpanExporter) -> None:
    """Whoever made the span knows better."""
    with job("report", id="7"):
        trace.get_tracer("t").start_span("agent", attributes={"loopwatch.job.id": "8"}).end()
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["loopwatch.job.id"] == "8"


def test_the_run_tells_why_the_job_ended(logs: InMemoryLogRecordExporter, spans: InMemorySpanExporter) -> None:
    """A run that stopped at its limit is why, whether its exception left the job or not; another exception is not."""

    def work(own: str) -> None:
        with job("report", id=own):
            with loopwatch.session("clerk") as run:
                run.stop("step_budget")
            if own == "8":
                raise KeyError(own)

    work("7")
    with pytest.raises(KeyError):
        work("8")
    ends = [(name, said["loopwatch.stop.reason"]) for name, said in told(logs) if "executing" not in name]
    assert ends == [("loopwatch.job.completed", "step_budget"), ("loopwatch.job.failed", "internal_error")]


def test_decorators_for_both_ends(logs: InMemoryLogRecordExporter) -> None:
    """The submitter's id comes from what it returns, the worker's from what it is called with."""

    @job_submitter("report", id=lambda result: result["id"], queue="slow")
    def submit(text: str) -> dict[str, str]:
        return {"id": text}

    @job_worker("report", id=lambda own, text: own, attempt=lambda own, text: 3)
    def work(own: str, text: str) -> str:
        return text.upper()

    submit("7")
    assert work("7", "a") == "A"
    assert [(name.rpartition(".")[2], said["loopwatch.job.id"]) for name, said in told(logs)] == [
        ("queued", "7"),
        ("executing", "7"),
        ("completed", "7"),
    ]
    assert told(logs)[-1][1]["loopwatch.retry.attempt"] == 3


def test_decorators_of_coroutines(logs: InMemoryLogRecordExporter) -> None:
    """The same for `async def`; what raises has queued nothing, and what returns no id neither."""

    @job_submitter("report", id=lambda result: result)
    async def submit(own: str | None) -> str | None:
        if own == "":
            raise ValueError(own)
        return own

    @job_worker("report", id=lambda own: own)
    async def work(own: str) -> None:
        pass

    async def both() -> None:
        await submit(None)
        with pytest.raises(ValueError, match=r"^$"):
            await submit("")
        await submit("7")
        await work("7")

    asyncio.run(both())
    assert [name.rpartition(".")[2] for name, _ in told(logs)] == ["queued", "executing", "completed"]


def test_a_broken_logger_breaks_no_job(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever OpenTelemetry does, the work is done and its result comes back; the fault is said in the log."""

    def broken() -> Any:
        raise RuntimeError("no provider")

    monkeypatch.setattr(_logs, "get_logger_provider", broken)
    assert job_queued("report", "7") == "7"
    with job("report", id="7"):
        done = True
    assert done
    assert "was skipped" in caplog.text


def test_a_job_without_an_id_is_said_once(logs: InMemoryLogRecordExporter, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing can tell it from a lost one, so the log says how to mend it."""
    for _ in range(2):
        with job("report"):
            pass
    assert caplog.text.count("without an id") == 1


@pytest.fixture
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program that never set logs up."""
    monkeypatch.setattr(job_events, "_global_provider", lambda: None)
    monkeypatch.setattr(job_events, "providers", job_events._Providers())


def test_without_a_logger_provider_one_is_made_once(no_provider: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the official variables say, with the exporter that is installed."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1")
    provider = job_events.providers.current()
    assert provider is not None
    assert job_events.providers.current() is provider
    provider.shutdown()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OTEL_LOGS_EXPORTER", "none", "OTEL_LOGS_EXPORTER is none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon", "no OTLP exporter for carrier-pigeon"),
    ],
)
def test_jobs_that_cannot_be_told_of_are_said_once(
    no_provider: None, variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """The work goes on, and the log says once how to mend it."""
    monkeypatch.setenv(variable, value)
    for number in range(2):
        with job("report", id=str(number)):
            pass
    assert caplog.text.count(said) == 1


class Flushing:
    """A provider of logs or traces whose batch takes until *leaves* is set."""

    def __init__(self) -> None:
        self.leaves, self.asked, self.left = threading.Event(), threading.Event(), threading.Event()

    def force_flush(self, timeout_millis: int) -> bool:
        """As the SDK's: the time-out is not looked at."""
        self.asked.set()
        self.leaves.wait(20)
        self.left.set()
        return True


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> tuple[Flushing, Flushing]:
    """Those of the events and of the spans."""
    found = Flushing(), Flushing()
    monkeypatch.setattr(job_events.providers, "current", lambda: found[0])
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: found[1])
    return found


def test_a_collector_that_does_not_answer_holds_no_job_back(batches: tuple[Flushing, Flushing]) -> None:
    """The time for events and spans to leave is over, whatever the exporters still try."""
    job_events.flush(0.05)
    assert all(batch.asked.wait(20) and not batch.left.is_set() for batch in batches)
    for batch in batches:
        batch.leaves.set()


def test_what_leaves_in_time_is_waited_for(batches: tuple[Flushing, Flushing]) -> None:
    """Both batches have left when the job is."""
    for batch in batches:
        batch.leaves.set()
    job_events.flush(20.0)
    assert all(batch.left.is_set() for batch in batches)
