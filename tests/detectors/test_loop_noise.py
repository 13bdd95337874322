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
from tests.detectors.loop_cases import Row, calls
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
}  # fmt: skip
SILENT = {
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
    """Where everything else is equal, a hexadecimal number with a letter in it is an id wherever it stands."""
    texts = [f"{before} <{mark:08x}> {after}" for mark in (one, other)]
    is_id = one == other or not all(f"{mark:08x}".isdecimal() for mark in (one, other))
    if all(any(map(str.isdigit, f"{mark:08x}")) for mark in (one, other)):
        assert same_but_for_ids(*texts) is is_id
