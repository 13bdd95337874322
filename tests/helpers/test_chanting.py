"""A text that says one piece of itself over and over."""

from hypothesis import given
from hypothesis import strategies as st

from loopwatch.chanting import repeats_in

SENTENCE = "I have done all that was asked for and will now mark the task as complete. "


def test_a_piece_that_comes_back_is_counted() -> None:
    """From its first place on, also behind an opening of other words."""
    assert repeats_in(SENTENCE * 12) == 12
    assert repeats_in("Here is what I did, one thing after the other, step by step. " + SENTENCE * 12) >= 11


def test_repeats_that_are_far_apart_do_not_count() -> None:
    """A refrain after every page of other text is no chant, unless so far is near enough."""
    pages = "".join(SENTENCE + " ".join(f"word{page}x{n}" for n in range(60)) + ". " for page in range(12))
    assert repeats_in(pages) <= 1
    assert repeats_in(pages, period_chars=10_000) == 12


def test_code_lists_and_tables_may_repeat_themselves() -> None:
    """They do so by nature."""
    assert repeats_in("```\n" + SENTENCE * 12 + "\n```") == 0
    assert repeats_in(f"- {SENTENCE}\n" * 12) == 0
    assert repeats_in(f"| {SENTENCE} | 1 |\n" * 12) == 0
    assert repeats_in(f"\n \n  12. {SENTENCE}\n" * 12) == 0
    assert repeats_in("~~~\n```\n" + SENTENCE * 12) == 0, "of a fence that is never closed"


def test_what_only_looks_like_a_list_counts() -> None:
    """A number without a dot or a bracket begins a sentence, and so does a sign within a line."""
    assert repeats_in(f"12 times {SENTENCE}\n" * 12) >= 11
    assert repeats_in(f"And - {SENTENCE}\n\n" * 12) >= 11


@given(st.text(max_size=600))
def test_any_text_can_be_read(text: str) -> None:
    """The count has a bound: no piece stands in a text more often than there are places."""
    assert 0 <= repeats_in(text) <= max(len(text), 1)
