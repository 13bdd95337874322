"""`loopwatch status`: what it answers, and when nobody can tell."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from loopwatch_processor.jobs.answers import answers
from loopwatch_processor.jobs.reconciliation import Known
from loopwatch_processor.jobs.sla import Sla, Slas
from loopwatch_processor.journal import jobs
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from tests.jobs.made import NOW_S, said
from tests.stack.processes import ROOT

SLAS = Slas({"report": Sla(queue_wait_s=60, executing_s=240)})
DONE = Known(("prod", "worker", "clerk", "report"), "a", "completed", NOW_S - 900, waited_s=10.0)


def said_of(*known: Known, found: tuple[str, ...] = (), slas: Slas = SLAS) -> list[bool | None]:
    """The six answers."""
    return [answer.holds for answer in answers(known, found, slas, NOW_S)]


def test_healthy_jobs_are_six_times_yes() -> None:
    """Submitted, taken, ended, delivered, succeeded, within bounds."""
    assert said_of(DONE, replace(DONE, id="b")) == [True] * 6


def test_without_jobs_nobody_can_tell() -> None:
    """Nothing submitted is no success; streams and bounds are known all the same."""
    assert said_of() == [None, None, None, True, None, True]


def test_without_a_promise_no_wait_is_too_long() -> None:
    """It is unknown, and not a yes."""
    assert said_of(DONE, slas=Slas({}, unpromised_s=60))[1] is None


@pytest.mark.parametrize(
    ("known", "found", "broken"),
    [
        (replace(DONE, waited_s=61.0), (), [1]),
        (replace(DONE, status="queued", is_worked_on=False, waited_s=None), (), [1, 2, 4]),
        (replace(DONE, status="swept"), (), [2, 4]),
        (replace(DONE, status="failed"), (), [4]),
        (DONE, ("stream", "loop"), [3]),
        (DONE, ("budget",), [5]),
        (DONE, ("context",), [5]),
    ],
)
def test_each_question_has_a_no(known: Known, found: tuple[str, ...], broken: list[int]) -> None:
    """Whatever goes wrong is told where it belongs, and nowhere else."""
    assert [at for at, holds in enumerate(said_of(known, found=found)) if holds is False] == broken


def test_a_broken_type_shows_beside_a_healthy_one() -> None:
    """A thousand jobs that succeed do not hide the one type that never does."""
    healthy = [replace(DONE, id=str(number)) for number in range(1_000)]
    broken = replace(DONE, group=("prod", "worker", "clerk", "mail"), status="failed", submitted_s=NOW_S - 90_000)
    told = answers([*healthy, broken], (), SLAS, NOW_S)[4]
    assert told.holds is False
    assert "worst type: mail, 0.00%" in told.why


def command(name: str, journal: str, *more: str) -> subprocess.CompletedProcess[str]:
    """`loopwatch` *name* at a journal, where no service listens."""
    settings = ["--set", f"journal.url={journal}", "--set", "receive.http_port=1", "--set", "jobs.unpromised_s=0.001"]
    whole = [sys.executable, "-m", "loopwatch", name, *settings, *more]
    return subprocess.run(whole, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)


def test_the_commands_read_a_journal_that_nobody_serves(tmp_path: Path) -> None:
    """They say so, answer from what was kept, and end with 1 where something is missing."""
    url = f"sqlite:///{tmp_path}/journal.db"
    missing = command("status", url)
    assert missing.returncode == 2
    assert "there is no journal" in missing.stderr
    journal = Journal(JournalSettings(url))
    journal.open()
    ago_s = time.time() - NOW_S - 60
    with journal.writing() as connection:
        jobs.record(connection, [said("queued", ago_s, "a"), said("completed", ago_s + 1, "a")])
    assert command("status", url).returncode == command("reconcile", url).returncode == 0
    with journal.writing() as connection:
        jobs.record(connection, [said("queued", ago_s, "b\x1b[2J")])
    journal.close()
    told, listed = command("status", url), command("reconcile", url)
    assert (told.returncode, listed.returncode) == (1, 1)
    assert "does not answer" in told.stdout
    assert "1 of 2 ended; 1 are missing" in told.stdout
    assert "\x1b" not in listed.stdout
    answered = json.loads(command("status", url, "--format", "json").stdout)
    assert [answer["holds"] for answer in answered["answers"]][:3] == [True, None, False]
    assert json.loads(command("reconcile", url, "--format", "json").stdout)[0]["missing"] == ["b\x1b[2J"]
