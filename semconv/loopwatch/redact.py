"""Messages without their content: roles, ids and tool names stay, every text becomes a stand-in.

A stand-in is ``{"loopwatch.hash": …, "loopwatch.sketch": …}``, with more for tool arguments (:mod:`.stand_in`),
so that a reader finds the calls of a message where it would have found them. Nothing survives that is not listed here.
"""

import ast
import json
import re
import warnings
from typing import Any, Final

from loopwatch.chanting import repeats_in
from loopwatch.results import canonical_result
from loopwatch.sketch import Sketcher
from loopwatch.stand_in import (
    REPEATS_MAX,
    STAND_IN_HASH,
    STAND_IN_REPEATS,
    STAND_IN_SKETCH,
    stand_in_for_arguments,
    stand_in_for_result,
)
from loopwatch.unwrap import unwrap_arguments

_ROLES: Final = frozenset({"assistant", "user", "system", "developer", "tool", "function", "model", "human", "ai"})
_TOOL_KINDS: Final = frozenset(
    {
        "tool",
        "function",
        "tool_call",
        "tool-call",
        "tool_use",
        "function_call",
        "tool_call_response",
        "tool_result",
        "tool-result",
        "function_call_output",
    }
)
_TEXT_KINDS: Final = frozenset({"text", "output_text", "input_text", "message", "refusal", "reasoning", "thinking"})
_FILE_KINDS: Final = frozenset({"image", "image_url", "file", "blob", "uri", "compaction"})
_LABELS: Final = {"role": _ROLES, "type": _TOOL_KINDS | _TEXT_KINDS | _FILE_KINDS | {"human", "ai", "system"}}
_REASON: Final = re.compile(r"[a-zA-Z_\-]{1,32}")
_WORDS: Final = {
    "finish_reason": _REASON,
    "finishReason": _REASON,
    "stop_reason": _REASON,
    "event.name": re.compile(r"gen_ai\.[a-z_.]{1,32}"),
}
_ID: Final = re.compile(r"[\w.:\-]{1,128}")
_RESPONSE_MARKS: Final = frozenset(
    {"usage", "token_usage", "usage_metadata", "usageMetadata", "choices", "stop_reason", "finish_reason"}
)
_RESPONSE_LABELS: Final = frozenset({"id", "model", "model_name", "model_version", "modelVersion"})
"""Of a whole response, which one of its marks tells: two instrumentations of one call are known by its id."""
_LANGCHAIN_MESSAGES: Final = frozenset(
    f"{kind}Message{part}" for kind in ("AI", "Human", "System", "Tool", "Function", "Chat") for part in ("", "Chunk")
)
_CALL_IDS: Final = frozenset({"tool_call_id", "toolCallId", "tool_use_id", "toolUseId", "call_id"})
_TOOL_LABELS: Final = frozenset({"id", "name", "toolName"})
_ARGUMENTS: Final = frozenset({"arguments", "args"})
_TEXTS: Final = frozenset({"text", "content", "response", "result", "reasoning", "thinking", "output", "refusal"})
_NESTED: Final = frozenset(
    {
        "parts",
        "content",
        "contents",
        "messages",
        "message",
        "choices",
        "output",
        "outputs",
        "inputs",
        "input",
        "tool_calls",
        "toolCalls",
        "tool_call",
        "toolUse",
        "toolResult",
        "function",
        "function_call",
        "functionCall",
        "functionResponse",
        "kwargs",
        "additional_kwargs",
        "response_metadata",
        "data",
        "generations",
        "delta",
    }
)
_MAX_DEPTH: Final = 16
_FEW_REPEATS: Final = 3
_CHANT_MAX_CHARS: Final = 2_000
"""As much as a reader keeps of an answer where content is captured."""
_LITERALS: Final = ("[{", "{'")
_LITERAL_MAX_CHARS: Final = 65_536


class Redactor:
    """Redacts under one sketcher."""

    def __init__(self, sketcher: Sketcher) -> None:
        self._sketcher = sketcher

    def messages(self, value: object) -> str:
        """Return JSON text for *value*: its message structure without content, or one stand-in; "" for a blank text."""
        found = _read(value)
        kept = (self._structure(found, 0) if isinstance(found, (dict, list)) else None) or self.text(found)
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else ""

    def text(self, value: object) -> dict[str, Any] | str:
        """Return the stand-in of a text; "" for a blank one, which says nothing."""
        text = canonical_result(value)
        if not text:
            return ""
        kept: dict[str, Any] = {STAND_IN_HASH: self._sketcher.hash(text), STAND_IN_SKETCH: self._sketcher.sketch(text)}
        repeats = repeats_in(value[:_CHANT_MAX_CHARS]) if isinstance(value, str) else 0
        return {**kept, STAND_IN_REPEATS: min(repeats, REPEATS_MAX)} if repeats >= _FEW_REPEATS else kept

    def result(self, value: object) -> dict[str, str]:
        """Return the stand-in of a tool's result."""
        return stand_in_for_result(self._sketcher.result(value))

    def arguments(self, value: object) -> dict[str, str]:
        """Return the stand-in of tool arguments."""
        fingerprint = self._sketcher.fingerprint(unwrap_arguments(value))
        return {} if fingerprint is None else stand_in_for_arguments(fingerprint)

    def call_arguments(self, value: object) -> str:
        """Return JSON text with the stand-in of tool arguments."""
        return json.dumps(self.arguments(value), separators=(",", ":"))

    def _structure(self, found: Any, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            return None
        if isinstance(found, list):
            items = (self._structure(item, depth + 1) for item in found if isinstance(item, (dict, list)))
            return [item for item in items if item]
        return self._fields(found, depth) if isinstance(found, dict) else None

    def _fields(self, found: dict[str, Any], depth: int) -> dict[str, Any]:
        is_tool = _is_tool_part(found)
        labels = _labels_of(found, is_tool=is_tool)
        kept: dict[str, Any] = {}
        for name, value in found.items():
            new = _kept_label(name, value, labels) or self._stand_in(name, value, depth, is_tool=is_tool)
            if new:
                kept[name] = new
        return kept

    def _stand_in(self, name: str, value: Any, depth: int, *, is_tool: bool) -> Any:
        if name in _ARGUMENTS or (name == "input" and is_tool):
            return self.arguments(value)
        swap = self.result if is_tool else self.text
        if name in _NESTED and isinstance(value, (dict, list)):
            return self._structure(value, depth + 1) or (swap(value) if value else None)
        return swap(value) if name in _TEXTS and value not in (None, "", []) else None


def _is_tool_part(found: dict[str, Any]) -> bool:
    """Say whether a part of a message is a tool's call or answer: only these keep a name and an id."""
    kinds = {found.get("type"), found.get("role")} if _are_texts(found.get("type"), found.get("role")) else set()
    return bool(kinds & _TOOL_KINDS or found.keys() & _ARGUMENTS or found.keys() & _CALL_IDS)


def _are_texts(*values: object) -> bool:
    return all(value is None or isinstance(value, str) for value in values)


def _labels_of(found: dict[str, Any], *, is_tool: bool) -> frozenset[str]:
    """Return which of the names that may hold anything are labels here."""
    if is_tool:
        return _TOOL_LABELS
    return _RESPONSE_LABELS if found.keys() & _RESPONSE_MARKS else frozenset()


def _kept_label(name: str, value: Any, labels: frozenset[str]) -> str | list[str] | None:
    if name == "id" and isinstance(value, list):
        return [kind for kind in value[-1:] if isinstance(kind, str) and kind in _LANGCHAIN_MESSAGES]
    if not isinstance(value, str):
        return None
    if name in _LABELS:
        return value if value in _LABELS[name] else None
    if name in _WORDS:
        return value if _WORDS[name].fullmatch(value) else None
    if name in _CALL_IDS or name in labels:
        return value if _ID.fullmatch(value) else None
    return None


def _read(value: object) -> Any:
    """Decode a whole attribute, also when it was encoded twice, and never the JSON of a text inside."""
    for _ in range(2):
        if isinstance(value, str):
            value = _decoded(value)
    return list(value) if isinstance(value, tuple) else value


def _decoded(text: str) -> Any:
    """Decode JSON, or a Python literal, which LiteLLM writes instead; other text stays as it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if text[:2] not in _LITERALS or len(text) > _LITERAL_MAX_CHARS:
        return text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a backslash in the user's text may be an invalid escape
            return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
