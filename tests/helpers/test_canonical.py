"""Canonical arguments: every spelling of one call is one text, and nothing else is."""

import dataclasses
import enum
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.canonical import CANONICAL_MAX_BYTES, ArgumentClass, argument_class, canonical, json_text, normalise

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"n": 1.0}, {"n": 1}),
        ({"q": "two  words\n"}, {"q": "two words"}),
        ({"body": '{"x": [1.0, 2]}'}, {"body": {"x": [1, 2]}}),
        ('{"q": "a"}', {"q": "a"}),
        (json.dumps(json.dumps({"q": "a"})), {"q": "a"}),
        (b'{"q": "a"}', {"q": "a"}),
        ({"t": (1, 2)}, {"t": [1, 2]}),
        ({"s": {2, 1}}, {"s": [1, 2]}),
        ({1: "x"}, {"1": "x"}),
        ({"z": -0.0}, {"z": 0}),
    ],
)
def test_spellings_of_one_call_are_one_text(left: object, right: object) -> None:
    """Order, white space, number form, container type and encoding are not part of a call."""
    assert canonical(left) == canonical(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"n": 1}, {"n": "1"}),
        ({"n": 1}, {"n": True}),
        ({"n": 1.5}, {"n": 1}),
        ({"l": [1, 2]}, {"l": [2, 1]}),
        ({"q": None}, {}),
        ({"q": "A"}, {"q": "a"}),
    ],
)
def test_different_calls_stay_different(left: object, right: object) -> None:
    """What may change the outcome of a call is kept."""
    assert canonical(left) != canonical(right)


def test_long_texts_are_capped_and_still_differ_by_their_end() -> None:
    """Two long file contents that share 4 KiB are not the same call."""
    long = "x" * 10_000
    longest = "é" * 200_000

    assert len(canonical({"text": long}).encode()) <= CANONICAL_MAX_BYTES
    assert len(canonical(longest).encode()) <= CANONICAL_MAX_BYTES
    assert canonical({"text": long}) != canonical({"text": long + "y"})
    assert canonical(longest) != canonical(longest + "y")


@given(JSON)
def test_canonical_form_is_stable(value: Any) -> None:
    """Canonical text is bounded, encodable, and canonicalising it again changes nothing."""
    once = canonical(value)

    assert len(once.encode()) <= CANONICAL_MAX_BYTES
    assert canonical(value) == once
    if isinstance(value, (dict, list)) and "…" not in once:
        assert canonical(once) == once


class _Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class _Query:
    text: str
    colour: _Colour


class _Hostile:
    def __str__(self) -> str:
        raise RuntimeError("never call me")


def test_objects_are_read_and_never_raise() -> None:
    """Dataclasses and enums are read by value, addresses are not part of a call, a hostile object is its type."""
    recursive: list[Any] = []
    recursive.append(recursive)

    assert canonical(_Query("a", _Colour.RED)) == canonical({"text": "a", "colour": "red"})
    assert canonical({"o": object()}) == canonical({"o": object()})
    assert canonical(_Hostile()) == "<_Hostile>"
    assert canonical(recursive)
    assert canonical("[" * 100_000)
    assert canonical(10**5000)
    assert canonical({"n": float("nan"), "i": float("inf")})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (None, ArgumentClass.UNKNOWN),
        ({}, ArgumentClass.EMPTY),
        ("", ArgumentClass.EMPTY),
        ([], ArgumentClass.EMPTY),
        ({"query": "annual revenue of the company"}, ArgumentClass.PROSE),
        ("annual revenue of the company", ArgumentClass.PROSE),
        ({"path": "src/main.py", "offset": 10}, ArgumentClass.STRUCTURED),
        ({"url": "https://example.com/a?b=c&d=e"}, ArgumentClass.STRUCTURED),
        ({"command": "ls"}, ArgumentClass.CODE),
        ({"bashScript": "ls"}, ArgumentClass.CODE),
        ({"sql": "select 1"}, ArgumentClass.CODE),
        ("cat a.txt | grep -v x > /tmp/y", ArgumentClass.CODE),
        ({"text": "def f(x):\n    return {x: [1]}"}, ArgumentClass.CODE),
        ({"options": "one two --three"}, ArgumentClass.STRUCTURED),
    ],
)
def test_arguments_have_a_class(arguments: object, expected: ArgumentClass) -> None:
    """Prose is compared by words, structure by fields, code by equality; what is missing is unknown."""
    assert argument_class(arguments) is expected


@given(JSON | st.dictionaries(st.text(max_size=6), st.text(max_size=12), max_size=4))
def test_arguments_are_written_as_json_writes_them(arguments: Any) -> None:
    """Also where they are texts alone, which are written without the encoder: hashes of both sides must be the same."""
    normal = normalise(arguments)
    expected = json.dumps(normal, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert json_text(normal) == (normal if isinstance(normal, str) else expected)
