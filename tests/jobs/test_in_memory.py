"""Jobs where there is no journal: followed as well, bounded, and forgotten with the process."""

from __future__ import annotations

from loopwatch_processor.config.incidents import MAX_JOBS_IN_MEMORY
from loopwatch_processor.config.incidents import Journal as JournalSection
from loopwatch_processor.journal import jobs
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.prune import prune
from loopwatch_processor.journal.settings import JournalSettings
from tests.jobs.made import NOW_S, said


def memory(max_jobs: int = 100) -> Journal:
    """A table that is written nowhere."""
    journal = Journal(JournalSettings("sqlite:////nowhere/journal.db", max_jobs=max_jobs), in_memory=True)
    journal.open()
    return journal


def test_a_job_is_given_up_and_ends_late() -> None:
    """The same table as in a journal, so the same rules."""
    journal = memory()
    with journal.writing() as connection:
        jobs.record(connection, [said("executing", 0)])
    with journal.writing() as connection:
        (row,) = jobs.open_since(connection, NOW_S + 60, 10)
        assert jobs.sweep(connection, row, NOW_S + 60)
    with journal.writing() as connection:
        jobs.record(connection, [said("completed", 60.5)])
    with journal.reading() as connection:
        assert [item.status for item in jobs.submitted(connection, 0.0)] == ["completed"]


def test_a_new_process_knows_no_job() -> None:
    """Two tables have nothing in common."""
    one, two = memory(), memory()
    with one.writing() as connection:
        jobs.record(connection, [said("queued", 0)])
    with two.reading() as connection:
        assert jobs.submitted(connection, 0.0) == []


def test_beyond_the_bound_the_longest_silent_go() -> None:
    """Memory is not the disk."""
    journal = memory(max_jobs=10)
    with journal.writing() as connection:
        jobs.record(connection, [said("queued", at, str(at)) for at in range(15)])
        prune(connection, NOW_S + 20, journal.settings)
        assert [item.id for item in jobs.submitted(connection, 0.0)] == [str(at) for at in range(5, 15)]


def test_the_bound_is_that_of_the_journal_or_less() -> None:
    """Who keeps fewer on disk keeps no more in memory."""
    assert JournalSection().settings_in_memory().max_jobs == MAX_JOBS_IN_MEMORY
    assert JournalSection(max_jobs=7).settings_in_memory().max_jobs == 7
