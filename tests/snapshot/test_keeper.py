"""Rounds of snapshots: what is written when, what goes, and what cannot be read."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest
from sqlalchemy import select, update

from loopwatch_processor.config import Config
from loopwatch_processor.config.incidents import Journal
from loopwatch_processor.journal.database import Journal as Database
from loopwatch_processor.journal.tables import snapshots as table
from loopwatch_processor.oncall import OnCall
from loopwatch_processor.snapshot import bare
from loopwatch_processor.snapshot.sessions import read
from loopwatch_processor.step import Step
from loopwatch_processor.trace import Trace
from tests.snapshot.lives import Kept, pipeline
from tests.trees import agent, model, observe, span

NOW_S = 1_780_272_000.0


def test_only_what_changed_is_written_and_only_once_an_interval() -> None:
    """A session that is silent costs nothing after its first round."""
    kept = Kept(every_s=10.0)
    kept.step("a", 1.0)
    kept.step("b", 2.0)
    assert kept.round(3.0) == ["a", "b"]
    kept.step("a", 4.0)
    assert kept.round(5.0) == []
    assert kept.round(13.0) == ["b", "a"]  # b is as new as the newest of the last round: once more is harmless
    kept.step("b", 14.0)
    assert kept.round(23.0) == ["a", "b"]


def test_traces_that_were_folded_are_so_again_after_a_round() -> None:
    """A session that goes on is written in every round, with traces of which nothing is heard any more."""
    kept = Kept(every_s=10.0)
    for turn in range(4):
        now = 15.0 * turn
        observe(kept.sessions, model(f"m{turn}", trace_id=f"t{turn}", session_id="s", end=turn), now)
        assert kept.round(now) == ["s"]
        kept.sessions.cool(now, 10**6)
    traces = kept.sessions._traces.hot.values()
    assert [trace.is_folded for trace in traces] == [True, True, True, False]
    assert '"m0"' in kept.texts["s"]


def test_a_round_that_takes_too_long_is_counted_and_goes_on_with_the_oldest() -> None:
    """Nothing is left out; the age of the newest whole round says how much kill -9 costs now."""
    kept = Kept(every_s=10.0)
    for number in range(3):
        kept.step(f"s{number}", float(number))
    kept.keeper.begin(3.0)
    kept.keeper.take(1)
    assert kept.written == ["s0"]
    assert kept.keeper.begin(13.0)
    assert kept.sessions.counts.forgotten["snapshots_late"] == 2
    assert not kept.keeper.take(5)
    assert kept.written == ["s0", "s1", "s2"]
    assert kept.keeper.age_s(14.0) == 11.0


def test_sessions_that_end_idle_out_or_join_others_leave_the_journal() -> None:
    """What is over is not taken up again."""
    kept = Kept(every_s=1.0)
    observe(kept.sessions, model("m", "root", trace_id="t"), 1.0)
    kept.step("idle", 1.0)
    kept.round(2.0)
    assert kept.texts.keys() == {"t", "idle"}
    observe(kept.sessions, agent("root", trace_id="t", session_id="named"), 60.0)
    kept.round(61.0)
    assert kept.texts.keys() == {"idle", "named"}
    kept.keeper.ended(kept.sessions.expire(120.0))
    assert kept.texts.keys() == {"named"}


def test_beyond_the_bound_those_that_were_active_least_recently_go() -> None:
    """Each is counted."""
    kept = Kept(every_s=1.0, sessions=2)
    for number in range(3):
        kept.step(f"s{number}", float(number))
        kept.round(number + 10.0 * number)
    assert kept.texts.keys() == {"s1", "s2"}
    assert kept.sessions.counts.forgotten["snapshots"] == 1


def test_a_session_that_shrank_is_written_without_anything_having_arrived_there() -> None:
    """A step that moved away must not come back with a restart."""
    kept = Kept(every_s=1.0)
    observe(kept.sessions, model("m1", "gone", trace_id="t", cost_usd=1.0), 1.0)
    observe(kept.sessions, model("m2", "x", trace_id="t", cost_usd=2.0), 1.0)
    kept.step("other", 5.0)
    kept.round(6.0)
    before = json.loads(kept.texts["t"])["totals"][4]
    observe(kept.sessions, agent("gone", trace_id="t", session_id="named"), 7.0)
    observe(kept.sessions, agent("y", trace_id="t", session_id="second"), 7.0)
    kept.round(20.0)
    left = kept.sessions.open.get("t")
    assert before == 3.0
    assert (json.loads(kept.texts["t"])["totals"][4] if "t" in kept.texts else 0.0) == (
        left.totals.cost_usd if left is not None else 0.0
    )


def test_what_json_cannot_hold_is_counted() -> None:
    """One odd name costs nobody else's snapshot."""
    kept = Kept(every_s=1.0)
    kept.step("\ud800", 1.0)
    kept.step("fine", 1.0)
    kept.round(2.0)
    assert kept.texts.keys() == {"fine"}
    assert kept.sessions.counts.forgotten["snapshots_unwritable"] == 1


def test_traces_of_a_session_go_on_being_as_silent_as_it_was() -> None:
    """A restart packs none of what was heard of a moment before, and all of what was silent, with its session."""
    before = Kept(every_s=10.0)
    before.step("silent", 10.0)
    before.step("busy", 90.0)
    before.round(95.0)
    after = Kept(every_s=10.0)
    limits, counts = after.sessions.limits, after.sessions.counts
    after.keeper.restore([read(before.texts[key], limits, counts) for key in ("silent", "busy")], 100.0)
    while after.sessions.cool(100.0, 100):
        pass
    assert list(after.sessions.open.hot) == ["busy"]
    assert list(after.sessions._traces.hot) == ["busy"]


def desk_of(tmp_path: Path) -> OnCall:
    config = Config(journal=Journal(url=f"sqlite:///{tmp_path}/journal.db"))
    from loopwatch_processor.story import Stories

    return OnCall(config, pipeline(), Stories(lambda _step: None), lambda: NOW_S, lambda: True)


async def live(desk: OnCall, session: str = "s") -> None:
    """One life that spends a dollar, and ends as it should."""
    await desk.open()
    step = model(f"m{len(desk._pipeline.sessions.open)}", "root", trace_id=session, session_id=session, cost_usd=1.0)
    observe(desk._pipeline.sessions, step, NOW_S)
    await desk.close(lambda: 2.0)


def test_a_restart_goes_on_with_what_was_spent(tmp_path: Path) -> None:
    """Through a real journal."""
    asyncio.run(live(desk_of(tmp_path)))

    async def second() -> None:
        desk = desk_of(tmp_path)
        await desk.open()
        assert desk._pipeline.sessions.open["s"].totals.cost_usd == 1.0
        await desk.close(lambda: 2.0)

    asyncio.run(second())


async def take_up_bare(tmp_path: Path, *further: Step) -> Trace | None:
    """One life that knows, and hears *further*; the trace that began with mere structure."""
    desk = desk_of(tmp_path)
    await desk.open()
    for step in further:
        observe(desk._pipeline.sessions, step, NOW_S)
    found = desk._pipeline.sessions.trace("t")
    await desk.close(lambda: 2.0)
    return found


def test_a_restart_goes_on_with_spans_of_no_session_and_forgets_them_when_they_have_one(tmp_path: Path) -> None:
    """Through a real journal, three lives long."""
    asyncio.run(take_up_bare(tmp_path, span("chain", "root", trace_id="t")))
    second = asyncio.run(take_up_bare(tmp_path, model("call", "chain", trace_id="t", session_id="s")))
    assert second is not None
    assert list(second.nodes) == ["chain", "call"]
    journal = Database(Journal(url=f"sqlite:///{tmp_path}/journal.db").settings(60.0))
    with journal.writing() as connection:
        assert connection.execute(select(table.c.key)).scalars().all() == ["s"]
    journal.close()


def test_spans_of_no_session_that_nobody_can_read_are_left_aside(tmp_path: Path) -> None:
    """They are counted; the sessions are taken up."""
    asyncio.run(take_up_bare(tmp_path, span("chain", "root", trace_id="t"), model("m", trace_id="v", session_id="s")))
    journal = Database(Journal(url=f"sqlite:///{tmp_path}/journal.db").settings(60.0))
    with journal.writing() as connection:
        connection.execute(update(table).where(table.c.key == bare.KEY).values(state="[1]"))
    journal.close()

    async def second() -> None:
        desk = desk_of(tmp_path)
        await desk.open()
        assert list(desk._pipeline.sessions.open) == ["s"]
        assert desk._pipeline.sessions.trace("t") is None
        assert desk._pipeline.sessions.counts.forgotten["snapshots_unreadable"] == 1
        await desk.close(lambda: 2.0)

    asyncio.run(second())


@pytest.mark.parametrize("change", [{"version": 99}, {"state": "{}"}, {"state": "no JSON"}, {"state": "[1]"}])
def test_a_snapshot_that_nobody_can_read_is_left_aside(
    tmp_path: Path, change: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted and logged once; the service starts, and counts that session from 0."""
    asyncio.run(live(desk_of(tmp_path)))
    journal = Database(Journal(url=f"sqlite:///{tmp_path}/journal.db").settings(60.0))
    with journal.writing() as connection:
        connection.execute(update(table).values(**change))
        assert connection.execute(select(table.c.key)).scalars().all() == ["s"]
    journal.close()

    async def second() -> None:
        desk = desk_of(tmp_path)
        with caplog.at_level(logging.WARNING):
            await desk.open()
        assert not desk._pipeline.sessions.open
        assert desk._pipeline.sessions.counts.forgotten["snapshots_unreadable"] == 1
        await desk.close(lambda: 2.0)

    asyncio.run(second())
    assert len([record for record in caplog.records if "counted from 0" in record.message]) == 1


@pytest.mark.parametrize(("sessions", "left_out"), [(2, 1), (3, 0)])
def test_sessions_of_one_round_beyond_the_bound_are_counted(sessions: int, left_out: int) -> None:
    """More changed than are kept: the newest are written, and a metric says how many were not."""
    kept = Kept(every_s=10.0, sessions=sessions)
    for at_s, session in enumerate("abc"):
        kept.step(session, float(at_s))
    assert kept.round(5.0) == ["a", "b", "c"][left_out:]
    assert kept.sessions.counts.forgotten["snapshots"] == left_out


def test_a_round_looks_at_packed_traces_without_unpacking_them() -> None:
    """Of a session that goes on, whose older traces are silent and may go on all the same."""
    texts = []
    for packs in (False, True):
        kept = Kept(every_s=10.0)
        for number in range(5):
            observe(kept.sessions, model(f"m{number}", "root", trace_id=f"t{number}", session_id="s"), float(number))
        while packs and kept.sessions.cool(63.5, 100):
            pass
        observe(kept.sessions, model("m5", "root", trace_id="t5", session_id="s"), 63.5)
        packed = len(kept.sessions._traces.shelf)
        assert packed == (4 if packs else 0)
        assert kept.round(64.0) == ["s"]
        assert len(kept.sessions._traces.shelf) == packed
        texts.append(json.loads(kept.texts["s"])["traces"])
    assert [[node[0] for node in trace["nodes"]] for trace in texts[0]] == [[f"m{5 - n}"] for n in range(6)]
    assert [trace["id"] for trace in texts[1]] == [trace["id"] for trace in texts[0]]
    assert [[node[0] for node in trace["nodes"]] for trace in texts[1]] == [
        [node[0] for node in trace["nodes"]] for trace in texts[0]
    ]
