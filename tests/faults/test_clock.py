"""A clock that is set by hours, spans from the future and the past: nobody was silent, and nobody is paged for it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.clock import Clock
from loopwatch_processor.config import Config
from loopwatch_processor.incident import Change
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.scorer import Scorer
from loopwatch_processor.sinks.base import Sinks
from tests.builders import START_NS
from tests.fakes.events_api import Fault, Server
from tests.faults.counting import Counts
from tests.faults.kept import knows_all_as_sent
from tests.faults.load import calls, request_of
from tests.faults.test_detector_raises import Heard
from tests.open_spans.cases import BEAT, BEAT_S, STARTED, event, logs
from tests.paging.services import Service, paging
from tests.paging.spans import ended, looping, send
from tests.stack.processes import ROOT, until

HOUR_S = 3_600.0
START_S = START_NS / 1e9
SESSIONS, WORKERS = 50, 20
JUMPS_S = {
    "3 h on": (3 * HOUR_S, 0.0),
    "30 h on": (30 * HOUR_S, 0.0),
    "3 h back": (-3 * HOUR_S, 0.0),
    "30 h back": (-30 * HOUR_S, 0.0),
    "stopped for 30 h": (30 * HOUR_S, 30 * HOUR_S),
}
"""How far Unix time goes at once, and what really passes: nothing where the clock is set, or the machine sleeps."""


class Machine:
    """A scorer on a machine whose clock can be set."""

    def __init__(self) -> None:
        self.wall_s, self.steady_s = START_S, 0.0
        self.pipeline = build_pipeline(Config())
        self.heard = Heard()
        self.changes: list[Change] = []
        self.ended = 0
        clock = Clock(lambda: self.wall_s, lambda: self.steady_s)
        clock.on_lost = self.pipeline.shift
        sinks = Sinks([self.heard], self.pipeline.telemetry)
        self._scorer = Scorer(self.pipeline, sinks, self.pipeline.telemetry, clock, on_changes=self._note)

    def wait(self, seconds: int) -> None:
        """Let time pass, second by second."""
        for _ in range(seconds):
            self.wall_s += 1.0
            self.steady_s += 1.0
            ticked = self._scorer.tick()
            self.changes += ticked.changes
            self.ended += len(ticked.ended)

    def take(self, signal_: Signal, body: bytes) -> None:
        """One request arrives."""
        self._scorer.accept(signal_, body)

    def beat(self, name: str, at_s: float) -> None:
        """Every worker says that its span is open, by its own clock."""
        events = [event(name, 1, at_s, worker=f"w{number}", trace=number) for number in range(1, WORKERS + 1)]
        self.take(Signal.logs, logs(events))

    def live(self, at_s: float, beats: int) -> None:
        """Every worker tells of itself every ten seconds, from *at_s* by its own clock on."""
        for number in range(beats):
            self.beat(BEAT, at_s + number * BEAT_S)
            self.wait(round(BEAT_S))

    def _note(self, changes: list[Change], _more: bool) -> Any:
        self.changes += changes


@pytest.mark.parametrize(("jump_s", "passed_s"), JUMPS_S.values(), ids=JUMPS_S)
def test_a_clock_that_is_set(counts: Counts, jump_s: float, passed_s: float) -> None:
    """No session ends, no worker is lost, no incident changes, though the workers' own clocks stay as they are."""
    machine = Machine()
    machine.wait(90)
    for number in range(SESSIONS):
        machine.take(Signal.traces, request_of(calls(f"s{number}", spans=2, at_s=machine.wall_s)))
    machine.beat(STARTED, 90.0)
    machine.take(Signal.traces, request_of(looping("loops")))
    machine.live(90.0, beats=13)
    before, changes = len(machine.heard.found), len(machine.changes)
    machine.wall_s += jump_s
    machine.steady_s += passed_s
    machine.live(220.0, beats=12)
    found, changed = len(machine.heard.found) - before, len(machine.changes) - changes
    open_s = max(machine.pipeline.incidents.ages_s().values(), default=-1.0)
    machine.wait(1_000)
    resolved = [change.kind.value for change in machine.changes[changes:]]

    counts.add(
        sessions=SESSIONS + 1,
        sessions_ended=machine.ended,
        workers=WORKERS,
        found_after_it=found,
        incidents_changed_by_it=changed,
    )
    assert before
    assert changes
    assert not machine.ended
    assert not found
    assert not changed
    assert open_s >= 0
    # Real silence is the end of it, and a worker that really falls silent is lost.
    assert "resolved" in resolved
    assert "lifecycle" in {item.finding.detector for item in machine.heard.found[before:]}


@pytest.mark.parametrize("off_s", [-1e9, -3 * HOUR_S, 3 * HOUR_S, 1e9])
def test_spans_from_the_future_and_the_past(counts: Counts, off_s: float) -> None:
    """Agents whose clock is off are scored as any others; nothing that is served is negative."""
    machine = Machine()
    machine.wait(90)
    for number in range(SESSIONS):
        machine.take(Signal.traces, request_of(calls(f"s{number}", at_s=machine.wall_s + off_s)))
    backwards = calls("backwards", at_s=machine.wall_s + off_s)
    for span in backwards:
        span.start_time_unix_nano, span.end_time_unix_nano = span.end_time_unix_nano, span.start_time_unix_nano
    machine.take(Signal.traces, request_of(backwards))
    machine.beat(STARTED, 90.0 + off_s)
    machine.live(90.0 + off_s, beats=12)
    samples = [item for metric in machine.pipeline.telemetry.registry.collect() for item in metric.samples]
    negative = [item for item in samples if item.value < 0]

    counts.add(sent=20 * (SESSIONS + 1), found=len(machine.heard.found), series=len(samples), negative=len(negative))
    assert not negative
    assert not machine.heard.found
    assert not machine.ended


def test_what_comes_late_finds_nobody_silent(counts: Counts) -> None:
    """A receiver that is ten minutes behind hears of everybody late: no worker of them is lost."""
    machine = Machine()
    machine.wait(90)
    machine.beat(STARTED, 90.0)
    machine.wait(10)
    machine.live(100.0 - 600.0, beats=60)
    counts.add(workers=WORKERS, beats_late=60 * WORKERS, found=len(machine.heard.found))
    assert not machine.heard.found


class OnAClock(Service):
    """A service whose clock can be set."""

    def __init__(self, folder: Path, *settings: str) -> None:
        super().__init__(folder, *settings)
        self._set_by = folder / "clock"
        self.set_clock(0.0)
        serve = self._command[self._command.index("serve") :]
        self._command = [sys.executable, str(ROOT / "tests/faults/shifted.py"), str(self._set_by), *serve]

    def set_clock(self, by_s: float) -> None:
        """From now on its clock is off by so much."""
        mine = self._set_by.with_suffix(".new")
        mine.write_text(str(by_s))
        mine.replace(self._set_by)


def test_a_page_on_its_way_while_the_clock_is_set_back(tmp_path: Path, events: Server, counts: Counts) -> None:
    """It comes within seconds, once; its end is told, and is known after a restart."""
    api = events.api
    slow_to_settle = ("incidents.hold_s=1", "incidents.settle_s=2")
    service = OnAClock(tmp_path, *slow_to_settle, *paging(tmp_path, events.url))
    with service.running():
        send(service.url, looping("before"))
        until("the first page", lambda: api.incidents)
        fault = Fault(500, count=1_000)
        api.faults.append(fault)
        send(service.url, looping("meanwhile", agent="analyst"))
        until("an attempt", lambda: api.answers[500])
        service.set_clock(-3 * HOUR_S)
        until("it to be noticed", lambda: "nobody listened" in service.output)
        api.faults.clear()
        until("the second page", lambda: len(api.incidents) == 2)
        assert not api.of("resolved")
        send(service.url, [ended("before"), ended("meanwhile", agent="analyst")])
        until("every resolve", lambda: len(api.of("resolved")) == 2)
        until("the journal to know of them", lambda: knows_all_as_sent(service))
        service.end(signal.SIGKILL)
        service.start()
        open_after = service.metric("loopwatch_open_incidents")
        waiting_after = service.metric("loopwatch_notifications_waiting")

    counts.add(pages=len(api.incidents), resolved=len(api.of("resolved")), open_after_a_restart=int(open_after))
    assert [page.triggers for page in api.incidents] == [1, 1]
    assert not open_after
    assert not waiting_after
    assert not api.ignored
