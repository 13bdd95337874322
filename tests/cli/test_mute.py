"""`loopwatch mute`: what is muted, for how long, and in which journal."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.cli.durations import parse_s, said
from loopwatch_processor.cli.mute import MOST_S
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.incident import Identity
from loopwatch_processor.journal import mutes
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.rows import Mute
from loopwatch_processor.journal.settings import JournalSettings

LOOP = Identity("prod", "shop", "researcher", "loop")


@pytest.fixture(name="journal")
def _journal(tmp_path: Path) -> str:
    """The URL of a journal that a service has made."""
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    journal = Journal(JournalSettings(url=url))
    journal.open()
    journal.close()
    return url


def run(journal: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loopwatch", "mute", *arguments, "--set", f"journal.url={journal}"]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def held(url: str) -> Sequence[Mute]:
    """The mutes that a service finds now."""
    journal = Journal(JournalSettings(url=url))
    try:
        with journal.reading() as connection:
            return mutes.active(connection, time.time())
    finally:
        journal.close()


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that refused."""
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    return line


def test_a_mute_is_in_the_journal(journal: str) -> None:
    """With what it covers and until when; what is printed says the same and how to end it."""
    asked = ("--agent", "researcher", "--detector", "loop", "--service", "shop", "--for", "2h", "--reason", "known")
    done = run(journal, *asked)
    (mute,) = held(journal)

    assert done.returncode == 0, done.stderr
    assert mute.covers(LOOP)
    assert not mute.covers(Identity("prod", "shop", "researcher", "budget"))
    assert not mute.covers(Identity("prod", "other", "researcher", "loop"))
    assert mute.until_s - mute.created_s == pytest.approx(7200)
    assert mute.reason == "known"
    told = r"Muted detector loop of agent researcher, service shop until [\d-]{10} [\d:]{5} UTC, for 2h\.\n"
    assert re.match(told, done.stdout)
    assert f"--end {mute.id}" in done.stdout


def test_a_mute_of_an_agent_covers_all_its_detectors(journal: str) -> None:
    """Everywhere; and no other agent."""
    done = run(journal, "--agent", "researcher", "--for", "30m")
    (mute,) = held(journal)

    assert "Muted everything of agent researcher until" in done.stdout
    assert mute.covers(LOOP)
    assert not mute.covers(Identity("prod", "shop", "writer", "loop"))


def test_mutes_are_listed_and_ended(journal: str) -> None:
    """The list has what is needed to end one; afterwards it is empty."""
    run(journal, "--agent", "researcher", "--for", "1d", "--reason", "being\x1b[31m mended")
    (mute,) = held(journal)
    table, lines = run(journal, "--list"), run(journal, "--list", "--format", "json")

    assert all(word in table.stdout for word in (mute.id, "researcher", "UTC", "mended"))
    assert "\x1b" not in table.stdout
    assert json.loads(lines.stdout)["id"] == mute.id

    assert run(journal, "--end", mute.id).stdout == f"Ended {mute.id}.\n"
    assert held(journal) == []
    assert run(journal, "--list").stdout == "Nothing is muted.\n"
    assert "no mute" in complaint(run(journal, "--end", mute.id))


def test_an_agent_without_a_name_is_not_every_agent(journal: str) -> None:
    """A variable that was never set, as in a runbook's command, mutes nobody; all of them are named as all."""
    assert "--agent '*'" in complaint(run(journal, "--agent", "", "--for", "2h"))
    assert held(journal) == []

    assert "Muted everything of all agents" in run(journal, "--agent", "*", "--for", "2h").stdout


@pytest.mark.parametrize("written", ["2", "h", "2 hours", "-1h", "1h30m", "1w", "٣h", "1e3h", ""])
def test_an_unreadable_duration_is_named(journal: str, written: str) -> None:
    """With what may be written; nothing is muted."""
    assert "30m, 2h or 1d" in complaint(run(journal, "--agent", "a", f"--for={written}"))
    assert held(journal) == []


@pytest.mark.parametrize("written", ["31d", "0h", "999999999d"])
def test_a_mute_has_an_end(journal: str, written: str) -> None:
    """Within thirty days."""
    assert "at most 30d" in complaint(run(journal, "--agent", "a", "--for", written))
    assert held(journal) == []


@pytest.mark.parametrize(
    "arguments", [(), ("--for", "2h"), ("--agent", "a", "--list"), ("--list", "--end", "x"), ("--detector", "loop")]
)
def test_half_a_command_says_what_is_missing(journal: str, arguments: tuple[str, ...]) -> None:
    """Never everything is muted because a name was left out."""
    assert "--agent NAME --for TIME" in complaint(run(journal, *arguments))
    assert held(journal) == []


def test_a_mute_without_an_end_is_refused(journal: str) -> None:
    """It says what is missing."""
    assert "say for how long" in complaint(run(journal, "--agent", "a"))


def test_a_detector_that_does_not_exist_is_refused(journal: str) -> None:
    """It would be believed, and mute nothing."""
    assert "did you mean loop?" in complaint(run(journal, "--agent", "a", "--detector", "lopp", "--for", "1h"))


def test_no_journal_is_made_where_no_service_has_one(tmp_path: Path) -> None:
    """On the wrong machine a mute would mute nothing."""
    missing = tmp_path / "journal.db"

    assert "there is no journal at" in complaint(run(f"sqlite:///{missing}", "--agent", "a", "--for", "1h"))
    assert not missing.exists()


def test_a_journal_that_is_off_is_named(journal: str) -> None:
    """With the setting that says so."""
    refused = run(journal, "--agent", "a", "--for", "1h", "--set", "journal.enabled=false")

    assert "journal.enabled: false" in complaint(refused)


def test_a_file_of_something_else_is_not_touched(tmp_path: Path) -> None:
    """One sentence, no traceback."""
    other = tmp_path / "notes.txt"
    other.write_text("not a database, " * 100)

    assert "traceback" not in complaint(run(f"sqlite:///{other}", "--agent", "a", "--for", "1h")).lower()
    assert other.read_text() == "not a database, " * 100


def test_a_mute_waits_for_a_service_that_writes(journal: str, tmp_path: Path) -> None:
    """A journal that another process holds for too long is one sentence, too."""
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked" in complaint(run(journal, "--agent", "a", "--for", "1h"))


@given(st.integers(1, 30 * 24))
def test_what_is_said_can_be_typed(hours: int) -> None:
    """The printed duration means the same when it is read again."""
    assert parse_s("--for", said(hours * 3600.0), MOST_S) == hours * 3600.0


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    """Never something else than seconds within the bound, or our own error."""
    with suppress(LoopwatchError):
        assert 0 < parse_s("--for", text, MOST_S) <= MOST_S
