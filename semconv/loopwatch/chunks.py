"""Which chunks of a stream are content (a keep-alive, a role or a usage report is not), and which say its end."""

from collections.abc import Mapping
from typing import Any, Final

_DELTA_CONTENT: Final = (
    "content",
    "tool_calls",
    "function_call",
    "refusal",
    "reasoning",
    "reasoning_content",
    "text",
)
_ANTHROPIC_CONTENT: Final = frozenset(
    {"content_block_delta", "text", "thinking", "input_json", "citation", "signature"}
)
_OLLAMA_CONTENT: Final = ("content", "thinking", "tool_calls")
_ENDS: Final = frozenset(
    {"message_stop", "response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)
_SHOW_THEIR_END: Final = ("choices", "candidates", "done", "messageStart", "contentBlockDelta")
_MESSAGE_CONTENT: Final = ("content", "tool_call_chunks", "text", "data", "delta")


def is_content(chunk: object) -> bool:
    """Say whether *chunk* of any SDK's stream brings content.

    Known: text and bytes (also raw server-sent events), OpenAI chat chunks and response events, Anthropic
    events, Gemini responses, Bedrock Converse events, Ollama's lines, LangChain message chunks. A chunk of an
    unknown shape is content.
    """
    if chunk is None:
        return False
    if isinstance(chunk, (str, bytes)):
        return _is_content_text(chunk)
    kind = _get(chunk, "type")
    if isinstance(kind, str) and _get(chunk, "choices") is None:
        verdict = _by_event_type(kind)
        if verdict is not None:
            return verdict
    return _by_shape(chunk)


def is_end(chunk: object) -> bool:
    """Say whether *chunk* is the provider's word that the answer is over, in the shapes that ``is_content`` knows."""
    if _get(chunk, "type") in _ENDS or _get(chunk, "done") is True or _get(chunk, "messageStop") is not None:
        return True
    choices = _get(chunk, "choices") or _get(chunk, "candidates") or ()
    return any(_get(choice, "finish_reason") or _get(choice, "finishReason") for choice in choices)


def shows_its_end(chunk: object) -> bool:
    """Say whether *chunk* is of a stream that does not end without such a word, unless it is cut off."""
    kind = _get(chunk, "type")
    if isinstance(kind, str) and kind.startswith(("message_", "content_block_", "response.")):
        return True
    return any(_get(chunk, name) is not None for name in _SHOW_THEIR_END)


def _is_content_text(chunk: str | bytes) -> bool:
    text = chunk.decode("utf-8", "replace") if isinstance(chunk, bytes) else chunk
    lines = text.splitlines()
    if lines and all(line == "" or line.startswith((":", "event: ping", "data: [DONE]")) for line in lines):
        return False
    return text != ""


def _by_event_type(kind: str) -> bool | None:
    if kind in _ANTHROPIC_CONTENT:
        return True
    if kind.startswith("response."):
        return kind.endswith(".delta")
    if kind in ("ping", "error") or kind.startswith(("message_", "content_block_")):
        return False
    return None


def _by_shape(chunk: object) -> bool:
    choices = _get(chunk, "choices")
    if choices is not None:
        return any(_has_any(_get(choice, "delta"), _DELTA_CONTENT) or _get(choice, "text") for choice in choices)
    candidates = _get(chunk, "candidates")
    if candidates is not None:
        return any(_get(_get(candidate, "content"), "parts") for candidate in candidates)
    if isinstance(chunk, Mapping):
        return _is_content_mapping(chunk)
    known = [name for name in _MESSAGE_CONTENT if hasattr(chunk, name)]
    return not known or _has_any(chunk, tuple(known))


def _is_content_mapping(chunk: Mapping[Any, Any]) -> bool:
    if "contentBlockDelta" in chunk:
        return True
    if "error" in chunk:
        return False
    if "done" in chunk:  # Ollama
        return _has_any(chunk, ("response",)) or _has_any(chunk.get("message"), _OLLAMA_CONTENT)
    if chunk.keys() & {"messageStart", "messageStop", "contentBlockStart", "contentBlockStop", "metadata"}:
        return False
    known = tuple(name for name in _MESSAGE_CONTENT if name in chunk)
    return bool(chunk) and (not known or _has_any(chunk, known))


def _has_any(part: object, names: tuple[str, ...]) -> bool:
    return any(bool(_get(part, name)) for name in names)


def _get(part: object, name: str) -> Any:
    return part.get(name) if isinstance(part, Mapping) else getattr(part, name, None)
