"""The reporter in a program: where its events go, how it is set up, and that it harms nothing."""

import importlib.metadata
import logging
import threading
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
from opentelemetry import _logs, trace
from opentelemetry import context as otel_context
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

from loopwatch import inflight
from loopwatch._counts import count, counts
from loopwatch.inflight import InFlightReporter
from tests.inflight.collector import Collector
from tests.inflight.waiting import until

LATER = 10**20
"""A time of the wall clock at which every span has been open for long."""


def open_span(provider: TracerProvider) -> trace.Span:
    """A GenAI span that stays open."""
    return provider.get_tracer("t").start_span("chat m", attributes={"gen_ai.operation.name": "chat"})


def attached(provider: TracerProvider, **options: Any) -> InFlightReporter:
    """A reporter that tells when the test says so: its own thread sleeps for an hour."""
    reporter = InFlightReporter(grace_s=18_000.0, interval_s=15.0, **options)
    provider.add_span_processor(reporter)
    return reporter


@pytest.fixture
def program_logs(monkeypatch: pytest.MonkeyPatch) -> InMemoryLogRecordExporter:
    """The program's own OpenTelemetry logs."""
    exporter: InMemoryLogRecordExporter = cast("Any", InMemoryLogRecordExporter)()
    logger_provider = LoggerProvider(shutdown_on_exit=False)
    logger_provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    monkeypatch.setattr(_logs, "get_logger_provider", lambda: logger_provider)
    return exporter


def test_the_programs_own_logs_carry_the_events(
    provider: TracerProvider, program_logs: InMemoryLogRecordExporter
) -> None:
    """Name, trace and span, severity and scope are those of the convention."""
    reporter = attached(provider)
    span = open_span(provider)
    reporter.sweep(LATER)

    (record,) = (kept.log_record for kept in program_logs.get_finished_logs())
    assert record.event_name == "loopwatch.span.started"
    assert (record.trace_id, record.span_id) == (span.get_span_context().trace_id, span.get_span_context().span_id)
    assert record.severity_text == "DEBUG"


def test_what_was_left_out_is_said_once_in_a_batch(
    provider: TracerProvider, program_logs: InMemoryLogRecordExporter
) -> None:
    """The sums of the process, on its first event; nothing where nothing was left out."""
    reporter = attached(provider)
    held = [open_span(provider), open_span(provider)]
    reporter.sweep(LATER)
    count("event_not_sent", 3)
    reporter.sweep(2 * LATER)
    del held

    told = [dict(kept.log_record.attributes or {}) for kept in program_logs.get_finished_logs()]
    left_out = [{key: value for key, value in said.items() if ".left_out" in key} for said in told]
    assert left_out == [{}, {}, {"loopwatch.process.left_out.event_not_sent": 3}, {}]


@pytest.mark.parametrize("variables", [{"ENDPOINT": "{}"}, {"LOGS_ENDPOINT": "{}/v1/logs"}])
@pytest.mark.parametrize("protocol", [None, "http/protobuf"])
def test_without_logs_an_exporter_is_built_as_the_official_variables_say(
    provider: TracerProvider,
    logs: Collector,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    protocol: str | None,
) -> None:
    """The endpoint of all signals or that of logs, in one request for all spans, with the spans' own resource."""
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value.format(logs.endpoint))
    if protocol is not None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    reporter = attached(provider)
    kept = [open_span(provider) for _ in range(3)]
    reporter.sweep(LATER)

    assert (len(logs.told), logs.requests) == (len(kept), 1)
    assert logs.told[0].resource["service.name"] == "agents"


def test_grpc_is_used_where_the_variables_ask_for_it(provider: TracerProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol for logs goes before the one for all signals."""
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs.export import LogRecordExportResult

    sent: list[Any] = []

    def export(_: Any, batch: Any) -> LogRecordExportResult:
        sent.extend(batch)
        return LogRecordExportResult.SUCCESS

    monkeypatch.setattr(OTLPLogExporter, "export", export)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc")
    reporter = attached(provider)
    span = open_span(provider)
    reporter.sweep(LATER)

    assert [record.log_record.span_id for record in sent] == [span.get_span_context().span_id]


def test_a_logger_provider_without_an_exporter_is_passed_over(
    provider: TracerProvider, logs: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes there is lost without a word, so the variables are followed."""
    empty = LoggerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(_logs, "get_logger_provider", lambda: empty)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", logs.endpoint)
    reporter = attached(provider)
    span = open_span(provider)
    reporter.sweep(LATER)

    assert len(logs.told) == 1
    assert span.is_recording()


def test_an_endpoint_of_its_own_goes_before_the_programs_logs(
    provider: TracerProvider, logs: Collector, program_logs: InMemoryLogRecordExporter
) -> None:
    """Where the program's logs go elsewhere, loopwatch has its own way."""
    reporter = attached(provider, endpoint=logs.endpoint)
    span = open_span(provider)
    reporter.sweep(LATER)

    assert (len(logs.told), len(program_logs.get_finished_logs())) == (1, 0)
    assert span.is_recording()


@pytest.mark.parametrize(
    ("variables", "remedy"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "pip install 'loopwatch[otlp]'"),
        ({"OTEL_LOGS_EXPORTER": "none"}, "OTEL_LOGS_EXPORTER is none"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}, "ENDPOINT"),
    ],
)
def test_events_that_lead_nowhere_are_counted_and_said_once(
    provider: TracerProvider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    variables: dict[str, str],
    remedy: str,
) -> None:
    """One line in our log with its remedy, and a number."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    reporter = attached(provider)
    span = open_span(provider)
    reporter.sweep(LATER)
    reporter.sweep(LATER + 10**12)

    (record,) = (record for record in caplog.records if record.name == "loopwatch")
    assert remedy in record.getMessage()
    assert counts()["event_not_sent"] == 2
    assert span.is_recording()


def test_install_joins_the_provider_once(provider: TracerProvider, logs: Collector) -> None:
    """A second call, as by the entry point after the line in the program, changes nothing."""
    first = inflight.install(endpoint=logs.endpoint, grace_s=0.05)
    assert first is not None
    assert inflight.install() is first
    span = open_span(provider)
    told = logs.wait_for(lambda told: told)
    assert [event.name for event in told] == ["loopwatch.span.started"]
    assert span.is_recording()


def test_install_watches_http_clients_unless_told_not_to(provider: TracerProvider) -> None:
    """Both client libraries where they are installed."""
    httpx = pytest.importorskip("httpx")
    original = httpx.Client.send
    inflight.install(http=False)
    assert httpx.Client.send is original
    inflight.install()
    assert httpx.Client.send is not original


def test_without_a_provider_install_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A program that never set OpenTelemetry up gets one line in the log."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    assert inflight.install() is None
    assert inflight.install() is None
    (record,) = caplog.records
    assert "call loopwatch.inflight.install() after" in record.getMessage()


def test_the_entry_point_leads_here() -> None:
    """Under opentelemetry-instrument with a distro nobody has to call anything."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    (value,) = project["entry-points"]["opentelemetry_post_instrument"].values()
    point = importlib.metadata.EntryPoint("loopwatch", value, "opentelemetry_post_instrument")
    assert point.load() is inflight.post_instrument


@pytest.mark.parametrize(("value", "is_on"), [("off", False), ("0", False), ("False", False), ("", True), ("on", True)])
def test_the_entry_point_can_be_switched_off(
    provider: TracerProvider, monkeypatch: pytest.MonkeyPatch, value: str, is_on: bool
) -> None:
    """A fleet that installs loopwatch for its helpers need not have the reporter."""
    made: list[object] = []
    monkeypatch.setattr(inflight, "install", lambda **options: made.append(options))
    monkeypatch.setenv("LOOPWATCH_INFLIGHT", value)
    monkeypatch.setenv("LOOPWATCH_INFLIGHT_ENDPOINT", "http://loopwatch:4318")
    inflight.post_instrument()
    assert made == [{"endpoint": "http://loopwatch:4318"}] * is_on


def test_an_endpoint_that_comes_too_late_is_said(provider: TracerProvider, caplog: pytest.LogCaptureFixture) -> None:
    """The first call decides where events go."""
    inflight.install(http=False)
    inflight.install(http=False)
    assert not caplog.records
    inflight.install(http=False, endpoint="http://elsewhere:4318")
    assert "has no effect" in caplog.records[0].getMessage()


def test_events_of_sending_make_no_spans(provider: TracerProvider, logs: Collector) -> None:
    """Instrumented HTTP clients are told to look away while events are sent."""
    seen: list[object] = []

    class Looks(InFlightReporter):
        def sweep(self, now_ns: int | None = None) -> None:
            seen.append(otel_context.get_value(inflight._SUPPRESS))

    provider.add_span_processor(Looks(grace_s=0.05))
    open_span(provider).end()
    until(lambda: seen)
    assert seen[0] is True


def test_a_fault_in_telling_ends_nothing(provider: TracerProvider, caplog: pytest.LogCaptureFixture) -> None:
    """The thread lives on, the fault is counted and logged once."""

    class Broken(InFlightReporter):
        def sweep(self, now_ns: int | None = None) -> None:
            raise ZeroDivisionError

    provider.add_span_processor(Broken(grace_s=0.01))
    open_span(provider).end()
    until(lambda: counts().get("fault", 0) >= 3)
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_a_span_of_an_unknown_kind_harms_nobody(provider: TracerProvider) -> None:
    """What is no span of the SDK is counted, and its program goes on."""
    reporter = attached(provider)
    odd = cast("Any", object())
    reporter.on_start(odd)
    reporter.on_end(odd)
    assert counts() == {"fault": 1}


def test_shutdown_ends_the_thread(provider: TracerProvider, logs: Collector) -> None:
    """Also while spans are open; a span that starts afterwards starts none."""
    reporter = InFlightReporter(grace_s=0.05, endpoint=logs.endpoint)
    provider.add_span_processor(reporter)
    span = open_span(provider)
    logs.wait_for(lambda told: told)
    provider.shutdown()
    assert "loopwatch-inflight" not in {thread.name for thread in threading.enumerate()}
    later = open_span(provider)
    assert "loopwatch-inflight" not in {thread.name for thread in threading.enumerate()}
    assert span.is_recording()
    assert later.is_recording()


def test_shutdown_wakes_an_exporter_that_tries_again(
    provider: TracerProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It waits between its tries; the end of the program wakes it, and what fails then is nobody's concern."""
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs.export import LogRecordExportResult

    tries, woken = threading.Event(), threading.Event()

    def export(*_: Any) -> LogRecordExportResult:
        tries.set()
        woken.wait(60)
        return LogRecordExportResult.FAILURE

    monkeypatch.setattr(OTLPLogExporter, "export", export)
    monkeypatch.setattr(OTLPLogExporter, "shutdown", lambda _: woken.set())
    reporter = InFlightReporter(grace_s=0.01, endpoint="http://127.0.0.1:1")
    provider.add_span_processor(reporter)
    span = open_span(provider)
    assert tries.wait(60)
    provider.shutdown()
    until(lambda: not any(thread.name == "loopwatch-inflight" for thread in threading.enumerate()))
    assert woken.is_set()
    assert not caplog.records
    assert span.is_recording()


def test_no_thread_starts_before_the_first_span(provider: TracerProvider) -> None:
    """A program that imports and installs, and then forks its workers, has nothing running."""
    inflight.install(http=False)
    assert "loopwatch-inflight" not in {thread.name for thread in threading.enumerate()}
