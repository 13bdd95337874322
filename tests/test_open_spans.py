"""Spans that have not ended, through the whole scorer: events and time in, incidents out."""

from __future__ import annotations

from tests.incident_cases import kinds, pages
from tests.open_cases import STARTED, Listening, event
from tests.test_pipeline import span


def test_a_stream_that_stalls_is_told_of_while_it_hangs_and_over_when_it_ends() -> None:
    """Beats in, a ticket at 30 s, a page at 300 s, and one resolve that says the truth."""
    seen = Listening()
    seen.hear(event(STARTED, 10, 0.0))
    seen.beat(10, 20.0, gap_from_s=5.0, loopwatch__stream__chunks=40)
    assert seen.found() == []

    seen.beat(10, 60.0, gap_from_s=5.0, loopwatch__stream__chunks=40)
    assert seen.found() == [("stream", "max_gap", "warning")]
    seen.beat(10, 400.0, gap_from_s=5.0, loopwatch__stream__chunks=40)
    assert seen.found() == [("stream", "max_gap", "warning"), ("stream", "max_gap", "critical")]
    assert kinds(seen.changes) == ["opened", "escalated"]

    made = span("chat", 10, 0.0, parent=1, request__model="gpt-4o")
    made.end_time_unix_nano += 400 * 10**9
    made.attributes.add(key="loopwatch.stream.max_gap").value.double_value = 395.0
    seen.feed(made)
    seen.wait_until(600.0)

    assert kinds(seen.changes) == ["opened", "escalated", "resolved"]
    assert pages(seen.changes) == 1
    assert seen.changes[-1].at_s - seen.changes[-2].at_s < 250.0
    assert "paused for 395.0 s" in seen.changes[-1].incident.lead.summary
    assert "ended after 400.5 s" in seen.changes[-1].incident.lead.summary
    assert not seen.scorer.open.spans
