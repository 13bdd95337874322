"""A tool's arguments mean the same however they come: as an object, or as the text of one."""

from __future__ import annotations

import math
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.canonical import canonical
from loopwatch_processor.dialects.wrappers import arguments_of

_leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8)
_keys = st.text(alphabet="abcdé ", max_size=3)
_objects = st.dictionaries(_keys, st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(_keys, inner)))


@given(_objects)
def test_an_object_that_comes_again_means_what_it_meant(value: dict[str, Any]) -> None:
    """What is kept of objects that came before is what reading them anew gives."""
    assert [arguments_of(value) for _ in range(2)] == [canonical(value)] * 2


@given(_objects)
def test_an_object_and_its_text_are_the_same_arguments(value: dict[str, Any]) -> None:
    """An answer asks with an object for what the tool's own span has as text."""
    again = orjson.loads(orjson.dumps(value))

    assert arguments_of(orjson.dumps(value).decode()) == arguments_of(again)


def test_what_json_cannot_tell_apart_stays_apart() -> None:
    """JSON writes nothing, and a number that is infinite, as null."""
    assert [arguments_of({"limit": limit}) for limit in (None, math.inf)] == ['{"limit":null}', '{"limit":Infinity}']


def test_objects_that_json_has_no_words_for_are_read() -> None:
    """Bytes come in maps of attributes, and numbers of any size in Python literals."""
    assert [arguments_of({"x": x}) for x in (b"a", 2**70)] == ['{"x":"a"}', f'{{"x":{2**70}}}']
