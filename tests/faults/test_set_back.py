"""What was put off before the clock was set back is not put off by the hours that it was set back by."""

from __future__ import annotations

from pathlib import Path

from loopwatch_processor.clock import LISTENED_S, SET_S, Clock
from loopwatch_processor.incidents import IncidentLimits, Incidents
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.journal.writer import LAST_RETRY_S, JournalWriter
from loopwatch_processor.notify.lane import Lane
from loopwatch_processor.notify.message import Action, Message, Waiting
from loopwatch_processor.notify.storm import Pace, Storm
from loopwatch_processor.schedule import is_due
from tests.incident_cases import raised

NOW_S, BACK_S = 1_000_000.0, 3 * 3_600.0


def message(created_s: float, due_s: float) -> Message:
    """One for a page."""
    return Message("id", "pagerduty", "key", "incident", 0, Action.TRIGGER, {"dedup_key": "page"}, created_s, due_s)


def test_a_message_that_failed_is_tried_again() -> None:
    """Though its next try is hours away by the clock as it is; not before the clock was set."""
    lane = Lane(lambda: 0.5)
    lane.add(Waiting(message(NOW_S, NOW_S)))
    assert lane.next(NOW_S) is not None
    lane.failed(NOW_S, after_s=600.0)

    assert lane.next(NOW_S + 599.0) is None
    assert lane.next(NOW_S - BACK_S) is not None


def test_a_message_that_fails_as_the_clock_is_set_back_waits_for_its_pause_only() -> None:
    """It is due in hours by the clock as it is, and was tried already."""
    lane = Lane(lambda: 0.5)
    lane.add(Waiting(message(NOW_S, NOW_S)))
    assert lane.next(NOW_S) is not None
    now_s = NOW_S - BACK_S
    again_s = lane.failed(now_s, after_s=None)

    assert lane.next(now_s) is None
    assert lane.ready_s(now_s) == again_s
    assert again_s - now_s < 60.0
    assert lane.next(again_s) is not None


def test_an_update_that_was_put_off_is_sent() -> None:
    """It was written in the future."""
    lane = Lane(lambda: 0.5)
    lane.add(Waiting(message(NOW_S, NOW_S + 60.0)))

    assert lane.next(NOW_S + 59.0) is None
    assert lane.next(NOW_S - BACK_S) is not None


def test_a_journal_that_failed_is_tried_again(tmp_path: Path) -> None:
    """Its pause ends when the clock is set back by more than a pause."""
    now_s = [NOW_S]
    writer = JournalWriter(Journal(JournalSettings(f"sqlite:///{tmp_path / 'journal.db'}")), lambda: now_s[0])
    writer._failed(OSError("full"))
    assert writer._pauses()
    now_s[0] = NOW_S - BACK_S
    assert not writer._pauses()


def test_the_newer_state_of_an_incident_is_not_the_earlier_one() -> None:
    """The journal keeps the state that changed last: its end must be that one."""
    incidents = Incidents(IncidentLimits(hold_s=1.0))
    opened = incidents.find(raised("s"), NOW_S)
    incidents.shift(-BACK_S)
    incidents.session_ended("s", NOW_S - BACK_S + 1.0)
    (resolved,) = incidents.tick(NOW_S - BACK_S + 5.0)

    assert opened is not None
    assert resolved.kind.value == "resolved"
    assert resolved.incident.changed_s >= opened.incident.changed_s
    assert (resolved.incident.resolved_s or 0.0) >= resolved.incident.opened_s


def test_incidents_of_before_make_no_storm() -> None:
    """Ten that began hours later, as it seems, are no reason to page for the rest in one."""
    storm = Storm("production", Pace(60.0, 10, 60.0))
    for number in range(10):
        storm.begin(NOW_S + number)

    assert storm.begin(NOW_S + 10.0)
    assert not storm.begin(NOW_S - BACK_S)


def test_what_is_put_off_is_due_in_its_time() -> None:
    """Neither earlier nor later, unless it is further off than it is ever put off."""
    assert not is_due(NOW_S + LAST_RETRY_S, NOW_S, LAST_RETRY_S)
    assert not is_due(NOW_S + 1.0, NOW_S, LAST_RETRY_S)
    assert is_due(NOW_S, NOW_S, LAST_RETRY_S)
    assert is_due(NOW_S + LAST_RETRY_S + 1.0, NOW_S, LAST_RETRY_S)


def test_a_clock_says_what_nobody_listened_to() -> None:
    """That it was set, or that the process stood still; no word of seconds that pass as they should."""
    wall_s, steady_s = [NOW_S], [5.0]
    clock, lost_s = Clock(lambda: wall_s[0], lambda: steady_s[0]), []
    clock.on_lost = lost_s.append

    def passed(on_the_wall_s: float, really_s: float) -> float:
        wall_s[0] += on_the_wall_s
        steady_s[0] += really_s
        return clock()

    assert passed(1.0, 1.0) == NOW_S + 1.0
    passed(1.0 + SET_S / 2, 1.0)
    assert not lost_s
    passed(3_601.0, 1.0)
    passed(-3_599.0, 1.0)
    passed(600.0, 600.0)
    assert lost_s == [3_600.0, -3_600.0, 600.0 - LISTENED_S]
