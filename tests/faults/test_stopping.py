"""SIGTERM under load: what is on its way is finished, what waits is written, and the process ends in its time."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from loopwatch_processor.receive.intake import Receipt, Signal
from tests.fakes.events_api import Fault, Server
from tests.faults.counting import Counts
from tests.faults.kept import steps_kept
from tests.faults.load import SPANS, Load, arrived_at, grown, ids_of
from tests.faults.test_downstream import Moody
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import CRITICAL_CALLS, looping, send
from tests.receive.harness import Recorder, receivers
from tests.stack.processes import until

LIMIT_S = 30.0
"""What Kubernetes gives a pod before it kills it."""


@pytest.mark.parametrize("inline", [False, True], ids=["tee", "in-line"])
def test_a_stop_under_load(tmp_path: Path, events: Server, counts: Counts, inline: bool) -> None:
    """Nothing that was answered OK is lost, the page comes once, and it exits 0 in its time."""

    async def slow(_body: bytes) -> Receipt:
        await asyncio.sleep(0.3)
        return Receipt()

    recorder = Recorder(lambda _signal, body: slow(body))
    with receivers(recorder) as downstream:
        forward = (f"forward.endpoint=http://{downstream.target}",) if inline else ()
        service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url), *forward)
        with service.running():
            load = Load(service.url)
            with load.running():
                until("some requests", grown(lambda: len(load.taken), 10))
                events.api.faults.append(Fault(500, count=1))
                send(service.url, looping("loops"))
                begun_s = time.monotonic()
                code = service.end()
                took_s = time.monotonic() - begun_s
                first = len(downstream.intake.bodies)
                taken = len(load.taken) + load.senders  # each may be about to read a last answer of that life
                service.start()
                until("some requests", grown(lambda: len(load.taken), 10))
            until("the page", lambda: events.api.incidents)
            until("nothing to wait", lambda: not service.metric("loopwatch_notifications_waiting"))
            scored = service.metric("loopwatch_steps_total", agent="worker")
        lost = ids_of(load.taken).keys() - arrived_at(downstream) if inline else set()
        since = ids_of(body for kind, body in downstream.intake.bodies[first:] if kind is Signal.traces)
        kept = steps_kept(service)

    counts.add(
        exit_code=code,
        sent=load.sent,
        answered_OK=load.taken_spans,
        requests_sent_again=load.again,
        answered_OK_and_not_downstream=len(lost) if inline else "-",
        scored_after_the_start=int(scored),
        story_steps_kept=kept,
        pages=len(events.api.incidents),
        seconds_to_stop=round(took_s, 1),
    )
    assert code == 0
    assert took_s < LIMIT_S
    assert not lost
    assert scored >= (len(load.taken) - taken) * SPANS or inline
    assert not inline or scored == len(since)
    assert kept == CRITICAL_CALLS
    assert [page.triggers for page in events.api.incidents] == [1]


def test_a_stop_while_nobody_answers(tmp_path: Path, events: Server, counts: Counts) -> None:
    """Downstream and PagerDuty hang and the journal is locked: it ends in time, and the page comes after a start."""
    moody = Moody()
    with receivers(moody) as downstream:
        forward = f"forward.endpoint=http://{downstream.target}"
        service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url), forward)
        with service.running(), closing(sqlite3.connect(service.journal_file, isolation_level=None)) as other:
            events.api.faults.append(Fault(500, count=2, delay_s=60))
            send(service.url, looping("loops"))
            until("the page to be on its way", lambda: events.api.faults[0].count < 2)
            moody.mood = "hangs"
            other.execute("BEGIN IMMEDIATE")
            load = Load(service.url)
            with load.running():
                until("somebody to wait", lambda: service.metric("loopwatch_forward_requests_in_flight") >= 2)
                begun_s = time.monotonic()
                code = service.end()
                took_s = time.monotonic() - begun_s
                other.execute("ROLLBACK")
                moody.mood = "well"
                events.api.faults.clear()
                service.start()
            until("the page", lambda: events.api.incidents)
        lost = ids_of(load.taken).keys() - arrived_at(downstream)

    counts.add(
        exit_code=code,
        sent=load.sent,
        answered_OK_and_not_downstream=len(lost),
        pages=len(events.api.incidents),
        seconds_to_stop=round(took_s, 1),
    )
    assert code == 0
    assert took_s < LIMIT_S
    assert not lost
    assert len(events.api.incidents) == 1
