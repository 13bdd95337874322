"""What is masked is the same whether or not a short cut was open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.volatile import is_moment, is_moment_or_id, steady
from loopwatch.words import text_words

PIECES = (
    *("2024-05-20T10:00:00Z", "10:00:00", "0x1f", "1700000000", "5 seconds", "7 left", "eyJhbGciOiJI", "deadbeef1"),
    *("01ARZ3NDEKTSV4RRFFQ69G5FAV", "12m3s", "1h2m", "pid: 5", "session id=7", "req_id:a9", "attempt 3", "took_ms"),
    *('"x_ms" : 9', "550e8400-e29b-41d4-a716-446655440000", "seq no 5", "\u0664s"),
)
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text('0123 abcdefzZ_-.:="/µé\n'))).map("".join)


@given(texts)
def test_nothing_volatile_is_passed_over(text: str) -> None:
    """Behind each text stands what opens every short cut, and the text itself is masked as it is alone."""
    assert steady(f"{text}4 ;;\n00:00:00 session") == steady(f"{text}4 ;;\n") + "~ session"


@given(texts, st.sampled_from(["", "Notes, tests; two TOOLS_ 4a "]))
def test_words_are_the_same_beside_letters_of_other_scripts(text: str, before: str) -> None:
    """A text of ASCII alone is taken apart in another way."""
    every = text_words(f"some other words {before}{text} ")
    assert text_words(f"some other words {before}{text} \u0416") == [*every, "\u0436"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-13 08:14:08.910",
        '"2026-05-13T08:14:08Z"',
        "08:14:08 UTC",
        "Wed May 13 08:14:08 CEST 2026",
        "Wed, 13 May 2026 08:14:08 +0000",
        "9f41c2d07e3a",
        "550e8400-e29b-41d4-a716-446655440000",
        "12.5 ms",
    ],
)
def test_a_time_or_an_id_alone_is_known(text: str) -> None:
    """As clocks, `date`, mail headers, version control and stop watches tell it."""
    assert is_moment_or_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "ready",
        "17",
        "May 13",
        "2026-05-13",
        "queued since 08:14:08",
        "08:14:08 3",
        "attempt 4",
        '{"id":"9f41c2d07e3a"}',
        "9f41c2d07e3a Mend the parser",
        "08:14:08 " * 40,
    ],
)
def test_what_says_more_than_a_time_or_an_id_is_not(text: str) -> None:
    """A word, a number or a name beside it is what it is about; a long table of times is data."""
    assert not is_moment_or_id(text)


@pytest.mark.parametrize(
    "text", ['"2026-05-13T08:14:08Z"', "Wed May 13 08:14:08 CEST 2026", "08:14:08", "1778659200.25", "1778659200123"]
)
def test_a_time_alone_is_known(text: str) -> None:
    """In words, as RFC 3339 has it, and counted since 1970."""
    assert is_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "9f41c2d07e3a",
        "550e8400-e29b-41d4-a716-446655440000",
        "1778659200123456789",
        "1234567890",
        "12.5 ms",
        "1h02m03s",
        "08:14:08 9f41c2d07e3a",
        "queued since 08:14:08",
    ],
)
def test_an_id_or_a_duration_is_no_time(text: str) -> None:
    """Nor is a time with an id beside it, as a receipt has, or with words."""
    assert not is_moment(text)
