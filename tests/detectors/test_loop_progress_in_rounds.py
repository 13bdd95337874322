"""Rounds, changes and questions that get nowhere, and those that look like them and do."""

from __future__ import annotations

from itertools import pairwise

from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.detectors.loop.pools import pool_of
from loopwatch_processor.step import ErrorInfo
from tests.builders import Watch, tool_step
from tests.detectors.loops.rows import Row, calls
from tests.detectors.test_loop_page import ASKED, FOUND, PAPERS

_IDS = ("q7f412", "q07d3e", "q1d78f", "qd6f92", "q6c8bc", "qe8b1a")


def _patterns(rows: list[Row]) -> set[str]:
    return {item.pattern for item in Watch(LoopDetector(LoopSettings())).feed(*calls(rows))}


def _batches(verdict: str, count: int = 6, source: str = "create_batch") -> list[Row]:
    rows: list[Row] = []
    for batch in _IDS[:count]:
        rows += [
            (source, {"till": "nine"}, f'{{"batch":"{batch}"}}'),
            ("stage", {"batch": batch}, "staged"),
            ("check", {"batch": batch}, verdict),
            ("drop", {"batch": batch}, "dropped"),
        ]
    return rows


def test_rounds_that_hand_on_an_id_and_fail_alike_are_a_cycle() -> None:
    """The same batch is made under a new name, and fails as before."""
    assert _patterns(_batches('{"valid":false,"rows":[17,203]}')) == {"cycle"}
    assert _patterns(_batches('{"valid":false,"rows":[17,203]}', count=4)) == set()


def test_rounds_that_hand_on_an_id_and_succeed_are_a_queue() -> None:
    """One item after the other is worked off."""
    assert _patterns(_batches('{"valid":true,"rows":[]}')) == set()


def test_a_queue_whose_items_are_all_bad_is_worked_off() -> None:
    """What is taken from a queue was there before, and its items may lack the same."""
    assert _patterns(_batches('{"valid":false,"missing":"VAT number"}', source="next_invoice")) == set()


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


def test_new_text_that_is_saved_in_equal_words_is_work() -> None:
    """Each round changes something new; to stage, to commit and the all-clear are what they always are."""
    rows: list[Row] = []
    for text in ("apple moved", "pear moved", "plum moved", "fig moved", "kiwi moved", "lime moved"):
        rows += [
            ("write_note", {"text": text}, "ok"),
            ("git_commit", {"m": "wip"}, "ok"),
            ("save_all", {}, "saved"),
            ("lint", {}, "no problems"),
        ]
    assert _patterns(rows) == set()


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


def test_answers_that_differ_in_their_figures_only_bring_something() -> None:
    """One sentence with another value each time is what was asked for."""
    frame = (
        "Metric {} for service {} on {}: value {}. The figures are drawn from the production monitoring warehouse, "
        "aggregated over one minute buckets, without synthetic probes, and exclude requests which were cancelled by "
        "clients before any upstream replied."
    )
    asked = {
        "average latency of the checkout service on monday": ("latency", "checkout", "monday", 231),
        "error rate of the checkout service on monday": ("errors", "checkout", "monday", 0.4),
        "average latency of the cart service on monday": ("latency", "cart", "monday", 119),
        "error rate of the cart service on tuesday": ("errors", "cart", "tuesday", 0.9),
        "latency of the checkout service on tuesday and errors": ("latency", "checkout", "tuesday", 287),
        "cart service tuesday latency average": ("latency", "cart", "tuesday", 133),
    }
    rows: list[Row] = [("ask", {"question": question}, frame.format(*told)) for question, told in asked.items()]
    assert _patterns(rows) == set()


def test_a_text_whose_score_grows_gets_better() -> None:
    """Its receipts differ in a fraction: a measure of what was done."""
    texts = (
        "Report: the north dam leaks slightly near gate two and the south dam is dry",
        "Report: the north dam leaks near gate two slightly, south dam is dry and clean",
        "Report: north dam leaks near gate two; the south dam is dry, clean and checked",
        "Report: the north dam leaks slightly near gate two; checked the south dam, dry and clean throughout",
        "Report: north dam leaks slightly near gates two and three; south dam checked, dry, clean",
    )
    rows: list[Row] = [
        ("write_report", {"text": text}, f"saved version {n}, 15 words, score 0.{n + 4}")
        for n, text in enumerate(texts, start=1)
    ]
    assert _patterns(rows) == set()


def test_a_share_of_a_whole_is_no_receipt() -> None:
    """The answer says that it is not done yet, and how far it is."""
    for said in ("{}% imported", "waiting, processed case {} of 400"):
        rows = [
            ("get_import", {"id": "imp-1"}, f'{{"ok":false,"message":"{said.format(n)}"}}')
            for n in (12, 29, 47, 66, 80)
        ]
        assert _patterns(rows) == set()
