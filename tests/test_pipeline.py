"""Time and movement through the whole scorer: OTLP bytes in, findings and counts out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.finding import Severity
from loopwatch_processor.pipeline import Pipeline
from tests.builders import START_NS

STEPS = 12
HOUR_S = 3_600.0
DAY_S = 86_400.0
Found = set[tuple[str, str, str, str]]


def span(name: str, number: int, at_s: float, *, trace: int = 1, parent: int = 0, **attributes: Any) -> Span:
    """A span of half a second; *attributes* are names of the GenAI convention without their first part."""
    made = Span(
        trace_id=trace.to_bytes(16, "big"),
        span_id=(trace * 1_000 + number).to_bytes(8, "big"),
        parent_span_id=(trace * 1_000 + parent).to_bytes(8, "big") if parent else b"",
        name=name,
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=START_NS + round(at_s * 1e9),
        end_time_unix_nano=START_NS + round((at_s + 0.5) * 1e9),
    )
    for key, value in {"operation.name": name, "agent.name": "researcher", **attributes}.items():
        target = made.attributes.add(key=f"gen_ai.{key.replace('__', '.')}").value
        if isinstance(value, int):
            target.int_value = value
        else:
            target.string_value = value
    return made


def work(
    query: str, *, trace: int = 1, number: int = 10, every_s: float = 10.0, at_s: float = 0.0, **more: Any
) -> Iterator[Span]:
    """Model calls and searches in turn, under an agent span that is still open; "{n}" in *query* is the step."""
    for step in range(STEPS):
        start_s = at_s + step * every_s
        yield span(
            "chat", number + 2 * step, start_s, trace=trace, parent=1,
            request__model="gpt-4o-mini", provider__name="openai",
            usage__input_tokens=100, usage__output_tokens=10, **more,
        )  # fmt: skip
        text = query.format(n=WORDS[step])
        yield span(
            "execute_tool", number + 1 + 2 * step, start_s + 1, trace=trace, parent=1,
            tool__name="search",
            tool__call__arguments=json.dumps({"query": text}),
            tool__call__result=json.dumps({"hits": [f"about {text}"]}),
            **more,
        )  # fmt: skip


WORDS = (
    *("freight margins", "solar roofs", "cheese exports", "tax law", "deep wells", "jazz clubs"),
    *("river ports", "wool prices", "iron ore", "night trains", "bee keeping", "salt mines"),
)
HEALTHY, STUCK = "{n}", "the same again"
TURN = span("invoke_agent", 1, 500.0, conversation__id="conversation")


def body(spans: Iterable[Span]) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "svc"
    resource.scope_spans.add().spans.extend(spans)
    return request.SerializeToString()


def pipeline() -> Pipeline:
    return build_pipeline(Config())


def found(scorer: Pipeline) -> Found:
    """By session: detector, pattern and worst severity."""
    return {
        (session.key, item.finding.detector, item.finding.pattern, item.finding.severity.label)
        for session in scorer.sessions.open.values()
        for item in session.findings.values()
    }


def one_by_one(spans: Iterable[Span], shift_s: float = 0.0) -> Pipeline:
    """The scorer after each span came alone, with its clock off by *shift_s*."""
    scorer = pipeline()
    for number, item in enumerate(spans):
        item.start_time_unix_nano += round(shift_s * 1e9)
        item.end_time_unix_nano += round(shift_s * 1e9)
        scorer.feed_traces(body([item]), float(number))
    return scorer


def counted(scorer: Pipeline, metric: str) -> float:
    samples = [sample for family in scorer.telemetry.registry.collect() for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == metric)


def test_an_hours_backlog_delivered_in_a_minute_is_silent() -> None:
    """Arrival says nothing of how fast an agent works."""
    scorer = pipeline()
    raised = [
        item
        for trace in range(1, 31)
        for item in scorer.feed_traces(body(work(HEALTHY, trace=trace, at_s=trace * 120.0)), trace * 2.0).raised
    ]

    assert len(scorer.sessions.open) == 30
    assert raised == []


def test_a_finding_that_becomes_more_severe_is_told_with_the_step_that_raised_it_first() -> None:
    """So that a line in the log says since when, and not only where it turned critical."""
    raised = pipeline().feed_traces(body(work(STUCK)), 0.0).raised
    first, worse = (item for item in raised if item.finding.pattern == "exact")

    assert (first.finding.severity, worse.finding.severity) == (Severity.WARNING, Severity.CRITICAL)
    assert first.since == first.step == worse.since < worse.step


@pytest.mark.parametrize("shift_s", [-600.0, 600.0])
@pytest.mark.parametrize("query", [HEALTHY, STUCK])
def test_a_clock_ten_minutes_off_changes_nothing(query: str, shift_s: float) -> None:
    """Durations are differences, and silence is judged by arrival."""
    off, right = one_by_one(work(query), shift_s), one_by_one(work(query))

    assert found(off) == found(right)
    assert bool(found(right)) is (query == STUCK)
    off.tick(STEPS * 2 + DAY_S - 2)
    assert len(off.sessions.open) == 1


@pytest.mark.parametrize("query", [HEALTHY, STUCK])
@pytest.mark.parametrize("behind", [1, 4])
def test_two_exporters_interleaved_find_the_same(query: str, behind: int) -> None:
    """Model calls come from one, tool calls from another whose batches are some steps behind."""
    spans = list(work(query))
    models, tools = spans[::2], [None] * behind + spans[1::2]
    mixed = [item for pair in zip_longest(models, tools) for item in pair if item is not None]

    together = one_by_one(mixed)
    assert {item[:3] for item in found(together)} == {item[:3] for item in found(one_by_one(work(query)))}
    assert next(iter(together.sessions.open.values())).totals.steps == 2 * STEPS


def test_a_loop_of_one_call_every_half_hour_is_found() -> None:
    """Windows count calls, not minutes, and the session lives as long as something comes."""
    scorer = pipeline()
    for item in work(STUCK, every_s=HOUR_S / 2):
        now = (item.start_time_unix_nano - START_NS) / 1e9
        scorer.feed_traces(body([item]), now)
        assert scorer.tick(now + 1).ended == []

    assert "loop" in {item[1] for item in found(scorer)}


def test_turns_of_a_sub_agent_are_one_story_while_its_caller_is_open() -> None:
    """Each turn's span ends before the caller's: until that comes, the turns look like runs of their own."""
    scorer = pipeline()
    for turn in range(5):
        number, at_s = 100 + 10 * turn, 10.0 * turn
        hand_over: dict[str, Any] = {
            "tool__name": "hand_over",
            "tool__call__arguments": '{"to": "verifier", "draft": "as before"}',
        }
        use = span("execute_tool", number + 1, at_s, parent=number, tool__call__result="please revise", **hand_over)
        scorer.feed_traces(body([use, span("invoke_agent", number, at_s + 1, parent=1)]), at_s)

    assert {detector for _, detector, _, severity in found(scorer) if severity != "info"} == {"loop"}


def test_a_session_that_falls_silent_ends_its_runs_with_a_reason() -> None:
    """A run whose root never came is counted as ended, once."""
    scorer = pipeline()
    scorer.feed_traces(body(work(HEALTHY)), 0.0)

    assert scorer.tick(DAY_S - 1).ended == []
    (ended,) = scorer.tick(DAY_S).ended
    assert [run.stop_reason for run in ended.runs.values()] == ["unknown"]
    scorer.tick(DAY_S + 100)
    assert counted(scorer, "loopwatch_runs_ended_total") == 1


def test_spans_that_come_after_their_session_ended_start_another() -> None:
    """The root that is a day late finds its children gone: nothing raises, nothing is counted twice or taken away."""
    scorer = pipeline()
    scorer.feed_traces(body(work(HEALTHY)), 0.0)
    scorer.tick(DAY_S)

    scorer.feed_traces(body([TURN]), DAY_S + 1)
    scorer.feed_traces(body([TURN, *work(HEALTHY)]), DAY_S + 2)

    assert counted(scorer, "loopwatch_steps_total") == 2 * STEPS
    assert all(session.totals.steps >= 0 for session in scorer.sessions.open.values())


def test_what_was_found_moves_to_the_session_that_a_late_span_reveals() -> None:
    """Findings keep their severity, are not raised again, and the money moves along."""
    scorer = one_by_one(work(STUCK))
    before = found(scorer)
    cost_usd = next(iter(scorer.sessions.open.values())).totals.cost_usd

    raised = scorer.feed_traces(body([TURN]), 99.0).raised

    (session,) = scorer.sessions.open.values()
    assert session.key == "conversation"
    assert session.worst is Severity.CRITICAL
    assert {item[1:] for item in found(scorer)} >= {item[1:] for item in before}
    assert all(item.session_key == "conversation" for item in session.findings.values())
    assert raised == []
    assert session.totals.cost_usd == pytest.approx(cost_usd)


def test_a_step_that_moves_is_counted_once() -> None:
    """In the metrics of steps, tokens and tool calls."""
    scorer = one_by_one([*work(HEALTHY), TURN])

    assert counted(scorer, "loopwatch_steps_total") == 2 * STEPS
    assert counted(scorer, "loopwatch_tool_calls_total") == STEPS
    assert counted(scorer, "loopwatch_tokens_total") == 110 * STEPS


def test_spans_without_ids_are_counted_and_not_scored() -> None:
    """They would all be taken for one."""
    nameless = span("chat", 1, 0.0)
    nameless.span_id = b"\0" * 8
    scorer = pipeline()
    scorer.feed_traces(body([nameless]), 0.0)

    assert not scorer.sessions.open
    assert counted(scorer, "loopwatch_spans_unscored_total") == 1


def test_calls_of_no_session_are_judged_one_by_one() -> None:
    """Many conversations share the bucket: a limit on one of them, or its context, says nothing of their sum."""
    budgets = {"per_session": {"max_usd": 0.02}, "per_step": {"max_usd": 0.01}}
    scorer = build_pipeline(Config.model_validate({"budgets": budgets}))
    more: dict[str, Any] = {"request__model": "gpt-4o-mini", "provider__name": "openai"}
    for number, tokens in enumerate((120_000, 120_000, 1_000, 60_000, 60_000), 1):  # at $0.15 a million
        call = span("chat", 1, 10.0 * number, trace=number, usage__input_tokens=tokens, **more)
        scorer.feed_traces(body([call]), float(number))

    (session,) = scorer.sessions.open.values()
    assert session.totals.cost_usd > 0.02
    assert {(detector, pattern) for _, detector, pattern, _ in found(scorer)} == {("budget", "step_usd")}


def searches(count: int, trace: int, **more: Any) -> Iterator[Span]:
    """So many different searches of a research agent, under an agent span that is still open."""
    for number in range(count):
        named: dict[str, Any] = {
            "tool__name": "search",
            "tool__call__arguments": f'{{"q": "{trace}-{number}"}}',
            **more,
        }
        yield span("execute_tool", 10 + number, number * 0.1, trace=trace, parent=1, **named)


def test_a_run_far_beyond_those_that_ended_is_told_while_it_is_open() -> None:
    """What is usual is learned from the runs that ended, the idle ones included, and not from the open ones."""
    scorer = pipeline()
    for trace in range(1, 100):
        scorer.feed_traces(body([*searches(5, trace), span("invoke_agent", 1, 1.0, trace=trace)]), 0.0)
    scorer.feed_traces(body(searches(5, 100)), 0.0)
    scorer.tick(60.0)
    assert not any(finding[1] == "outliers" for finding in found(scorer))
    scorer.feed_traces(body(searches(20, 101)), 61.0)
    assert not any(finding[1] == "outliers" for finding in found(scorer)), "99 ended"
    scorer.tick(DAY_S + 1.0)
    scorer.feed_traces(body(searches(14, 102)), DAY_S + 2.0)
    assert not any(finding[1] == "outliers" for finding in found(scorer)), "three times the 99th percentile at most"
    scorer.feed_traces(body(searches(17, 103)), DAY_S + 2.0)

    assert {finding[1:] for finding in found(scorer) if finding[1] == "outliers"} == {("outliers", "steps", "info")}


def test_money_is_counted_by_the_type_that_a_rule_gives() -> None:
    """From the first call of a session on."""
    rule = {"match": {"service": "svc"}, "type": "research"}
    scorer = build_pipeline(Config(agents=[rule]))  # type: ignore[arg-type]
    scorer.feed_traces(body([next(work(HEALTHY))]), 0.0)
    samples = [sample for family in scorer.telemetry.registry.collect() for sample in family.samples]
    spent = [sample for sample in samples if sample.name == "loopwatch_fleet_cost_usd_total"]

    assert [sample.labels for sample in spent] == [{"agent_type": "research"}]
    assert spent[0].value > 0


def test_a_detector_that_raises_is_logged_once_and_silences_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A bug of ours is counted each time, told once, and the others go on."""
    scorer = pipeline()
    broken = next(item for item in scorer._policies.of("svc", "researcher", "", "").detectors if item.name == "context")
    broken._window_of = None  # type: ignore[attr-defined]
    scorer.feed_traces(body(work(STUCK, conversation__id="c")), 0.0)

    assert counted(scorer, "loopwatch_scoring_failures_total") == STEPS
    assert [record.message.split(" failed")[0] for record in caplog.records] == ["the detector context"]
    assert {detector for _, detector, _, _ in found(scorer)} >= {"loop"}
