"""Rounds, changes and questions that get nowhere, and those that look like them and do."""

from __future__ import annotations

from itertools import pairwise

from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.detectors.loop.pools import pool_of
from loopwatch_processor.step import ErrorInfo
from tests.builders import Watch, tool_step
from tests.detectors.loop_cases import Row, calls
from tests.detectors.test_loop_page import ASKED, FOUND, PAPERS

_IDS = ("q7f412", "q07d3e", "q1d78f", "qd6f92", "q6c8bc", "qe8b1a")


def _patterns(rows: list[Row]) -> set[str]:
    return {item.pattern for item in Watch(LoopDetector(LoopSettings())).feed(*calls(rows))}


def _batches(verdict: str, count: int = 6) -> list[Row]:
    rows: list[Row] = []
    for batch in _IDS[:count]:
        rows += [
            ("fetch", {"till": "nine"}, f'{{"batch":"{batch}"}}'),
            ("stage", {"batch": batch}, "staged"),
            ("check", {"batch": batch}, verdict),
            ("drop", {"batch": batch}, "dropped"),
        ]
    return rows


def test_rounds_that_hand_on_an_id_and_fail_alike_are_a_cycle() -> None:
    """The same batch is fetched under a new name, and fails as before."""
    assert _patterns(_batches('{"valid":false,"rows":[17,203]}')) == {"cycle"}
    assert _patterns(_batches('{"valid":false,"rows":[17,203]}', count=4)) == set()


def test_rounds_that_hand_on_an_id_and_succeed_are_a_queue() -> None:
    """One item after the other is worked off."""
    assert _patterns(_batches('{"valid":true,"rows":[]}')) == set()


def _to_and_fro(values: list[str], *, reading: str = "FAIL: expected 0, received 60") -> list[Row]:
    rows: list[Row] = []
    for old, new in pairwise(values):
        rows += [
            ("edit", {"path": "cfg.js", "old": f"ttl = {old};", "new": f"ttl = {new};"}, "1 change"),
            ("run", {"command": "npm test -- ttl"}, reading),
        ]
    return rows


def test_a_change_that_is_made_and_taken_back_gets_nowhere() -> None:
    """Two lines take turns, and the test says the same each time."""
    assert _patterns(_to_and_fro(["a", "b"] * 3)) == {"unchanged"}


def test_ever_other_changes_are_work() -> None:
    """The test says the same, but each change is a new one."""
    assert _patterns(_to_and_fro(list("abcdefgh"))) == set()


def test_calls_that_come_back_in_any_order_and_number_are_rounds() -> None:
    """A dozen, each at least twice: nothing is new any more."""
    order = "abcab cabdc dabcd".replace(" ", "")
    rows: list[Row] = [("open", {"page": page}, f"page on {page * 3}") for page in order]
    assert _patterns(rows) == {"rounds"}


def test_a_new_call_among_them_is_news() -> None:
    """It was made once."""
    rows: list[Row] = [("open", {"page": page}, f"page on {page * 3}") for page in "abcabdcabecab"]
    assert _patterns(rows) == set()


def _hourly(error: str, runs: int) -> list[str]:
    watch = Watch(LoopDetector(LoopSettings()))
    for run in range(runs):
        at_s, trace = 3600.0 * run, f"trace {run}"
        looked = tool_step("list", at_s=at_s, arguments='{"of":"inbox"}', result="none", trace_id=trace)
        failed = ErrorInfo("ToolError", "", error)
        fetched = tool_step("fetch", at_s=at_s + 9, arguments='{"url":"a"}', error=failed, trace_id=trace)
        watch.feed(looked, fetched, run=f"run {run}")
    return [item.pattern for item in watch.findings]


def test_a_call_that_every_run_is_refused_is_a_loop() -> None:
    """Nobody renews the token, however often a schedule starts the agent."""
    assert _hourly("401 token expired on Sunday", 5) == ["exact"]
    assert _hourly("401 token expired on Sunday", 4) == []


def test_what_is_not_there_yet_may_come_by_the_next_run() -> None:
    """A file that is looked for every hour."""
    assert _hourly("404 not found: export.csv", 9) == []


def _scrolls(steps: tuple[int, ...]) -> list[Row]:
    end = "end of page. imprint, privacy, cookies, all rights reserved by the owner of this page"
    return [("scroll", {"by": step}, end) for step in steps]


def test_numbers_that_were_tried_before_lead_through_no_list() -> None:
    """The page is at its end, however far one scrolls."""
    assert _patterns(_scrolls((400, 600, 800, 800, 1200, 400, 2000, 800))) == {"drifting"}


def test_numbers_that_are_each_tried_once_may_be_items() -> None:
    """They stand in no order, as keys do."""
    assert _patterns(_scrolls((417, 688, 235, 941, 503, 316, 824, 759))) == set()


def test_questions_whose_answers_bring_nothing_new_are_a_loop() -> None:
    """The same four papers, in another order each time."""
    asked: list[Row] = [("search", {"query": text}, paper) for text, paper in zip(ASKED, PAPERS, strict=True)]
    assert _patterns(asked) == {"nothing_new"}


def test_questions_whose_answers_bring_something_new_are_research() -> None:
    """Each adds a paper to those that were known."""
    news = ("tides of Venice", "lamps over algae", "roots beneath dunes", "salt marsh birds", "kelp forest songs")
    rows: list[Row] = [
        ("search", {"query": text}, f"{paper}; {title}, by an author of {title.split()[-1]} studies who measured it")
        for text, paper, title in zip(ASKED, PAPERS, news, strict=True)
    ]
    assert _patterns(rows) == set()


def test_one_sentence_about_other_items_takes_from_no_pool() -> None:
    """What they share is a frame."""
    said = [frozenset(("open", "faults", "of", "the", room)) for room in ("porch", "attic", "cellar")]
    assert pool_of(said).is_frame
    assert not pool_of([frozenset(text.split()) for text in ASKED]).is_frame
    assert pool_of([frozenset(), frozenset(FOUND)]).mean == 0.0


def test_one_thing_written_anew_is_a_loop_whatever_its_version_is() -> None:
    """A receipt has a number of its own each time."""
    texts = (
        "Summary of the audit: twelve accounts, several old keys",
        "The audit in summary: several old keys, twelve accounts",
        "Twelve accounts and several old keys, says the audit summary",
        "Audit summary, twelve accounts in all, several keys are old",
        "Several keys of the twelve accounts are old: audit summary",
    )
    rows: list[Row] = [
        ("write_note", {"note": "audit", "text": text}, f"saved, version {70 + n * 5 % 7}, {9 + n % 2} words")
        for n, text in enumerate(texts)
    ]
    assert _patterns(rows) == {"rephrased"}
