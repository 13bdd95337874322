"""Lists that an emitter flattened into attribute names: `llm.input_messages.0.message.role`, `gen_ai.prompt.0.role`."""

from __future__ import annotations

from collections.abc import Mapping

from loopwatch_processor.attributes import Value, value_of
from loopwatch_processor.dialects.base import remember
from loopwatch_processor.otlp import Span

_MAX_INDEX_DIGITS = 9

Encoded = tuple[tuple[str, bytes], ...]
"""One item as it came: the rest of each name, and its value."""
_Layout = tuple[tuple[tuple[str, str], ...], ...]
"""For each item in order, the rest of each of its names and the name."""
_Names = frozenset[str] | tuple[str, ...]

_known: dict[tuple[str, _Names], _Layout] = {}
"""By prefix and names. Calls of one kind have the same names: where they are known it takes a tenth of the time."""


def items_of(span: Span, prefix: str) -> list[dict[str, Value]]:
    """The list under *prefix* ("gen_ai.prompt."): one mapping an item, of the rest of each name to its value."""
    return [{rest: span.get(name) for rest, name in item} for item in _layout_of(span.names, prefix)]


def encoded_items_of(span: Span, prefix: str) -> list[Encoded]:
    """The same with values that were not decoded yet."""
    values = span.encoded
    return [tuple([(rest, values[name]) for rest, name in item]) for item in _layout_of(span.names, prefix)]


def decoded(item: Encoded) -> dict[str, Value]:
    """An item of `items_of`."""
    return {rest: value_of(value) for rest, value in item}


def items(values: Mapping[str, Value], prefix: str) -> list[dict[str, Value]]:
    """The same for a list inside an item: "message.tool_calls."."""
    return [{rest: values[name] for rest, name in item} for item in _layout_of(tuple(values), prefix)]


def _layout_of(names: _Names, prefix: str) -> _Layout:
    layout = _known.get((prefix, names))
    if layout is None:
        layout = _layout(names, prefix)
        remember(_known, prefix, names, layout)
    return layout


def _layout(names: _Names, prefix: str) -> _Layout:
    found: dict[int, dict[str, str]] = {}
    for name in names:
        if name.startswith(prefix):
            index, _, rest = name[len(prefix) :].partition(".")
            if index.isdecimal() and len(index) <= _MAX_INDEX_DIGITS:
                found.setdefault(int(index), {})[rest] = name
    return tuple([tuple(sorted(found[index].items())) for index in sorted(found)])
