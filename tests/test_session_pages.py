"""/sessions and /sessions/KEY: JSON of what is in memory and of what the journal keeps beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Identity, Snapshot, Told
from loopwatch_processor.journal import incidents, sessions
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.kept_sessions import KeptSessions
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.prices import Prices
from loopwatch_processor.receive.admission import Admission
from loopwatch_processor.receive.http_app import HttpApp
from loopwatch_processor.session_pages import SessionPages, to_json
from loopwatch_processor.story import Stories
from tests.receive.harness import Recorder
from tests.test_pipeline import HEALTHY, STEPS, STUCK, body, span, work

STORIES = Stories(Prices().window)
TRICKY = "a/../b?c#d f\x1b[31m<script>\x9b\u202e\u2028💥"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(JournalSettings(url=f"sqlite:///{tmp_path}/journal.db"))
    made.open()
    yield made
    made.close()


def client(scorer: Pipeline, journal: Journal | None = None, stories: Stories = STORIES) -> TestClient:
    pages = SessionPages(scorer.sessions, stories, KeptSessions(journal) if journal is not None else None)
    return TestClient(HttpApp(Admission(Recorder()), extra_routes=pages.pages))


def scorer_of(*named: tuple[str, str]) -> Pipeline:
    """One session a pair of (key, query), in this order."""
    scorer = build_pipeline(Config())
    for trace, (key, query) in enumerate(named, 1):
        scorer.feed_traces(body(work(query, trace=trace, at_s=1000.0 * trace, conversation__id=key)), float(trace))
    return scorer


def keep(journal: Journal, scorer: Pipeline, now: float = 100.0) -> None:
    with journal.writing() as connection:
        for session in scorer.sessions.open.values():
            sessions.save(connection, *STORIES.rows(session), now, max_steps=100)


def keys(answer: Any) -> list[str]:
    return [session["session"] for session in answer.json()["sessions"]]


def test_the_newest_come_first_and_filters_apply() -> None:
    """By agent, by what was found, by whether they go on; at most as many as asked for."""
    scorer = scorer_of(("one", HEALTHY), ("two", STUCK), ("three", HEALTHY))
    scorer.feed_traces(body([span("invoke_agent", 1, 500.0, trace=3, conversation__id="three")]), 9.0)
    scorer.feed_traces(body([span("chat", 1, 1.0, trace=4, conversation__id="four", agent__name="other")]), 10.0)
    ask = client(scorer).get

    assert keys(ask("/sessions")) == ["four", "three", "two", "one"]
    assert keys(ask("/sessions/")) == keys(ask("/sessions"))
    assert keys(ask("/sessions?agent=other")) == ["four"]
    assert keys(ask("/sessions?finding=loop")) == ["two"]
    assert keys(ask("/sessions?open=1")) == ["four", "two", "one"]
    assert keys(ask("/sessions?limit=2")) == ["four", "three"]
    assert [ask(f"/sessions?limit={limit}").json()["more"] for limit in (3, 4)] == [True, False]


def test_an_agent_is_found_where_it_works_for_another() -> None:
    """A page names the sub-agent that loops, and the session is its supervisor's."""
    scorer = build_pipeline(Config())
    turn = span("invoke_agent", 2, 9.0, parent=1, agent__name="verifier", conversation__id="talk")
    call = span("chat", 3, 5.0, parent=2, agent__name="verifier", conversation__id="talk")
    scorer.feed_traces(body([span("invoke_agent", 1, 10.0, conversation__id="talk"), turn, call]), 1.0)
    ask = client(scorer).get

    assert ask("/sessions/talk").json()["agent"] == "researcher"
    assert keys(ask("/sessions?agent=researcher")) == keys(ask("/sessions?agent=verifier")) == ["talk"]
    assert keys(ask("/sessions?agent=x")) == []


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1", "", "٣", "9" * 50])
def test_a_limit_that_makes_no_sense_is_refused(limit: str) -> None:
    """With a sentence, and never a list of everything."""
    answer = client(scorer_of()).get("/sessions", params={"limit": limit})

    assert (answer.status_code, answer.json()["candidates"]) == (400, [])
    assert "limit is a number from 1 to 1000" in answer.json()["error"]


def test_one_session_is_found_by_its_name_or_an_unambiguous_beginning() -> None:
    """A name that others begin with is still that session's."""
    ask = client(scorer_of(("talk", HEALTHY), ("talk-2", HEALTHY), ("walk", STUCK))).get

    assert [ask(f"/sessions/{name}").json()["session"] for name in ("talk", "talk-", "w")] == ["talk", "talk-2", "walk"]
    assert len(ask("/sessions/walk").json()["story"]) == 2 * STEPS
    ambiguous, unknown = ask("/sessions/t"), ask("/sessions/nobody")
    assert (ambiguous.status_code, ambiguous.json()["candidates"]) == (409, ["talk", "talk-2"])
    assert (unknown.status_code, unknown.json()["candidates"]) == (404, [])
    assert "'nobody'" in unknown.json()["error"]
    assert ask("/sessions/tolk-2").json()["candidates"] == ["talk-2", "talk"]
    assert ask("/sessions/alk").json()["candidates"][0] in ("talk", "walk")


def test_what_senders_choose_is_found_and_shown_harmlessly() -> None:
    """Any name can be asked for, and the answer is JSON in plain ASCII that no browser takes for a page."""
    answer = client(scorer_of((TRICKY, HEALTHY))).get("/sessions/" + quote(TRICKY, safe="").replace(".", "%2E"))

    assert answer.json()["session"] == TRICKY
    assert answer.content.isascii()
    assert all(0x20 <= byte < 0x7F for byte in answer.content.strip())
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_only_reading_is_allowed() -> None:
    """HEAD is reading."""
    pages = client(scorer_of(("one", HEALTHY)))

    assert [pages.post(path).status_code for path in ("/sessions", "/sessions/one")] == [405, 405]
    assert [pages.head(path).status_code for path in ("/sessions", "/sessions/one")] == [200, 200]


def test_what_only_the_journal_knows_is_listed_after_what_goes_on(journal: Journal) -> None:
    """A session that is in both is there once, as memory knows it."""
    keep(journal, scorer_of(("old", STUCK), ("both", STUCK)))
    scorer = scorer_of(("both", HEALTHY), ("new", HEALTHY))
    ask = client(scorer, journal).get

    assert keys(ask("/sessions")) == ["new", "both", "old"]
    assert keys(ask("/sessions?finding=loop")) == ["old"]
    assert keys(ask("/sessions?limit=2")) == ["new", "both"]
    assert ask("/sessions?limit=2").json()["more"]


def test_a_story_is_the_same_live_and_from_the_journal(journal: Journal) -> None:
    """Nothing is lost on the way through the database."""
    scorer = scorer_of(("talk", STUCK))
    keep(journal, scorer)
    live, both = client(scorer).get("/sessions/talk"), client(scorer, journal).get("/sessions/talk")

    assert client(scorer_of(), journal).get("/sessions/ta").json() == live.json()
    assert both.json() == live.json()


def test_a_beginning_counts_what_the_journal_knows_as_well(journal: Journal) -> None:
    """A beginning that is unambiguous in memory only would show the wrong session one day."""
    keep(journal, scorer_of(("talk-old", STUCK)))
    answer = client(scorer_of(("talk-new", HEALTHY)), journal).get("/sessions/talk")

    assert (answer.status_code, answer.json()["candidates"]) == (409, ["talk-new", "talk-old"])


def test_the_incidents_of_a_session_are_told(journal: Journal) -> None:
    """Those it is inside of, and no others."""
    scorer = scorer_of(("talk", STUCK))
    (session,) = scorer.sessions.open.values()
    told = Told.of(max(session.findings.values(), key=lambda raised: raised.finding.severity))
    with journal.writing() as connection:
        others = replace(told, session_key="walk")
        incidents.save(connection, [snapshot("mine", told, ("talk",)), snapshot("other", others, ("walk",))])
    found = client(scorer, journal).get("/sessions/talk").json()["incidents"]

    assert [(item["id"], item["alert"], item["severity"]) for item in found] == [("mine", "AgentLoop", "critical")]


def snapshot(identity: str, lead: Told, inside: tuple[str, ...]) -> Snapshot:
    return Snapshot(
        id=identity,
        identity=Identity("", "svc", "researcher", "loop"),
        severity=Severity.CRITICAL,
        lead=lead,
        attached=(),
        sessions=inside,
        sessions_open=1,
        sessions_total=1,
        wasted_usd=None,
        wasted_tokens=None,
        opened_s=1.0,
        changed_s=2.0,
    )


def test_a_journal_that_fails_costs_only_what_it_keeps(journal: Journal, tmp_path: Path) -> None:
    """What is in memory is shown, with a word about the rest."""
    journal.close()
    for file in tmp_path.iterdir():
        file.unlink()
    ask = client(scorer_of(("talk", STUCK)), journal).get
    listed, told = ask("/sessions"), ask("/sessions/talk")

    assert (keys(listed), told.json()["session"]) == (["talk"], "talk")
    assert "the journal" in listed.json()["journal"]
    assert "the journal" in told.json()["journal"]
    assert ask("/sessions/nobody").status_code == 404


def test_what_is_not_finite_is_null() -> None:
    """A number that JSON does not have breaks no page."""
    assert json.loads(to_json({"a": float("nan"), "b": [float("inf"), 1.5], "c": "\x7f\ud800"}))["b"] == [None, 1.5]
