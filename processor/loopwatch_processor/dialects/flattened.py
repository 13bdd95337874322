"""Lists that an emitter flattened into attribute names: `llm.input_messages.0.message.role`, `gen_ai.prompt.0.role`."""

from __future__ import annotations

from collections.abc import Mapping

from loopwatch_processor.attributes import Value
from loopwatch_processor.otlp import Span

_MAX_INDEX_DIGITS = 9


def items_of(span: Span, prefix: str) -> list[dict[str, Value]]:
    """The list under *prefix* ("gen_ai.prompt."): one mapping an item, of the rest of each name to its value."""
    keys = span.names
    return items({key: span.get(key) for key in keys if key.startswith(prefix)}, prefix)


def items(values: Mapping[str, Value], prefix: str) -> list[dict[str, Value]]:
    """The same for a list inside an item: "message.tool_calls."."""
    found: dict[int, dict[str, Value]] = {}
    for key, value in values.items():
        if key.startswith(prefix):
            index, _, rest = key[len(prefix) :].partition(".")
            if index.isdecimal() and len(index) <= _MAX_INDEX_DIGITS:
                found.setdefault(int(index), {})[rest] = value
    return [found[index] for index in sorted(found)]
