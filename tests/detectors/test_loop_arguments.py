"""Texts in the arguments of tool calls, found without a parser where there is only one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopwatch.canonical import canonical
from loopwatch.effect import texts_of
from loopwatch_processor.detectors.loop.canonical_text import arguments_of, arguments_texts
from loopwatch_processor.step import ToolCall

_words = st.text(alphabet=':"{},x\\é ', max_size=6)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [('{"command":"ls -l"}', ["ls -l"]), ('{":":"x"}', ["x"]), ('{"":"x"}', ["x"]), ('{"::":":"}', [":"])],
)
def test_the_only_text_is_found_whatever_its_name(arguments: str, expected: list[str]) -> None:
    """A name of colons is no end of the name."""
    assert arguments_texts(ToolCall("tool", arguments=arguments)) == expected


@given(st.dictionaries(_words, _words, max_size=2))
@example({":": "x"})
def test_texts_are_those_that_a_parser_finds(given_arguments: dict[str, str]) -> None:
    """Of arguments in canonical form, with colons, quotes and braces in them."""
    tool = ToolCall("tool", arguments=canonical(given_arguments))
    assert arguments_texts(tool) == list(texts_of(arguments_of(tool)))
