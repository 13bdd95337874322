"""What people read of the journal's sessions, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loopwatch_processor.journal import incidents, sessions
from loopwatch_processor.journal.columns import KEY_CHARACTERS, storable_key
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.kept_sessions import MAX_CANDIDATES, KeptSessions, NotOneSession, one_of
from tests.journal.made import NOW, session, snapshot, step


def keep(journal: Journal, *keys: str, stop_reason: str = "", is_open: bool = True) -> None:
    with journal.writing() as connection:
        for number, key in enumerate(keys):
            row = replace(session(), key=key, stop_reason=stop_reason, open=is_open)
            sessions.save(connection, row, [step(1)], NOW + number, max_steps=10)


@pytest.mark.parametrize("beginning", ["50%", "a_", "A", "naïve/", "x'--", "日本"])
def test_a_beginning_is_taken_to_the_letter(journal: Journal, beginning: str) -> None:
    """No character of a key is a wildcard, and case counts."""
    keep(journal, f"{beginning}one", "500", "ab", "a", f"one{beginning}")

    assert KeptSessions(journal).keys(beginning) == [f"{beginning}one"]


def test_keys_are_bounded_and_the_empty_beginning_is_every_one(journal: Journal) -> None:
    """One more than is shown, to tell that there are more."""
    keep(journal, *(f"key-{number:02}" for number in range(MAX_CANDIDATES + 5)))

    assert len(KeptSessions(journal).keys("")) == MAX_CANDIDATES + 1
    assert KeptSessions(journal).keys("other") == []
    assert KeptSessions(journal).keys("key-\0\udcff") == []


def test_a_long_key_is_found_by_all_of_it_and_by_its_beginning(journal: Journal) -> None:
    """The journal holds a shorter one in its place."""
    key = "k" * (KEY_CHARACTERS + 50)
    keep(journal, key)
    kept = KeptSessions(journal)
    found = kept.get(key)

    assert found is not None
    assert kept.keys("kkk") == [found[0].key] == [storable_key(key)]


def test_open_means_that_the_newest_run_goes_on(journal: Journal) -> None:
    """A session between two runs is remembered, and not open."""
    keep(journal, "going-on")
    keep(journal, "between", stop_reason="completed")
    keep(journal, "over", is_open=False)
    kept = KeptSessions(journal)

    assert [row.key for row in kept.newest(10, open_only=True)] == ["going-on"]
    assert len(kept.newest(10)) == 3
    assert len(kept.newest(2)) == 2


def test_the_incidents_of_a_session_are_those_that_name_it(journal: Journal) -> None:
    """Inside of them, or told of in one of their findings."""
    inside = replace(snapshot(), id="inside", sessions=("talk",))
    by_lead = replace(snapshot(), id="lead", sessions=(), lead=replace(snapshot().lead, session_key="talk"))
    other = replace(snapshot(), id="other", sessions=("walk",), lead=replace(snapshot().lead, session_key="walk"))
    with journal.writing() as connection:
        incidents.save(connection, [inside, by_lead, replace(other, attached=())])

    assert {found.id for found in KeptSessions(journal).incidents("talk")} == {"inside", "lead"}


def test_one_of_several_names() -> None:
    """The whole name wins; several are named, in order, and no more than fit a line."""
    assert one_of(["a", "ab"], "a") == "a"
    assert one_of(["abc"], "ab") == "abc"
    with pytest.raises(NotOneSession, match=r"several sessions begin with 'k': k00, k01, .*k09 and others$") as several:
        one_of([f"k{number:02}" for number in reversed(range(MAX_CANDIDATES + 1))], "k")
    assert len(several.value.candidates) == MAX_CANDIDATES
    with pytest.raises(NotOneSession, match=r"did you mean talk-2\?$"):
        one_of([], "tolk-2", ["talk-2", "other"])


def test_an_agent_is_found_where_it_works_for_another(journal: Journal) -> None:
    """A page names the sub-agent that loops, and the session is its supervisor's."""
    with journal.writing() as connection:
        row = replace(session(), key="talk", agent="supervisor")
        sessions.save(connection, row, [replace(step(1), agent="verifier")], NOW, max_steps=10)
    kept = KeptSessions(journal)

    assert [[row.key for row in kept.newest(10, agent=name)] for name in ("supervisor", "verifier")] == [["talk"]] * 2
    assert kept.newest(10, agent="analyst") == []
