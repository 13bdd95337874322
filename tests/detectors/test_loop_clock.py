"""Answers that are nothing but a time or an id: news of a clock or of the newest commit, and a receipt of a deed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from uuid import UUID

import pytest

from loopwatch.attributes import ToolSideEffect
from loopwatch_processor.finding import Severity
from loopwatch_processor.step import Step
from tests.builders import Watch
from tests.detectors.loops.rows import REPHRASED, Row, calls
from tests.detectors.loops.watching import patterns, watch
from tests.sketching import sketched_step

READ_WAYS = pytest.mark.parametrize("read", [lambda step: step, sketched_step], ids=["content", "sketched"])
Read = Callable[[Step], Step]


def _seen(rows: Iterable[Row], read: Read, **thresholds: object) -> Watch:
    seen = watch(**thresholds)
    seen.feed(*map(read, calls(rows)))
    return seen


def _id(number: int) -> str:
    return str(UUID(int=(0x9E3779B97F4A7C15F39CC0605CEDC835 * (number + 1)) % 2**128))


def _time(number: int) -> str:
    return f"2026-05-13T08:{14 + number // 30:02}:{number % 30 * 2:02}Z"


@READ_WAYS
@pytest.mark.parametrize("tool", ["pay", "charge", "order", "notify", "execute", "start_job", "pay_now", "notify_list"])
def test_a_deed_done_over_and_over_is_a_loop_whatever_its_receipts_are(tool: str, read: Read) -> None:
    """Nobody lists all verbs: without a name that reads, an id is a receipt, and the ninth call pages."""
    seen = _seen([(tool, {"job": "a"}, _id(n)) for n in range(9)], read)
    assert patterns(seen) == ["exact"]
    assert seen.findings[-1].severity is Severity.CRITICAL
    assert "9 times in a row with the same arguments" in seen.findings[-1].summary


@READ_WAYS
def test_questions_in_other_words_are_a_loop_though_each_answer_is_an_id(read: Read) -> None:
    """A clock is asked one thing: a search that brings an id each time is asked the same thing anew."""
    for queries in (REPHRASED, ("acme revenue report", "revenue report acme", "report acme revenue") * 2):
        seen = _seen([("get_document", {"query": query}, _id(n)) for n, query in enumerate(queries)], read)
        assert patterns(seen) == ["rephrased"]
        assert "re-phrased" in seen.findings[-1].summary


@READ_WAYS
def test_a_drifting_call_is_told_as_one(read: Read) -> None:
    """Not as one that was asked for an id."""
    rows: list[Row] = [("get_log", {"offset": 10 * n * n}, _id(n)) for n in range(8)]
    seen = _seen(rows, read)
    assert patterns(seen) == ["drifting"]
    assert "one drifting number" in seen.findings[-1].summary


@READ_WAYS
def test_three_calls_in_any_order_are_told_as_rounds(read: Read) -> None:
    """That each is answered with an id makes none of them a clock."""
    rows: list[Row] = [("get_lock", {"of": of}, _id(n)) for n, of in enumerate("abcacbbca")]
    seen = _seen(rows, read)
    assert patterns(seen) == ["rounds"]
    assert "in changing order" in seen.findings[-1].summary


@READ_WAYS
@pytest.mark.parametrize("tool", ["get_head", "headOf", "repo__latest_commit", "git.show_tip"])
def test_an_id_that_is_read_is_news(tool: str, read: Read) -> None:
    """Another commit at each look, in a row or between other calls."""
    looks: list[Row] = [(tool, {"branch": "main"}, _id(n)) for n in range(8)]
    between: list[Row] = [("read", {"path": f"f{n}"}, f"text {n}") for n in range(8)]
    assert _seen(looks, read).findings == []
    assert _seen([row for pair in zip(looks, between, strict=True) for row in pair], read).findings == []


@READ_WAYS
def test_arguments_that_write_make_a_receipt_of_an_id(read: Read) -> None:
    """Whatever the name begins with."""
    rows: list[Row] = [("list_item", {"action": "create", "of": "a"}, _id(n)) for n in range(4)]
    assert patterns(_seen(rows, read)) == ["exact"]


@READ_WAYS
def test_an_id_is_news_where_a_tool_is_declared_to_change_nothing(read: Read) -> None:
    """And a receipt where it is declared to change something, whatever its name says."""
    for tool, effect, found in (("oracle", ToolSideEffect.NONE, []), ("get_seat", ToolSideEffect.MUTATING, ["exact"])):
        seen = watch()
        for step in calls([(tool, {}, _id(n)) for n in range(8)]):
            assert step.tool is not None
            seen.feed(read(replace(step, tool=replace(step.tool, side_effect=effect))))
        assert patterns(seen) == found


@READ_WAYS
@pytest.mark.parametrize(("waiting_calls", "needed"), [(6, 12), (8, 16), (12, 24), (20, 32)])
def test_who_asks_a_clock_in_a_row_is_told_to_wait(waiting_calls: int, needed: int, read: Read) -> None:
    """After twice `waiting_calls`, or all that a window holds."""
    rows: list[Row] = [("now", {}, _time(n)) for n in range(needed)]
    assert _seen(rows[1:], read, waiting_calls=waiting_calls).findings == []
    seen = _seen(rows, read, waiting_calls=waiting_calls)
    assert patterns(seen) == ["exact"]
    assert f"asked {needed} times for no more than a time or an id" in seen.findings[-1].summary
    assert "a call that waits" in seen.findings[-1].summary


@READ_WAYS
def test_how_long_a_deed_took_is_no_time_of_day(read: Read) -> None:
    """A run that is made again and again, and brings nothing but how long it took, gets nowhere."""
    assert patterns(_seen([("bench", {"suite": "io"}, f"{3 + n / 8:.2f} s") for n in range(4)], read)) == ["exact"]
