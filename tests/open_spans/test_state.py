"""What is remembered of open spans: bounds, silence by the watch's own time, and restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.bounds import Counts
from loopwatch_processor.config import Config
from loopwatch_processor.config.incidents import Journal
from loopwatch_processor.memory import OPEN_SPANS_EVERY_S
from loopwatch_processor.oncall import OnCall
from loopwatch_processor.open_span import Said
from loopwatch_processor.open_spans import GRACE_S, RESTORED_S, OpenSpans
from loopwatch_processor.pipeline import Pipeline, Ticked
from loopwatch_processor.road import LATE_S, STEADY_S, Road
from loopwatch_processor.step import StepKind
from loopwatch_processor.story import Stories
from tests.incident_cases import kinds
from tests.open_spans.cases import BEAT, ENDED, START_S, Listening, event


def said(number: int, at_s: float = 0.0, **more: Any) -> Said:
    """A call of worker w that is open."""
    return Said("t", f"s{number}", round(at_s * 1e9), StepKind.MODEL_CALL, process="w", **more)


def test_beyond_the_bound_the_longest_silent_is_forgotten_and_counted() -> None:
    """What beats stays."""
    counts = Counts()
    spans = OpenSpans(3, counts)
    for number in (1, 2, 3):
        spans.hear(said(number), 0.0)
    spans.hear(said(1, 1.0), 1.0)
    spans.hear(said(4, 2.0), 2.0)

    assert [key[1] for key in spans.open] == ["s3", "s1", "s4"]
    assert [span.said.span_id for span in spans.evicted] == ["s2"]
    assert counts.forgotten["open_spans"] == 1


def test_nothing_is_left_of_what_ended() -> None:
    """However it ended: an index that grows is a leak."""
    spans = OpenSpans()
    for number in range(50):
        spans.hear(said(number), 0.0)
        if number % 2:
            spans.hear(said(number, 1.0, is_over=True), 1.0)
        else:
            spans.ended("t", f"s{number}")
    assert not spans
    assert [spans.processes, spans._traces, spans._news] == [{}, {}, {}]
    assert len(spans._over) == 25


def test_an_evicted_stall_is_over() -> None:
    """Nobody would ever clear it."""
    seen = Listening(sessions={"max_open_spans": 2})
    seen.beat(10, 60.0, gap_from_s=5.0, loopwatch__stream__chunks=4)
    assert kinds(seen.changes) == ["opened"]
    seen.hear(*(event(BEAT, number, seen.now_s) for number in (11, 12, 13)))
    seen.wait_until(seen.now_s + 130.0)
    first = [change for change in seen.changes if change.incident.identity.detector == "stream"]
    assert kinds(first) == ["opened", "resolved"]


def test_an_overtaken_record_changes_nothing_but_shows_life() -> None:
    """A retried batch comes after the next one."""
    spans = OpenSpans()
    spans.hear(said(1, 20.0, gap_s=12.0), 20.0)
    spans.hear(said(1, 10.0, gap_s=2.0), 21.0)
    (span,) = spans.open.values()
    assert span.said.gap_s == 12.0


def test_a_clock_that_was_set_back_is_followed() -> None:
    """Its records would look old for hours."""
    spans = OpenSpans()
    spans.hear(said(1, 10_000.0, gap_s=12.0), 10_000.0)
    spans.hear(said(1, 5_000.0, gap_s=22.0), 10_010.0)
    (span,) = spans.open.values()
    assert span.said.gap_s == 22.0


def test_what_was_said_once_is_remembered() -> None:
    """Names come early or late."""
    spans = OpenSpans()
    spans.hear(said(1, 0.0, agent="researcher", model="gpt-4o"), 0.0)
    spans.hear(said(1, 1.0, session_id="talk"), 1.0)
    (span,) = spans.open.values()
    assert (span.said.agent, span.said.model, span.said.session_id) == ("researcher", "gpt-4o", "talk")


def test_time_that_was_not_watched_is_no_silence() -> None:
    """A tick that comes an hour late counts five seconds, and a clock that goes back none."""
    spans = OpenSpans()
    for now in (0.0, 1.0, 3_600.0, 100.0, 101.0):
        spans.watch(now)
    assert spans.watched_s == 1.0 + 5.0 + 0.0 + 1.0


@pytest.mark.parametrize("grace_s", [0.0, 3.0])
def test_nothing_is_judged_before_the_grace_is_over(grace_s: float) -> None:
    """After a start somebody has to listen for as long as was set, and from then on everybody is judged."""
    spans = OpenSpans(grace_s=grace_s)
    settled = []
    for now in range(5):
        spans.watch(float(now))
        settled.append(spans.is_settled)
    assert settled == [now >= grace_s for now in range(5)]


def late(road: Road, behind_s: list[float], every_s: float = 10.0) -> list[bool]:
    """What *road* says of a sender whose records are so far behind, one after another."""
    return [road.is_late("s", behind, number * every_s) for number, behind in enumerate(behind_s)]


def test_a_backlog_is_late_until_it_has_drained() -> None:
    """Each batch is less far behind than the one before."""
    answers = late(Road(), [float(behind) for behind in range(1_000, 0, -20)])
    assert answers.index(False) == next(n for n, b in enumerate(range(1_000, 0, -20)) if b <= LATE_S)
    assert not any(answers[answers.index(False) :])


def test_a_clock_behind_is_no_backlog() -> None:
    """It is always as far behind; for the first two minutes nobody can tell."""
    answers = late(Road(), [300.0 + (n % 3) for n in range(40)])
    assert answers == [n * 10.0 < STEADY_S for n in range(40)]


def test_a_sender_with_a_clock_behind_is_late_when_it_is_held_up() -> None:
    """Later than it usually is."""
    assert late(Road(), [300.0] * 30 + [500.0])[-1]


def test_a_clock_ahead_is_never_late() -> None:
    """What comes from the future was not held up."""
    assert not any(late(Road(), [-3_600.0] * 5))


def test_senders_are_bounded() -> None:
    """Their names come from outside."""
    road = Road()
    for number in range(5_000):
        road.is_late(str(number), 0.0, 0.0)
    assert len(road._senders) == 4_096


def restarted(before: Pipeline, now_s: float, **settings: Any) -> Listening:
    """A new process that takes up what *before* knew."""
    after = build_pipeline(Config.model_validate(settings))
    document = orjson.loads(orjson.dumps(before.open.spans.as_dict(START_S + now_s)))
    after.incidents.restore(before.incidents.recent(), START_S + now_s + 1.0)
    after.open.spans.restore(document, START_S + now_s + 1.0)
    seen = Listening.__new__(Listening)
    seen.scorer, seen.changes, seen.raised, seen.now_s = after, [], [], now_s + 1.0
    return seen


def test_a_restart_calls_nobody_lost_who_goes_on() -> None:
    """A fleet beats; loopwatch is killed and comes back; the fleet takes its time to reach it again."""
    seen = Listening()
    fleet = range(1, 31)
    seen.hear(*(event(BEAT, 10, 0.0, trace=trace, worker=f"w{trace}") for trace in fleet))
    after = restarted(seen.scorer, 5.0)
    after.wait_until(65.0)
    for _ in range(30):
        after.hear(*(event(BEAT, 10, after.now_s, trace=trace, worker=f"w{trace}") for trace in fleet))
        after.wait_until(after.now_s + 10.0)
    assert after.found() == []
    assert after.changes == []


def test_a_worker_that_died_meanwhile_is_told_of_after_the_grace() -> None:
    """What was known before the restart is all that tells of it."""
    seen = Listening()
    seen.hear(event(BEAT, 10, 0.0))
    after = restarted(seen.scorer, 5.0)
    after.wait_until(6.0 + GRACE_S + 25.0)
    assert after.found() == []
    after.wait_until(6.0 + GRACE_S + 35.0)
    assert after.found() == [("lifecycle", "worker_lost", "warning")]


def test_a_stall_that_goes_on_over_a_restart_is_one_incident_and_one_page() -> None:
    """It is found again, which is nothing new, and resolves when the stream does."""
    seen = Listening()
    seen.beat(10, 400.0, gap_from_s=5.0, loopwatch__stream__chunks=4)
    after = restarted(seen.scorer, 400.0)
    after.beat(10, 1_400.0, gap_from_s=5.0, loopwatch__stream__chunks=4)
    assert (after.changes, after.found()) == ([], [])
    assert len(after.open()) == 1
    after.beat(10, 1_600.0, loopwatch__stream__current_gap=0.1, loopwatch__stream__chunks=9)
    assert kinds(after.changes)[-1] == "resolved"
    assert kinds(after.changes).count("resolved") == 1


def test_a_stall_that_ended_during_a_restart_does_not_stand_for_ever() -> None:
    """Nobody will tell of its end: what is not found again is over."""
    seen = Listening()
    seen.beat(10, 400.0, gap_from_s=5.0, loopwatch__stream__chunks=4)
    after = restarted(seen.scorer, 400.0)
    after.hear(event(ENDED, 10, 402.0))
    after.wait_until(402.0 + 320.0)
    assert kinds(after.changes) == ["resolved"]


def test_a_late_beat_of_what_ended_before_a_restart_opens_nothing() -> None:
    """Its process is gone, and would look lost."""
    seen = Listening()
    seen.hear(event(BEAT, 10, 0.0), event(BEAT, 11, 0.0))
    seen.hear(event(ENDED, 10, 1.0), event(ENDED, 11, 1.0))
    after = restarted(seen.scorer, 5.0)
    after.hear(event(BEAT, 10, 0.5), event(BEAT, 11, 0.5))
    after.wait_until(600.0)
    assert after.found() == []
    assert not after.scorer.open


def test_an_end_whose_span_never_comes_is_forgotten_in_time() -> None:
    """Else every span that arrives would be looked up for ever."""
    seen = Listening()
    seen.beat(10, 60.0, gap_from_s=5.0, loopwatch__stream__chunks=4)
    seen.hear(event(ENDED, 10, 60.0))
    assert seen.scorer.open
    seen.wait_until(4_000.0)
    assert not seen.scorer.open


def test_after_a_long_absence_nothing_is_taken_up() -> None:
    """What ended meanwhile came to nobody, and would look lost."""
    spans, counts = OpenSpans(), Counts()
    spans.hear(said(1), 0.0)
    other = OpenSpans(counts=counts)
    other.restore(spans.as_dict(0.0), RESTORED_S + 1.0)
    assert not other
    assert counts.forgotten["open_spans"] == 1


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"saved_s": 0.0},
        {"saved_s": 0.0, "spans": [{}]},
        {"saved_s": "x", "spans": []},
        {"saved_s": 0.0, "said": [], "over": [], "spans": 7},
        {"saved_s": 0.0, "said": [], "over": [7], "spans": []},
    ],
)
def test_a_document_of_another_kind_is_refused(document: dict[str, Any]) -> None:
    """It may have been written by another version."""
    with pytest.raises(ValueError, match="not open spans"):
        OpenSpans().restore(document, 0.0)


def test_what_is_open_survives_a_kill(tmp_path: Path) -> None:
    """The journal has it after ten seconds; nothing has to be closed in order."""
    config = Config(journal=Journal(url=f"sqlite:///{tmp_path}/journal.db"))
    clock = [START_S]

    def desk() -> OnCall:
        return OnCall(config, build_pipeline(config), Stories(lambda _step: None), lambda: clock[0], lambda: True)

    async def first_life() -> None:
        first = desk()
        await first.open()
        Listening(first._pipeline).hear(event(BEAT, 10, 0.0))
        clock[0] += OPEN_SPANS_EVERY_S
        first.tick(Ticked([], []))
        assert first._writer is not None
        await first._writer.read(lambda _connection: None)
        await first._writer.close(5.0)

    async def second_life() -> None:
        second = desk()
        await second.open()
        (span,) = second._pipeline.open.spans.open.values()
        assert (span.said.process, span.said.agent) == ("w1", "researcher")
        served = second._pipeline.telemetry.registry.collect()
        assert "loopwatch_open_incident_age_seconds" in {family.name for family in served}
        await second.close(lambda: 1.0)

    asyncio.run(first_life())
    asyncio.run(second_life())
