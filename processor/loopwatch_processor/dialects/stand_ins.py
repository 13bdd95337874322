"""Texts, arguments and results that left their process through `loopwatch.SketchingExporter`: hash and sketch.

A text becomes another one in signs that no user writes. Its words are the marks of the sketch, so comparing the words
of two such texts estimates what comparing the texts would have told. Its head is the hash, in signs that are no words.
"""

from __future__ import annotations

from typing import Any

from loopwatch.sketch_layout import Layout, decode
from loopwatch.stand_in import STAND_IN_HASH, StandIn, read_stand_in
from loopwatch_processor.dialects.reading import shortened
from loopwatch_processor.dialects.wrappers import arguments_of
from loopwatch_processor.step import ToolCall, ToolResult

_HASH_SIGNS = str.maketrans("0123456789abcdef", "!#$%&*+-./:;<=>?")
_WORD_SIGNS = "bcdfghjklmnpqrtv"
"""No vowels and no final s: such a word is neither a stop word nor a plural."""
_BIN = 0x8000
_PIECE = "".join(map(chr, range(0x2200, 0x2232)))
"""What stands for a piece of text that says itself over and over: 50 different signs, none of them in a word."""


def tool_call(name: str, call_id: str, said: Any) -> ToolCall:
    """A call inside a message; *said* are its arguments, or what stands in for them."""
    name, stand_in = shortened(name), read_stand_in(said)
    if stand_in is None:
        return ToolCall(name, call_id, arguments_of(said))
    return ToolCall(
        name,
        call_id,
        arguments_hash=stand_in.hash,
        arguments_sketch=stand_in.sketch,
        arguments_class=stand_in.kind,
        arguments_skeleton=stand_in.skeleton,
        arguments_names=stand_in.names,
        arguments_effect=stand_in.effect,
    )


def sketched_result(call_id: str, said: Any, name: str) -> ToolResult | None:
    """A result inside a message for which a stand-in was sent, alone or as the only block; None for any other."""
    if isinstance(said, str) and STAND_IN_HASH not in said:  # as nearly all results are
        return None
    only = said[0] if isinstance(said, list) and len(said) == 1 else said
    text = only.get("text", only.get("content")) if isinstance(only, dict) else only
    stand_in = read_stand_in(only) or (read_stand_in(text) if text is not only else None)
    if stand_in is None:
        return None
    return ToolResult(call_id, "", name, stand_in.hash, stand_in.sketch, stand_in.kind)


def text_of(said: Any) -> str:
    """A text inside a message as it is, and one that became a stand-in as marks that can be compared like words."""
    if isinstance(said, str) and said[:1] != "{":
        return said
    stand_in = read_stand_in(said)
    return str(said) if stand_in is None else _marked(stand_in)


def _marked(stand_in: StandIn) -> str:
    layout = decode(stand_in.sketch)
    marks = _marks(layout) if layout is not None else ()
    return " ".join((*[_PIECE] * stand_in.repeats, stand_in.hash.lower().translate(_HASH_SIGNS), *map(_word, marks)))


def _marks(layout: Layout) -> list[int]:
    if layout.bins is None:
        return list(layout.words)
    values, found = layout.bins.values, []
    for place in range(-(-values.bit_length() // 4)):
        value = values >> 4 * place & 0xF
        if value:
            found.append(_BIN | place << 4 | value)
    return found


def _word(mark: int) -> str:
    return "".join(_WORD_SIGNS[mark >> shift & 0xF] for shift in (12, 8, 4, 0))
