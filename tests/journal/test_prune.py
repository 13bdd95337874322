"""What the journal forgets, and what it must not."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from loopwatch_processor.journal import incidents, mutes, outbox, prune, sessions, tables
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.journal.writer import PRUNE_EVERY_S, JournalWriter
from tests.journal.made import DAY_S, NOW, Clock, message, mute, on_a_loop, resolved, session, snapshot, step

KEPT = JournalSettings(retention_s=30 * DAY_S, max_sessions=3)


def pruned(journal: Journal, at_s: float, settings: JournalSettings = KEPT) -> prune.Pruned:
    """What goes *at_s*."""
    with journal.writing() as connection:
        return prune.prune(connection, at_s, settings)


@pytest.fixture(name="few")
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows of a kind at once."""
    monkeypatch.setattr(prune, "AT_ONCE", 2)


def test_resolved_incidents_go_when_they_are_old(journal: Journal) -> None:
    """Open ones stay, however old."""
    with journal.writing() as connection:
        incidents.save(connection, [resolved("old"), resolved("young", NOW + DAY_S), snapshot("open")])
    assert pruned(journal, NOW + 30.5 * DAY_S).incidents == 1
    with journal.reading() as connection:
        assert [found.id for found in incidents.newest(connection)] == ["young", "open"]


def test_done_messages_go_when_they_are_old_and_their_incident_is_resolved(journal: Journal) -> None:
    """What waits, and what tells of an open page, stays."""
    with journal.writing() as connection:
        outbox.add(connection, [message("a"), message("b", ordinal=1, action="resolve")])
        outbox.add(
            connection, [message("waits", incident_id="2"), message("resolves", incident_id="2", action="resolve")]
        )
        outbox.add(connection, [message("open", incident_id="3")])
        incidents.save(connection, [snapshot("3")])
        for done in ("a", "b", "resolves", "open"):
            outbox.delivered(connection, done, NOW)
    assert pruned(journal, NOW + 29 * DAY_S).messages == 0
    assert pruned(journal, NOW + 31 * DAY_S).messages == 3
    with journal.reading() as connection:
        assert [kept.id for kept in outbox.waiting(connection)] == ["waits"]
        assert [kept.id for kept in outbox.unresolved(connection)] == ["waits", "open"]


def test_a_message_that_nothing_resolves_goes_after_a_month_at_the_earliest(journal: Journal) -> None:
    """A short retention must not make a page that is still open at its receiver unknown."""
    hour = JournalSettings(retention_s=3_600)
    with journal.writing() as connection:
        outbox.add(connection, [message(incident_id="storm")])
        outbox.delivered(connection, "message-1", NOW)
    assert pruned(journal, NOW + DAY_S, hour).messages == 0
    assert pruned(journal, NOW + 31 * DAY_S, hour).messages == 1


def test_mutes_go_when_they_are_long_over(journal: Journal) -> None:
    """Those that hold stay."""
    with journal.writing() as connection:
        mutes.add(connection, mute("ended", until_s=NOW + 90 * DAY_S))
        mutes.end(connection, "ended", NOW + 1)
        mutes.add(connection, mute("over"))
        mutes.add(connection, mute("holds", until_s=NOW + 90 * DAY_S))
    assert pruned(journal, NOW + 31 * DAY_S).mutes == 2
    with journal.reading() as connection:
        assert [active.id for active in mutes.active(connection, NOW)] == ["holds"]


def test_sessions_go_with_their_stories(journal: Journal) -> None:
    """The old ones, and the oldest beyond the bound."""
    with journal.writing() as connection:
        for age in range(6):
            sessions.save(connection, session(f"s{age}"), [step(1)], NOW - age * DAY_S, max_steps=9)
    assert pruned(journal, NOW + 26.5 * DAY_S).sessions == 3
    with journal.reading() as connection:
        assert [row.key for row in sessions.newest(connection)] == ["s0", "s1", "s2"]
        for table in (tables.session_steps, tables.session_detectors):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 3


def test_a_session_that_no_process_has_any_more_is_listed_as_ended(journal: Journal) -> None:
    """kill -9 leaves open sessions behind; they end when they would have idled out."""
    with journal.writing() as connection:
        sessions.save(connection, session("lost"), [], NOW, max_steps=9)
        sessions.save(connection, session("alive"), [], NOW + DAY_S, max_steps=9)
    pruned(journal, NOW + DAY_S + 60)
    with journal.reading() as connection:
        assert [row.key for row in sessions.newest(connection, open_only=True)] == ["alive"]


@pytest.mark.usefixtures("few")
def test_much_goes_in_several_transactions(journal: Journal) -> None:
    """Each says whether there is more, so that incidents need not wait for all of it."""
    with journal.writing() as connection:
        incidents.save(connection, [resolved(str(number)) for number in range(5)])
    rounds = [pruned(journal, NOW + 31 * DAY_S) for _ in range(3)]
    assert [(gone.incidents, gone.more) for gone in rounds] == [(2, True), (2, True), (1, False)]


@pytest.mark.usefixtures("few")
@on_a_loop
async def test_the_writer_prunes_by_the_hour_until_nothing_is_left_to(journal: Journal) -> None:
    """Every tick goes on where there was too much for one."""
    clock = Clock(NOW + 31 * DAY_S)
    told: list[bool] = []
    writer = JournalWriter(journal, clock, on_write=told.append)
    with journal.writing() as connection:
        incidents.save(connection, [resolved(str(number)) for number in range(5)])
    for _ in range(9):
        writer.tick()
        await writer.settled(60)
    assert told == [True] * 3
    with journal.reading() as connection:
        assert incidents.newest(connection) == []
    clock.now += PRUNE_EVERY_S
    writer.tick()
    await writer.settled(60)
    assert told == [True] * 4
    await writer.close(60)
