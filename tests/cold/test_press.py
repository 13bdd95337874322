"""Compression learns from what it is given, and forgets what nobody needs."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.cold.press import PLAIN, Press
from loopwatch_processor.cold.unit import Member, dictionary_of, fits, head, rest_of, sessions_of, traces_of


def _text(number: int) -> bytes:
    rng = random.Random(number)
    words = " ".join(rng.choice(("alpha", "beta", "gamma", "delta", "epsilon")) for _ in range(50))
    return f"a session of the service checkout with the agent planner, number {number}: {words}".encode() * 2


def test_what_is_alike_takes_less_after_a_while() -> None:
    """A dictionary is learned from the first texts; those from before it are still expanded."""
    press = Press()
    pressed = [press.press(_text(number)) for number in range(400)]
    assert pressed[0][0] == PLAIN != pressed[-1][0]
    assert len(pressed[-1][1]) < len(pressed[0][1])
    assert [press.expand(*each) for each in pressed] == [_text(number) for number in range(400)]


def test_a_dictionary_that_no_text_is_left_of_goes() -> None:
    """However long it runs, there are no more dictionaries than are in use."""
    press = Press()
    held: list[tuple[int, bytes]] = []
    for number in range(5_000):
        held.append(press.press(_text(number)))
        if len(held) > 100:
            press.release(held.pop(0)[0])
    assert len(press._dictionaries) <= 3
    assert [press.expand(*each) for each in held] == [_text(number) for number in range(4_900, 5_000)]


def test_texts_that_tell_nothing_are_compressed_without() -> None:
    """Where nothing can be learned it goes on as before."""
    press = Press()
    pressed = [press.press(b"") for _ in range(300)]
    assert {number for number, _ in pressed} == {PLAIN}
    assert press.expand(*pressed[-1]) == b""


_members = st.lists(
    st.builds(Member, st.text(), st.floats(0, 2e9), st.integers(0, 65_535)),
    max_size=8,
    unique_by=lambda item: item.name,
)


@given(st.integers(0, 65_535), _members, _members, st.binary())
def test_a_head_tells_what_is_in_a_unit(number: int, sessions: list[Member], traces: list[Member], rest: bytes) -> None:
    """Any names, also those that look like ids and those that no text encoding knows."""
    traces = [*traces, Member("0123456789abcdef" * 2, 1.0, 3), Member("\ud800", 1.0)]
    unit = head(number, sessions, traces) + rest
    assert dictionary_of(unit) == number
    assert sessions_of(unit) == sessions
    assert traces_of(unit) == traces
    assert rest_of(unit) == rest


def test_no_head_has_room_for_a_huge_name() -> None:
    """An agent may call a session what it likes: that one is not packed."""
    assert fits("a" * 10_000)
    assert not fits("a" * 100_000)
