"""Tool arguments and results, with the wrappers taken off that instrumentations put around them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from loopwatch.canonical import canonical
from loopwatch_processor.attributes import Value
from loopwatch_processor.conversation import TEXT_MAX_CHARS
from loopwatch_processor.dialects.literals import literal
from loopwatch_processor.dialects.reading import parsed

RESULT_MAX_CHARS = TEXT_MAX_CHARS
_SPLIT_KEYS = frozenset({"args", "kwargs", "sanitize_inputs_outputs"})


def arguments_of(value: Value) -> str | None:
    """Tool arguments in canonical form, with the wrappers that instrumentations put around them taken off.

    None where nothing was captured: unknown, never equal. The wrappers are those of dialect-recordings: `inputs`
    beside `input_str`, `kwargs` (beside empty `args`), `{tool_name, arguments}`, JSON in JSON, a bare string.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return _known_arguments(value) if len(value) <= _KNOWN_MAX_CHARS else _arguments(value)
    return _arguments_in(value) if isinstance(value, dict) else _arguments(value)


def _arguments(value: Value) -> str:
    content = parsed(value)
    for _ in range(3):
        inner = _unwrapped(content)
        if inner is content:
            break
        content = parsed(inner)
    return canonical(content)


_KNOWN_MAX_CHARS = 1_024
_KNOWN_MAX_OBJECTS = 2_048
_known_arguments = lru_cache(maxsize=_KNOWN_MAX_OBJECTS)(_arguments)
"""The answer that asks for a call, the call's own span and every later history have the same text."""
_known_objects: dict[bytes, str] = {}


def _arguments_in(value: dict[str, Any]) -> str:
    """Most objects come again with each history: to write them down takes a tenth of reading them."""
    try:
        written = orjson.dumps(value)
    except (TypeError, RecursionError):  # what JSON has no room for
        return _arguments(value)
    if b"null" in written:  # or a number that is infinite
        return _arguments(value)
    known = _known_objects.get(written)
    if known is None:
        known = _arguments(value)
        if len(written) <= _KNOWN_MAX_CHARS:
            if len(_known_objects) >= _KNOWN_MAX_OBJECTS:
                _known_objects.clear()
            _known_objects[written] = known
    return known


def _unwrapped(content: Any) -> Any:
    if isinstance(content, str):
        return literal(content) if content[:1] == "{" else content
    if not isinstance(content, dict):
        return content
    if "input_str" in content:
        return content.get("inputs") or content["input_str"]
    if "kwargs" in content and isinstance(content["kwargs"], dict) and content.keys() <= _SPLIT_KEYS:
        return {**content["kwargs"], "args": content["args"]} if content.get("args") else content["kwargs"]
    if len(content) == 2 and "arguments" in content and ("tool_name" in content or "name" in content):
        return content["arguments"]
    return content


_RESULT_PATHS = (
    ("output", "kwargs", "content"),
    ("output", "content"),
    ("data", "content"),
    ("kwargs", "content"),
    ("content",),
    ("result",),
    ("blocks",),
    ("text",),
)
_RESULT_KEYS = frozenset({"type", *(path[0] for path in _RESULT_PATHS)})
"""Without one of which there is no wrapper."""
_WRAPPER_MARKS = frozenset({"lc", "type", "tool_call_id", "status", "raw_output"})


def result_of(value: Value) -> str | None:
    """A tool's result as plain text with its wrappers taken off, capped; None where it was not captured."""
    if value is None:
        return None
    content = _result(parsed(value))
    if isinstance(content, str):
        return content[:RESULT_MAX_CHARS]
    try:
        return orjson.dumps(content, default=str).decode("utf-8", "replace")[:RESULT_MAX_CHARS]
    except (TypeError, RecursionError):  # nested deeper than orjson writes, or a number that JSON has no room for
        return str(content)[:RESULT_MAX_CHARS]


def _result(content: Any) -> Any:
    for _ in range(4):
        inner = _inside(content)
        if inner is content:
            break
        content = parsed(inner)
    return content


def _inside(content: Any) -> Any:
    if isinstance(content, list) and content and all(_is_text(item) for item in content):
        return "".join(str(item.get("text", item.get("content"))) for item in content)
    if not isinstance(content, dict) or _RESULT_KEYS.isdisjoint(content):
        return content
    if len(content) == 2 and "type" in content and "value" in content:
        return content["value"]
    for path in _RESULT_PATHS:
        # A result's own field is no wrapper: only a lone key, or one beside a wrapper's mark, is.
        if len(path) == 1 and len(content) > 1 and _WRAPPER_MARKS.isdisjoint(content):
            continue
        inner: Any = content
        for key in path:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if inner is not None:
            return inner
    return content


def _is_text(item: Any) -> bool:
    return isinstance(item, dict) and ("text" in item or (item.get("type") == "text" and "content" in item))
