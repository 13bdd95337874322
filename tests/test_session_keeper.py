"""Which sessions are written down, and which are taken out again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loopwatch_processor.session import Session
from loopwatch_processor.session_keeper import SessionKeeper
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.story import Stories
from tests.builders import tool_step
from tests.incident_cases import raised


class Written:
    """A journal that only notes what it is given."""

    def __init__(self) -> None:
        self.saved: list[tuple[str, int]] = []
        self.removed: list[str] = []

    def save_session(self, row: object, steps: object = ()) -> None:
        self.saved.append((row.key, len(list(steps))))  # type: ignore[attr-defined, call-overload]

    def remove_session(self, key: str) -> None:
        self.removed.append(key)


@pytest.fixture
def journal() -> Written:
    return Written()


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def keeper(sessions: Sessions, journal: Written) -> SessionKeeper:
    return SessionKeeper(sessions, Stories(lambda _step: None), journal)  # type: ignore[arg-type]


def opened(sessions: Sessions, key: str, seen_s: float = 1.0) -> Session:
    """A session with one step in it."""
    session = sessions.open[key] = Session(key, seen_s=seen_s)
    session.add(tool_step(), "run", ("researcher", ""))
    return session


def test_only_sessions_with_findings_are_written_and_only_when_something_is_new(
    keeper: SessionKeeper, sessions: Sessions, journal: Written
) -> None:
    """A healthy session costs nothing while it goes on, nor does a flagged one that is silent."""
    flagged = opened(sessions, "flagged")
    opened(sessions, "healthy")
    keeper.emit(raised("flagged"))
    keeper.save()
    keeper.save()
    assert journal.saved == [("flagged", 1)]
    flagged.seen_s = 2.0
    keeper.save()
    assert journal.saved == [("flagged", 1), ("flagged", 1)]


def test_every_flagged_session_gets_its_turn(keeper: SessionKeeper, sessions: Sessions, journal: Written) -> None:
    """Some at a time, so that writing never holds up scoring."""
    for number in range(5):
        opened(sessions, f"s{number}")
        keeper.emit(raised(f"s{number}"))
    for _ in range(3):
        keeper.save(most=2)
    assert {key for key, _ in journal.saved} == {f"s{number}" for number in range(5)}


def test_a_healthy_session_leaves_its_summary(keeper: SessionKeeper, sessions: Sessions, journal: Written) -> None:
    """And a flagged one its steps."""
    healthy, flagged = opened(sessions, "healthy"), opened(sessions, "flagged")
    keeper.emit(raised("flagged"))
    keeper.ended([healthy, flagged])
    assert journal.saved == [("healthy", 0), ("flagged", 1)]


def test_what_turned_out_to_be_another_session_is_taken_out(keeper: SessionKeeper, journal: Written) -> None:
    """A trace whose late span names its conversation leaves no second story."""
    old = raised("trace")
    keeper.emit(old)
    keeper.moved(old, replace(old, session_key="conversation"), 1.0)
    keeper.session_ended("trace", 1.0)
    assert journal.removed == ["trace"]


def test_a_session_with_findings_of_its_own_stays_when_it_is_evicted(keeper: SessionKeeper, journal: Written) -> None:
    """Though an earlier finding of it moved elsewhere."""
    old = raised("trace")
    keeper.moved(old, replace(old, session_key="conversation"), 1.0)
    keeper.emit(raised("trace", "budget"))
    keeper.session_ended("trace", 2.0)
    assert journal.removed == []
