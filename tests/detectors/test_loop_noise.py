"""Noise in results: the loop detector sees through ids, envelopes and numbers that go up and down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings, noise
from loopwatch_processor.detectors.loop.noise import Noise, differ_in_ids, values_in, without_values
from loopwatch_processor.step import Step
from tests.builders import Watch
from tests.detectors.loops.rows import Row, calls
from tests.helpers.test_envelope import protocol, response

IDS = ("9f41c2", "b07d3e", "41d78f", "fd6f92", "86c8bc", "0e8b1a", "c3d4e5", "7a1b2c")
SEALED = "volume damaged by water, nothing is legible"


def same_but_for_ids(one: str, other: str) -> bool:
    """Whether both texts are the same words and values, but for ids."""
    return without_values(one) == without_values(other) and differ_in_ids(values_in(one), values_in(other))


def noise_among(answers: Sequence[str]) -> Noise:
    """How *answers* to one call, in their order, differ."""
    if len(set(map(without_values, answers))) > 1:
        return Noise.NEWS
    return noise.noise_among([values_in(answer) for answer in answers])


def _repeated(answers: Iterable[str]) -> list[Step]:
    return calls([("read_page", {"year": 1800}, answer) for answer in answers])


def _knob(*looks: str) -> list[Step]:
    rows: list[Row] = []
    for at, look in enumerate(looks):
        rows += [("vent", {"open": 80 if at % 2 else 10}, f"ack {IDS[at]}"), ("climate", {}, look)]
    return calls(rows)


def _round(*readings: str) -> list[Step]:
    rows: list[Row] = []
    for reading in readings:
        rows += [("turn", {"by": "left"}, "turned"), ("scan", {"range": "far"}, reading)]
    return calls(rows)


def _sealed(answer: str, at: int) -> str:
    return f"{answer}\n---\n[box 12b5f49b] step {at}, wall {9 - at % 4}.5 s, peak {600 + at % 3 * 7} MB. {_NOTICE}"


_NOTICE = "Files outside of the workspace are not kept, and long outputs are cut."


def _below_a_footer(answers: Iterable[str], *others: Row) -> list[Step]:
    rows: list[Row] = [*others, *(("listing", {"folder": "inbox"}, answer) for answer in answers)]
    return calls([(tool, arguments, _sealed(str(said), at)) for at, (tool, arguments, said, *_) in enumerate(rows)])


_OTHERS: tuple[Row, ...] = (
    ("open", {"url": "a"}, "a page"),
    ("click", {"at": 3}, "a menu"),
    ("type", {"x": 1}, "typed"),
)


FIRES = {
    "an id of six digits in each answer": _repeated(f"{SEALED} (image {mark})" for mark in IDS),
    "a protocol around each answer": _repeated(protocol(SEALED, f"call-{at}") for at in range(4)),
    "an HTTP head before each answer": _repeated(response(SEALED, f"request {at}") for at in range(4)),
    "a knob that is set to and fro, and measurements that differ a little": _knob(
        "19.5 degrees, 48 %", "24.6 degrees, 73 %", "19.5 degrees, 47 %", "24.4 degrees, 72 %", "19.5 degrees, 48 %",
        "24.5 degrees, 73 %",
    ),
    "five rounds with a measurement that goes up and down": _round("wall at 31 cm", "wall at 33 cm", "wall at 30 cm",
        "wall at 32 cm", "wall at 31 cm"),
    "a footer with meters below each answer": _below_a_footer(["nothing new in it"] * 4, *_OTHERS),
    "a banner with another number in it, whatever is asked": calls([
        ("fetch", {"host": "shop.example", name: "wp-9"}, f"We and our {partners} partners process data. Accept all, "
         "settings or only what is necessary. With your consent we store information on your device and measure reach.")
        for name, partners in zip(("page", "path", "item", "q", "sku"), (758, 717, 798, 769, 716), strict=True)
    ]),
    "an ever wider window of a query that finds nothing": calls([
        ("run", {"sql": f"SELECT count(*) FROM refunds WHERE eur > 500 AND age <= {days}"}, "n: 0 of the rows")
        for days in (7, 14, 30, 60)
    ]),
}  # fmt: skip
SILENT = {
    "news above a footer with meters": _below_a_footer((f"{at} letters" for at in range(6)), *_OTHERS),
    "sums of test runs, which are no footer": calls([
        ("bash", {"command": command}, f"collected\n{failed} failed, {20 - failed} passed of 20 tests")
        for command, failed in (("t a", 1), ("t b", 2), ("t c", 3), ("t", 5), ("t", 4), ("t", 3), ("t", 2), ("t", 1))
    ]),
    "a price in one sentence each": calls([
        ("price", {"host": "shop.example", name: "wp-9"}, f"The price of what you asked us for is {eur} EUR today, "
         f"and {eur + 90} EUR more with the long guarantee.")
        for name, eur in zip(("page", "path", "item", "q", "sku"), (758, 717, 798, 769, 716), strict=True)
    ]),
    "a number that only grows": _repeated(f"page {at} of 40, image {mark}" for at, mark in enumerate(IDS)),
    "words that change": _repeated(f"lot {mark}: {who} leads" for mark, who in zip(IDS, "abcdefgh", strict=True)),
    "a colour that changes": _repeated(f"the button is #{mark}" for mark in IDS),
    "a measurement on duty": _repeated(f"{hertz} Hz" for hertz in (49.93, 50.06, 49.98, 50.02, 49.95, 50.01)),
    "versions that follow each other": _repeated(f"release {name} is out" for name in ("1.9", "2.0-rc1", "2.0", "2.1")),
    "a knob that gets nearer": _knob(
        "19.5 degrees", "24.6 degrees", "20.1 degrees", "23.9 degrees", "20.8 degrees", "23.1 degrees"
    ),
    "four rounds with a measurement": _round(
        "wall at 31 cm", "wall at 33 cm", "wall at 30 cm", "wall at 32 cm"
    ),
    "what is found is another thing each time": _round("a wall", "a door", "a chair", "a shelf", "a lamp"),
}  # fmt: skip


def _found(steps: list[Step]) -> bool:
    return bool(Watch(LoopDetector(LoopSettings())).feed(*steps))


@pytest.mark.parametrize("steps", FIRES.values(), ids=FIRES)
def test_noise_does_not_hide_a_loop(steps: list[Step]) -> None:
    """Answers that differ in nothing but ids, envelopes or a jumping number are no news."""
    assert _found(steps)


@pytest.mark.parametrize("steps", SILENT.values(), ids=SILENT)
def test_news_between_noise_are_seen(steps: list[Step]) -> None:
    """Another word, a value that moves one way and a measurement by itself are news."""
    assert not _found(steps)


@given(st.text())
def test_equal_texts_have_no_noise(text: str) -> None:
    """Whatever is said twice is the same."""
    assert same_but_for_ids(text, text)
    assert noise_among([text, text]) is Noise.NONE


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=8, unique=True))
def test_what_only_moves_one_way_is_news(values: list[int]) -> None:
    """Counted up or down, a number tells how far something has come; to and fro it tells nothing."""
    rising = [f"reached {value}" for value in sorted(values)]
    back_and_forth = [*rising, *rising[:1]]

    assert noise_among(rising) is noise_among(rising[::-1]) is Noise.NEWS
    assert noise_among(back_and_forth) is Noise.NUMBERS


@given(st.text(), st.text(), st.integers(0, 16**8 - 1), st.integers(0, 16**8 - 1))
def test_ids_of_one_length_are_no_difference(before: str, after: str, one: int, other: int) -> None:
    """Where everything else is equal, a hexadecimal number is an id wherever it stands, if it has a letter."""
    texts = [f"{before} <{mark:08x}> {after}" for mark in (one, other)]
    marks = [f"{mark:08x}" for mark in (one, other)]
    if all(any(map(str.isdigit, mark)) for mark in marks):
        assert same_but_for_ids(*texts) is (one == other or not all(map(str.isdecimal, marks)))


def test_a_time_that_falls_at_each_look_is_progress() -> None:
    """Times tell nothing by themselves, but what is left of one, and what was measured, grows less."""
    watch = Watch(LoopDetector(LoopSettings()))
    assert watch.feed(*_repeated(f"line 5 comes in {14 - at} min" for at in range(9))) == []


def test_a_time_that_goes_up_and_down_is_noise() -> None:
    """It says how long the answer took."""
    watch = Watch(LoopDetector(LoopSettings()))
    found = watch.feed(*_repeated(f"nothing found, took {took} ms" for took in (14, 17, 12, 13)))
    assert [item.pattern for item in found] == ["exact"]


def test_one_call_with_ever_other_numbers_is_a_look_at_what_changes() -> None:
    """Dice, sensors: numbers are noise only in rounds of several calls."""
    watch = Watch(LoopDetector(LoopSettings()))
    assert (
        watch.feed(*_repeated(f"the room has {degrees} degrees" for degrees in (7, 9, 8, 8, 9, 7, 7, 8, 6, 9, 7, 6)))
        == []
    )


def test_one_call_whose_answer_comes_and_goes_is_a_look_at_what_changes() -> None:
    """The same answers are scattered, but others of the same call lie between."""
    states = ("door shut", "door open", "door ajar", "door open", "door shut", "door ajar")
    watch = Watch(LoopDetector(LoopSettings()))
    assert watch.feed(*_repeated(states[at * 5 % 6] for at in range(9))) == []


def test_every_colour_in_every_size_is_a_list() -> None:
    """Words that keep to their places are a table that is gone through; in other places they are guesses."""
    answer = "Not in stock at present. Please choose another branch, or ask again tomorrow."
    rows: list[Row] = [
        ("stock", {"item": f"{colour} {cloth} shirt {size}"}, answer)
        for colour in ("red", "blue")
        for cloth in ("linen", "cotton")
        for size in ("small", "large")
    ]
    assert Watch(LoopDetector(LoopSettings())).feed(*calls(rows)) == []
