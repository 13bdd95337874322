"""/metrics against the declared table."""

from __future__ import annotations

import gzip

import pytest
from prometheus_client.metrics_core import Metric as Served
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from loopwatch_processor.finding import Severity
from loopwatch_processor.session import Place, Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.sinks.prometheus import PATH, MetricsPage
from loopwatch_processor.step import Step, StreamTimings
from loopwatch_processor.telemetry import Telemetry
from loopwatch_processor.telemetry.metric import Kind, Metric
from loopwatch_processor.telemetry.table import METRICS
from tests.builders import model_step, tool_step, turn_step
from tests.sinks.findings import raised

OPENMETRICS = {"accept": "application/openmetrics-text; version=1.0.0"}
IDS = {"session", "session_id", "conversation", "user", "user_id", "trace_id", "span_id", "run"}


def client(telemetry: Telemetry) -> TestClient:
    """Somebody who scrapes *telemetry*."""
    page = MetricsPage(telemetry)
    return TestClient(Starlette(routes=[Route(PATH, page.__call__, methods=["GET", "HEAD", "POST"])]))


def place(before: Step | None = None) -> Place:
    """Somewhere in a session."""
    session = Session("session-4711")
    return Place(session, session.run("run"), session.agent_state(("refunds", "")), True, 1, before)


@pytest.fixture
def busy() -> Telemetry:
    """Telemetry in which every metric has a value."""
    telemetry = Telemetry()
    telemetry.received("traces", "openinference")
    telemetry.received("traces", "")
    telemetry.failed("detector", "loop")
    stream = StreamTimings(ttft_s=0.4, max_gap_s=0.2)
    call = model_step(trace_id="ab" * 16, input_tokens=9, cache_read_tokens=3, stream=stream, response_model="m")
    for item in (call, model_step(input_tokens=1, cost_usd=0.1), tool_step()):
        telemetry.stepped(item, place())
    telemetry.filled(call, place(), 0.5)
    telemetry.filled(call, place(), None)
    telemetry.raised(raised(Severity.CRITICAL))
    session = place().session
    run = session.run("run")
    run.end(turn_step())
    telemetry.run_ended(session, run)
    telemetry.answered("traces", "ok")
    telemetry.taken("traces", 100)
    telemetry.watch_sessions(Sessions())
    return telemetry


def families(text: str) -> dict[str, Served]:
    """What is served of ours, by name."""
    parsed = parse_openmetrics(text)  # type: ignore[no-untyped-call]
    return {family.name: family for family in parsed if family.name.startswith("loopwatch_")}


def watch_the_rest(telemetry: Telemetry) -> None:
    """Give every metric that is read elsewhere a reader."""
    served = families(client(telemetry).get(PATH, headers=OPENMETRICS).text)
    for metric in METRICS:
        if metric.name not in served:
            telemetry.watch_series(metric, lambda metric=metric: {("x",) * len(metric.labels): 1.0})  # type: ignore[misc]


def test_every_declared_metric_is_served_as_declared_and_no_other(busy: Telemetry) -> None:
    """Names, types, units, help and labels come from one table."""
    watch_the_rest(busy)
    served = families(client(busy).get(PATH, headers=OPENMETRICS).text)
    assert set(served) == {metric.name for metric in METRICS}
    for metric in METRICS:
        family = served[metric.name]
        assert (family.type, family.documentation, family.unit) == (metric.kind, metric.help, metric.served_unit)
        labels = {frozenset(set(sample.labels) - {"le"}) for sample in family.samples}
        assert labels <= {frozenset(metric.labels)}, metric.name


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_declarations_follow_the_rules(metric: Metric) -> None:
    """A unit ends the name, a label is never an id, and only histograms have buckets."""
    assert metric.name.startswith("loopwatch_")
    assert metric.name.endswith(metric.served_unit)
    assert not metric.name.endswith("_total")
    assert not IDS & set(metric.labels)
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.help.endswith(".")


def test_openmetrics_has_exemplars_and_the_text_format_none(busy: Telemetry) -> None:
    """Findings and stream timings lead to a trace."""
    scraper = client(busy)
    served = families(scraper.get(PATH, headers=OPENMETRICS).text)
    for name in ("loopwatch_findings_raised", "loopwatch_stream_ttft_seconds", "loopwatch_stream_largest_gap_seconds"):
        exemplars = [sample.exemplar for sample in served[name].samples if sample.exemplar]
        assert [exemplar.labels for exemplar in exemplars] == [{"trace_id": "ab" * 16}], name
    plain = scraper.get(PATH)
    assert plain.headers["content-type"].startswith("text/plain")
    assert "trace_id" not in plain.text
    samples = {sample.name for family in parse_text(plain.text) for sample in family.samples}
    assert "loopwatch_findings_raised_total" in samples


def test_no_id_is_served_as_a_label(busy: Telemetry) -> None:
    """Neither the session nor the trace is anywhere in the text format."""
    text = client(busy).get(PATH).text
    assert "session-4711" not in text
    assert "ab" * 16 not in text


def test_a_scraper_may_ask_for_gzip(busy: Telemetry) -> None:
    """Prometheus does."""
    with client(busy).stream("GET", PATH, headers={"accept-encoding": "gzip"}) as response:
        body = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert b"loopwatch_build_info{" in gzip.decompress(body)


def test_only_reading_is_allowed(busy: Telemetry) -> None:
    """Anything else is answered by HTTP's rules."""
    assert client(busy).post(PATH).status_code == 405


def test_each_telemetry_has_figures_of_its_own(busy: Telemetry) -> None:
    """Two services in one process do not add up."""
    assert "openinference" in client(busy).get(PATH).text
    assert "openinference" not in client(Telemetry()).get(PATH).text
