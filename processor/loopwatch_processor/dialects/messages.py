"""Messages of a model call → `Conversation`: requested tool calls, returned results, and the keys of its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loopwatch.stand_in import STAND_IN_HASH, read_stand_in
from loopwatch_processor.conversation import Message, Transcript
from loopwatch_processor.dialects import histories
from loopwatch_processor.dialects.reading import parsed
from loopwatch_processor.dialects.stand_ins import sketched_result, text_of, tool_call
from loopwatch_processor.dialects.wrappers import result_of
from loopwatch_processor.step import Conversation, ToolCall, ToolResult

__all__ = ["Message", "conversation", "from_json", "listed", "told"]


def conversation(inputs: Sequence[Message], outputs: Sequence[Message]) -> Conversation | None:
    """What the messages of one model call tell; None where nothing was captured."""
    if not inputs and not outputs:
        return None
    transcript = Transcript()
    transcript.take(inputs, outputs)
    return transcript.conversation()


def told(inputs: Any, outputs: Sequence[Message], read: histories.Reader) -> Conversation | None:
    """The same for *inputs* that *read* makes messages of, from JSON or from its text."""
    transcript = None
    if isinstance(inputs, str):
        transcript = histories.heard(inputs, read)
    elif isinstance(inputs, list) and len(inputs) >= histories.WORTH_ITEMS and all(map(_is_dict, inputs)):
        transcript = histories.listed(inputs, read)
    if transcript is None:
        return conversation(read(inputs), outputs)
    transcript.take((), outputs)
    return transcript.conversation()


def _is_dict(item: Any) -> bool:
    return isinstance(item, dict)


def listed(items: Sequence[Any], outputs: Sequence[Message], read: histories.Reader) -> Conversation | None:
    """The same for *items*, each of which *read* makes messages of by itself."""
    if len(items) < histories.WORTH_ITEMS:
        return conversation(read(items), outputs)
    transcript = histories.listed(items, read)
    transcript.take((), outputs)
    return transcript.conversation()


def from_json(value: Any) -> list[Message]:
    """Messages from JSON of any of the common shapes: GenAI parts, OpenAI chat, Anthropic blocks, Gemini parts."""
    content = parsed(value)
    if isinstance(content, dict):
        content = text_of(content) if read_stand_in(content) else content.get("messages", [content])
    if isinstance(content, str):
        # JSON that does not parse was cut off by its emitter: no message, rather than a wrong one.
        return [] if content[:2] in ("[{", '{"') else [Message("user", content)]
    return [_message(item) for item in content if isinstance(item, dict)] if isinstance(content, list) else []


def _message(item: dict[str, Any]) -> Message:
    parts = item.get("parts")
    body = parts if isinstance(parts, list) else item.get("content")
    role = str(item.get("role") or "")
    role = _ROLES.get(role, role)
    if isinstance(body, str) and role != "tool" and not item.get("tool_calls") and item.get("function_call") is None:
        return Message(role, text_of(body))  # as most are
    return _composed(item, role, body)


def _composed(item: dict[str, Any], role: str, body: Any) -> Message:
    texts: list[str] = []
    calls: list[ToolCall] = []
    results: list[ToolResult] = []
    if isinstance(body, list):
        for block in body:
            if isinstance(block, dict):
                _block(block, texts, calls, results)
            elif isinstance(block, str):
                texts.append(text_of(block))
    elif isinstance(body, str):
        texts.append(text_of(body))
    elif isinstance(body, dict):
        _block(body, texts, calls, results)
    listed = item.get("tool_calls")
    if isinstance(listed, list):
        calls.extend([_tool_call(call) for call in listed])
    if isinstance(legacy := item.get("function_call"), dict):
        calls.append(_tool_call(legacy))
    if role == "tool" and not results:
        call_id = str(item.get("tool_call_id") or item.get("id") or "")
        name = str(item.get("name") or "")
        results, texts = [sketched_result(call_id, body, name) or ToolResult(call_id, "".join(texts), name)], []
    return Message(role, "".join(texts), tuple(calls), tuple(results))


_ROLES = {"model": "assistant", "ai": "assistant", "human": "user", "function": "tool", "developer": "system"}
_CALLS = frozenset({"tool_call", "tool_use", "tool-call", "function_call"})
_RESULTS = frozenset({"tool_call_response", "tool_result", "tool-result", "function_call_output"})
_TEXTS = frozenset({"", "text", "output_text", "input_text"})
_WRAPPED_CALLS = ("functionCall", "function_call", "toolUse")
"""Gemini (in both spellings) and Bedrock put a call into a field of its name, without a type."""
_WRAPPED_RESULTS = ("functionResponse", "function_response", "toolResult")
_MARKS = frozenset({*_WRAPPED_CALLS, *_WRAPPED_RESULTS, STAND_IN_HASH})
"""Without one of which a block is what its type says: asked at once, since it is nearly always so."""
_CALL_IDS = ("call_id", "id", "toolCallId", "toolUseId", "tool_use_id")
_RESULT_IDS = ("id", "tool_use_id", "toolUseId", "toolCallId", "call_id")
_NAMES = ("name", "toolName")
_SAID = ("response", "result", "content", "output")
_ARGUMENTS = ("arguments", "input", "args")


def _block(block: dict[str, Any], texts: list[str], calls: list[ToolCall], results: list[ToolResult]) -> None:
    kind = str(block.get("type") or "")
    if kind and kind in _TEXTS and _MARKS.isdisjoint(block):
        texts.append(text_of(block.get("text") or block.get("content") or ""))
        return
    call = result = None
    if not _MARKS.isdisjoint(block):
        if read_stand_in(block):
            texts.append(text_of(block))
            return
        call, result = _wrapped(block, _WRAPPED_CALLS), _wrapped(block, _WRAPPED_RESULTS)
        if (call is not None or result is not None) and kind in _TEXTS:
            texts.append(text_of(block.get("text") or ""))
    if call is not None or kind in _CALLS:
        calls.append(_tool_call(call or block))
    elif result is not None or kind in _RESULTS:
        results.append(_tool_result(result or block))
    elif kind in _TEXTS:
        texts.append(text_of(block.get("text") or block.get("content") or ""))


def _wrapped(block: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any] | None:
    for name in names:
        if name in block and isinstance(found := block[name], dict):
            return found
    return None


def _tool_result(block: dict[str, Any]) -> ToolResult:
    said: Any = ""
    for key in _SAID:
        if block.get(key) is not None:
            said = block[key]
            break
    call_id, name = _first(block, _RESULT_IDS), str(block.get("name") or "")
    return sketched_result(call_id, said, name) or ToolResult(call_id, result_of(said) or "", name)


def _first(source: dict[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        if found := source.get(key):
            return str(found)
    return ""


def _tool_call(call: Any) -> ToolCall:
    if not isinstance(call, dict):
        return ToolCall("")
    source = call["function"] if isinstance(call.get("function"), dict) else call
    # A call without any arguments field was cut by a content switch: unknown, not empty.
    said = None
    for key in _ARGUMENTS:
        if key in source:
            said = source[key]
            break
    return tool_call(_first(source, _NAMES), _first(call, _CALL_IDS), said)
