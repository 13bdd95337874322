"""Tables that fit a terminal: no row wraps, what identifies a row stays, and nothing in a cell is obeyed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from loopwatch_processor.cli.columns import Column, rows
from loopwatch_processor.cli.harmless import harmless

KEYS = ["conversation-2026-07-31-tenant-a-0001", "conversation-2026-07-31-tenant-a-0002"]


def table(width: int, keys: list[str] = KEYS) -> list[str]:
    columns = [
        Column("session", keys, gives_way=True, keeps_end=True),
        Column("agent", ["researcher"] * len(keys), gives_way=True, dispensable=1),
        Column("steps", ["7"] * len(keys), is_number=True, dispensable=2),
        Column("ended", ["completed"] * len(keys)),
    ]
    return [line.plain for line in rows(columns, width)]


def test_a_wide_terminal_shows_keys_in_full() -> None:
    """Nothing is cut where there is room."""
    assert table(120)[1] == f"{KEYS[0]}  researcher     7  completed"


def test_a_cut_key_keeps_the_end_that_tells_it_from_others() -> None:
    """Keys that begin alike do not look alike."""
    _, first, second = table(50)
    assert "…" in first
    assert first != second


def test_a_narrow_terminal_loses_columns_and_not_the_shape_of_rows() -> None:
    """The least important go, in the titles as in the rows."""
    titles, first, _ = table(40)
    assert titles.split() == ["session", "agent", "ended"]
    assert first.split()[1:] == ["researcher", "completed"]


@given(st.integers(1, 200), st.lists(st.text(max_size=100), min_size=1, max_size=4))
def test_no_row_is_wider_than_the_terminal(width: int, keys: list[str]) -> None:
    """Whatever the senders of spans call things, of wide characters or none."""
    assert all(cell_len(line) <= width for line in table(width, keys))
    assert len(table(width, keys)) == len(keys) + 1


@given(st.text())
def test_harmless_text_is_one_line_of_printable_characters(text: str) -> None:
    """Neither escape sequences nor line breaks nor marks that turn the writing direction are left."""
    assert harmless(text).isprintable()
    assert len(harmless(text)) == len(text)


def test_harmless_text_keeps_what_people_write() -> None:
    """Letters of all scripts are no danger."""
    assert harmless("Köln 東京 ✓") == "Köln 東京 ✓"
