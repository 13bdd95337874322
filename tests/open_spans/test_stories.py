"""What hangs now, on the pages of sessions: also of one whose first call has not ended."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console
from starlette.testclient import TestClient

from loopwatch_processor.cli.story_table import lines
from loopwatch_processor.config.incidents import Links
from loopwatch_processor.open_stories import OpenStories
from loopwatch_processor.receive.admission import Admission
from loopwatch_processor.receive.http_app import HttpApp
from loopwatch_processor.session_pages import SessionPages
from tests.open_spans.cases import BEAT, ENDED, Listening, event
from tests.open_spans.streams import ended_stream
from tests.receive.harness import Recorder
from tests.test_session_pages import STORIES

TALK = "talk 7/é"


def stalled(**said: Any) -> Listening:
    """A stream of a conversation, silent since its fifth second, of which no span has arrived."""
    seen = Listening()
    seen.beat(10, 60.0, gap_from_s=5.0, gen_ai__conversation__id=TALK, loopwatch__stream__chunks=40, **said)
    return seen


def client(seen: Listening) -> TestClient:
    """Its pages."""
    in_flight = OpenStories(seen.scorer.open)
    pages = SessionPages(seen.scorer.sessions, STORIES, in_flight=in_flight).pages
    return TestClient(HttpApp(Admission(Recorder()), extra_routes=pages))


@pytest.mark.parametrize("named", [TALK, "talk 7"])
def test_a_session_whose_first_call_hangs_has_a_story(named: str) -> None:
    """The page that an alert links to says what is open, for how long, and what was found."""
    (told,) = [client(stalled()).get(f"/sessions/{named}").json()]
    assert (told["session"], told["agent"], told["open"], told["steps"]) == (TALK, "researcher", True, 0)
    (span,) = told["open_spans"]
    assert (span["name"], span["chunks"], span["process"]) == ("gpt-4o", 40, "host-1/101")
    assert span["silent_s"] >= 30.0
    assert [(item["detector"], item["pattern"]) for item in told["findings"]] == [("stream", "max_gap")]
    assert told["severity"] == "warning"


def test_such_a_session_is_in_the_list() -> None:
    """Filters hold for it as for others."""
    pages = client(stalled())
    for query, found in (("", [TALK]), ("?open=1&agent=researcher", [TALK]), ("?agent=x", []), ("?finding=loop", [])):
        assert [row["session"] for row in pages.get(f"/sessions{query}").json()["sessions"]] == found
    (row,) = pages.get("/sessions?finding=stream").json()["sessions"]
    assert row["detectors"] == ["stream"]


def test_once_the_call_has_ended_it_is_a_session_like_others() -> None:
    """Its step is there, and nothing is open."""
    seen = stalled()
    seen.feed(ended_stream(conversation__id=TALK, max_gap_s=395.0))
    told = client(seen).get(f"/sessions/{TALK}").json()
    assert (told["open_spans"], len(told["story"])) == ([], 1)


def test_a_call_that_hangs_stands_beside_the_steps_before_it() -> None:
    """One session, not two."""
    seen = Listening()
    seen.feed(ended_stream(number=9, duration_s=3.0, conversation__id=TALK))
    seen.hear(event(BEAT, 10, seen.now_s, gen_ai__conversation__id=TALK))
    pages = client(seen)
    assert len(pages.get("/sessions").json()["sessions"]) == 1
    told = pages.get(f"/sessions/{TALK}").json()
    assert (len(told["story"]), len(told["open_spans"])) == (1, 1)


def test_what_is_over_is_not_found() -> None:
    """Without a span and without a beat nobody knows the session."""
    seen = stalled()
    seen.hear(event(ENDED, 10, seen.now_s))
    assert client(seen).get(f"/sessions/{TALK}").status_code == 404


def test_the_story_on_a_terminal_says_what_is_still_open() -> None:
    """And that no step has ended, rather than that none is remembered."""
    told = client(stalled()).get(f"/sessions/{TALK}").json()
    shown = "\n".join(line.plain for line in lines(Console(width=200), told, Links()))
    assert "still open: model gpt-4o for 50.0s, without content for 45.0s after 40 chunks in host-1/101" in shown
    assert "No step of it has ended yet." in shown
