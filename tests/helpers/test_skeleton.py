"""The skeleton of a call: numbers make no difference, and the things that they name do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.canonical import canonical_text, normalise
from loopwatch.skeleton import WALKED, Day, is_called, quantities, skeleton, walk_skeleton


def _skeleton(arguments: object) -> str:
    normal = normalise(arguments)
    return skeleton(canonical_text(normal), normal)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"offset": 10, "kind": "order"}, {"offset": 250, "kind": "order"}),
        ({"command": "head -c 5 /no/file"}, {"command": "head -c 17.5 /no/file"}),
        ("page 3", "page 12"),
        ({"seconds": 12345.5}, {"seconds": 0.25}),
        ({"command": "head -c 500 /no/file"}, {"command": "head -c 200000 /no/file"}),
        ({"command": "ls -l", "path": "d0"}, {"command": "ls -l", "path": "d1"}),
        ({"width": "8px"}, {"width": "12px"}),
    ],
)
def test_calls_that_differ_in_numbers_share_it(left: object, right: object) -> None:
    """Whole or not, in fields or in a text."""
    assert _skeleton(left) == _skeleton(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"id": 10}, {"id": 11}),
        ({"orderId": "A10", "lines": 3}, {"orderId": "A11", "lines": 3}),
        ({"row": 1}, {"row": 2}),
        ({"week": 1}, {"week": 2}),
        ({"record": "R-7", "amount": 3}, {"record": "R-8", "amount": 3}),
        ({"pass": 88120}, {"pass": 88121}),
        ({"command": "check --meter 28485"}, {"command": "check --meter 22394"}),
        ({"path": "a1.py"}, {"path": "b1.py"}),
        ({"offset": 10}, {"limit": 10}),
    ],
)
def test_calls_for_other_things_do_not(left: object, right: object) -> None:
    """A number that names an item is kept, and so is every word and field."""
    assert _skeleton(left) != _skeleton(right)


def test_without_numbers_it_is_the_call_itself() -> None:
    """So that nobody has to send it."""
    assert _skeleton({"path": "main.py"}) == '{"path":"main.py"}'


def _walk_skeleton(arguments: object) -> str:
    normal = normalise(arguments)
    return walk_skeleton(canonical_text(normal), normal)


@pytest.mark.parametrize(
    ("left", "right", "is_shared"),
    [
        ({"kind": "order", "page": 3}, {"kind": "order", "page": 12}, True),
        ({"spot": "a", "zoom": 8}, {"spot": "a", "zoom": 9}, True),
        ({"pattern": "x", "-C": 3}, {"pattern": "x", "-C": 30}, True),
        ({"command": "head -c 5 /no/file"}, {"command": "head -c 17 /no/file"}, True),
        ({"model": "a", "size": 38}, {"model": "a", "size": 39}, False),
        ({"seat": "a", "amount": 3}, {"seat": "a", "amount": 4}, False),
    ],
)
def test_a_walk_is_told_by_the_name_of_its_number(left: object, right: object, is_shared: bool) -> None:
    """An offset may move; of any other number nobody can say that it names no item."""
    assert (_walk_skeleton(left) == _walk_skeleton(right)) is is_shared


def test_a_name_has_its_words_in_any_spelling() -> None:
    """Snake case, camel case, and the last part of a path alone."""
    assert is_called("max_results.startAt", WALKED)
    assert is_called("query.page_no", WALKED)
    assert not is_called("page.size", WALKED)
    assert not is_called("restart", WALKED)


def test_a_date_is_one_number_and_a_bound_where_it_is_called_so() -> None:
    """Later is more, also by minutes; a date under another name than a bound's names a day."""
    first, later, day, count = quantities(
        '{"since":"2026-01-31","until":"2026-01-31T00:05:00Z","on":"2026-02-01","n":7.5}'
    )
    assert first < later < day
    assert [isinstance(found, Day) and found.is_bound for found in (first, later, day)] == [True, True, False]
    assert count == 7.5


@given(st.text(alphabet="since=until: 0123456789-T.\"'", max_size=60))
def test_any_text_has_its_numbers_read(text: str) -> None:
    """Whatever looks like half a date is read as numbers."""
    assert all(value >= 0 for value in quantities(text))
