"""Few names are a tuple, many a mapping."""

from __future__ import annotations

from loopwatch_processor.names import FEW, Names, names_of, with_name


def test_names_are_in_order_however_many() -> None:
    """Few take little memory, many are not looked through."""
    names: Names = ()
    for number in range(FEW):
        names = with_name(names, f"n{number}", 40)
    assert names == tuple(f"n{number}" for number in range(FEW))

    for number in range(FEW, 40):
        names = with_name(names, f"n{number}", 40)
    assert isinstance(names, dict)
    assert list(names) == [f"n{number}" for number in range(40)]


def test_the_first_name_goes_for_one_too_many() -> None:
    """Whether they are few or many."""
    for most in (1, 3, FEW, FEW + 1, 40):
        names: Names = ()
        for number in range(100):
            names = with_name(names, f"n{number}", most)
        assert list(names) == [f"n{number}" for number in range(100 - most, 100)]


def test_names_that_were_written_down_are_again_what_they_were() -> None:
    """As many as fit in a tuple are one, and more a mapping in the same order."""
    few, many = [f"n{number}" for number in range(FEW)], [f"n{number}" for number in range(FEW + 1)]
    assert names_of(few) == tuple(few)
    assert isinstance(names_of(many), dict)
    assert list(names_of(many)) == many
