"""Spans that have not ended, through the whole scorer: events and time in, incidents out."""

from __future__ import annotations

from typing import Any

import pytest

from loopwatch_processor.pipeline import SLICE
from tests.incident_cases import WARNING, kinds, pages
from tests.open_spans.cases import BEAT, ENDED, STARTED, Listening, event
from tests.open_spans.streams import KEY, STREAMING, ended_stream, stalled
from tests.test_pipeline import span


def test_a_stream_that_stalls_is_told_of_while_it_hangs_and_over_when_it_ends() -> None:
    """Beats in, a ticket at 30 s, a page at 300 s, and one resolve that says the truth."""
    seen = Listening()
    seen.hear(event(STARTED, 10, 0.0))
    seen.beat(10, 20.0, gap_from_s=5.0, **STREAMING)
    assert seen.found() == []

    seen.beat(10, 60.0, gap_from_s=5.0, **STREAMING)
    assert seen.found() == [("stream", "max_gap", "warning")]
    seen.beat(10, 400.0, gap_from_s=5.0, **STREAMING)
    assert seen.found() == [("stream", "max_gap", "warning"), ("stream", "max_gap", "critical")]
    assert kinds(seen.changes) == ["opened", "escalated"]

    seen.feed(ended_stream(max_gap_s=395.0))
    seen.wait_until(600.0)
    assert kinds(seen.changes) == ["opened", "escalated", "resolved"]
    assert pages(seen.changes) == 1
    resolved = seen.changes[-1]
    assert resolved.at_s - seen.changes[-2].at_s < 130.0
    assert "paused for 395.0 s" in resolved.incident.lead.summary
    assert "ended after 400.0 s" in resolved.incident.lead.summary
    assert not seen.scorer.open.spans


def test_what_ended_is_concluded_once_however_many_spans_come_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last span of a slice, after which nothing is open any more."""
    seen, concluded = stalled(), []
    conclude = seen.scorer.open.conclude
    monkeypatch.setattr(seen.scorer.open, "conclude", lambda *said: (concluded.append(said[0]), conclude(*said)))
    before = [span("chat", 100 + number, float(number), parent=1) for number in range(SLICE - 1)]
    after = [span("chat", 200 + number, float(number), parent=1) for number in range(5)]
    seen.feed(*before, ended_stream(), *after)
    assert not seen.scorer.open.spans
    assert len(concluded) == 1


def test_content_that_flows_again_ends_it() -> None:
    """The stream is still open, and well."""
    seen = stalled(100.0)
    assert [item.severity for item in seen.open()] == [WARNING]
    seen.beat(10, 300.0, loopwatch__stream__current_gap=0.1, loopwatch__stream__chunks=60)

    assert kinds(seen.changes) == ["opened", "resolved"]
    assert "content flows again" in seen.changes[-1].incident.lead.summary


def test_a_second_stall_of_one_stream_is_the_same_problem() -> None:
    """It opens the incident again, and is no new finding."""
    seen = stalled(100.0)
    seen.beat(10, 300.0, loopwatch__stream__current_gap=0.1, loopwatch__stream__chunks=60)
    seen.beat(10, 360.0, gap_from_s=300.0, loopwatch__stream__chunks=60)

    assert seen.found() == [("stream", "max_gap", "warning")]
    assert kinds(seen.changes) == ["opened", "resolved", "opened"]
    assert seen.open()[0].reopened == 1


def test_a_stream_without_first_content_is_slow_and_then_critical() -> None:
    """The same silence before the first chunk is another pattern."""
    seen = Listening()
    seen.beat(10, 320.0, gap_from_s=0.0, loopwatch__stream__chunks=0)
    assert seen.found() == [("stream", "ttft", "warning"), ("stream", "ttft", "critical")]
    seen.beat(10, 500.0, loopwatch__stream__current_gap=0.2, loopwatch__stream__chunks=3)
    assert kinds(seen.changes)[-1] == "resolved"


def test_a_large_context_has_more_time_to_its_first_content() -> None:
    """The newest call of the agent that ended tells how much will be read: 200,000 tokens are a minute more."""
    seen = Listening()
    seen.feed(span("chat", 9, 0.0, parent=1, request__model="gpt-4o", usage__input_tokens=200_000))
    seen.beat(10, 110.0, gap_from_s=0.0, loopwatch__stream__chunks=0)
    assert [item for item in seen.found() if item[0] == "stream"] == []
    seen.beat(10, 140.0, gap_from_s=0.0, loopwatch__stream__chunks=0)
    assert [item for item in seen.found() if item[0] == "stream"] == [("stream", "ttft", "warning")]


def test_a_call_that_never_ends_is_a_ticket_whether_it_streams_or_not() -> None:
    """Its age is all that is known of a call whose content nobody sees."""
    seen = Listening(detectors={"stream": {"max_open_s": 100.0}})
    seen.hear(event(STARTED, 10, 0.0, loopwatch__span__age=2.0))
    seen.beat(10, 95.0)
    assert seen.found() == []
    seen.beat(10, 200.0)
    assert seen.found() == [("stream", "never_ending", "warning")]


def test_a_healthy_fleet_of_open_spans_is_silent() -> None:
    """Fifty agents that stream, call tools and end; their beats come late, twice, or not at all."""
    seen = Listening()
    for at_s in range(0, 200, 10):
        for trace in range(1, 51):
            if (at_s // 10 + trace) % 7:
                beat = event(
                    BEAT, 10, at_s, trace=trace, worker=f"w{trace}", loopwatch__stream__current_gap=1.0, **STREAMING
                )
                seen.hear(*[beat] * (1 + trace % 2))
        seen.wait_until(float(at_s + 10))
    for trace in range(1, 51):
        seen.feed(ended_stream(duration_s=200.0, trace=trace))
    seen.wait_until(1_000.0)

    assert seen.found() == []
    assert seen.changes == []


def test_the_end_that_a_process_says_ends_it_even_if_the_span_never_comes() -> None:
    """Spans are dropped under load, and that is no lost worker."""
    seen = stalled(100.0)
    seen.hear(event(ENDED, 10, 100.0, loopwatch__span__outcome="ended"))
    seen.wait_until(400.0)
    assert kinds(seen.changes) == ["opened", "resolved"]
    assert not seen.scorer.open.spans


def test_the_span_that_comes_after_its_end_was_said_opens_nothing_again() -> None:
    """What was told while it was open is over: its own finding of the stall is no second incident."""
    seen = stalled(100.0)
    seen.hear(event(ENDED, 10, 100.0, loopwatch__span__outcome="ended"))
    seen.wait_until(300.0)
    seen.feed(ended_stream(duration_s=100.0, max_gap_s=95.0))
    seen.wait_until(600.0)
    assert kinds(seen.changes) == ["opened", "resolved"]
    assert seen.found() == [("stream", "max_gap", "warning")]


@pytest.mark.parametrize("first", ["span", "end"])
def test_a_beat_that_comes_after_the_end_opens_nothing(first: str) -> None:
    """Logs and traces take different roads."""
    seen = Listening()
    seen.hear(event(STARTED, 10, 0.0))
    if first == "span":
        seen.feed(ended_stream(duration_s=20.0))
    else:
        seen.hear(event(ENDED, 10, 20.0))
    seen.hear(event(BEAT, 10, 10.0, loopwatch__stream__current_gap=100.0, **STREAMING))
    seen.wait_until(300.0)
    assert seen.found() == []
    assert not seen.scorer.open.spans


def test_an_ended_stall_that_was_never_told_of_is_found_as_before() -> None:
    """Beats that said nothing of a gap hide nothing of what the span says."""
    seen = Listening()
    seen.beat(10, 50.0)
    seen.feed(ended_stream(duration_s=50.0, max_gap_s=45.0))
    assert [(item.finding.pattern, item.finding.lasts) for item in seen.raised] == [("max_gap", False)]


def test_findings_belong_to_the_conversation() -> None:
    """The record names it: the incident lists it, and the session's story has the finding, with its end."""
    seen = Listening()
    seen.feed(span("chat", 9, 0.0, parent=1, conversation__id="talk"))
    seen.beat(10, 60.0, gap_from_s=5.0, gen_ai__conversation__id="talk", **STREAMING)
    session = seen.scorer.sessions.open["talk"]
    (found,) = session.findings.values()
    assert [item.sessions for item in seen.open()] == [("talk",)]
    assert "still open" in found.finding.summary

    seen.feed(ended_stream(duration_s=60.0, conversation__id="talk"))
    (found,) = session.findings.values()
    assert "ended after 60.0 s" in found.finding.summary


def test_a_conversation_that_the_trace_names_later_takes_the_incident_along() -> None:
    """A first call hangs before anything has ended: all that is known is its trace."""
    seen = Listening()
    seen.beat(10, 60.0, gap_from_s=5.0, **STREAMING)
    assert [item.sessions for item in seen.open()] == [(KEY,)]
    seen.feed(span("chat", 9, 0.0, parent=1, conversation__id="talk"))
    seen.beat(10, 80.0, gap_from_s=5.0, **STREAMING)

    assert [item.sessions for item in seen.open()] == [("talk",)]
    assert kinds(seen.changes) == ["opened", "updated"]


def test_the_ended_span_says_where_it_belongs() -> None:
    """Nobody knew the conversation or the agent while it was open; the incident stays one, and moves."""
    seen = Listening()
    seen.beat(10, 60.0, gap_from_s=5.0, gen_ai__agent__name=None, **STREAMING)
    seen.feed(ended_stream(duration_s=60.0, max_gap_s=55.0, conversation__id="talk"))
    (incident,) = seen.open()
    assert (incident.lead.session_key, incident.known_as, incident.sessions_total) == ("talk", "researcher", 1)
    seen.wait_until(300.0)
    assert kinds(seen.changes).count("opened") == kinds(seen.changes).count("resolved") == 1


def test_an_agent_that_does_nothing_is_idle_until_it_does() -> None:
    """Its process beats, its steps ceased; a call that is open is work."""
    seen = Listening(detectors={"lifecycle": {"idle_s": 100.0, "idle_severity": "warning"}})
    agent: dict[str, Any] = {"gen_ai__operation__name": "invoke_agent"}
    while seen.now_s < 250.0:
        beats = [event(BEAT, 1, seen.now_s, **agent)] + [event(BEAT, 10, seen.now_s)] * (seen.now_s < 100.0)
        seen.hear(*beats)
        if seen.now_s == 100.0:
            seen.feed(ended_stream(duration_s=100.0))
        if seen.now_s < 200.0:
            assert seen.found() == []
        seen.wait_until(seen.now_s + 10.0)
    assert seen.found() == [("lifecycle", "idle", "warning")]
    seen.feed(ended_stream(number=11, duration_s=251.0))
    seen.beat(1, 330.0, **agent)
    assert [change.kind.value for change in seen.changes if change.incident.lead.pattern == "idle"][-1] == "resolved"
