"""Requests and responses of a model call as one JSON attribute: vendors' own bodies, and LangChain's dumps of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from loopwatch.stand_in import read_stand_in
from loopwatch_processor.attributes import Value
from loopwatch_processor.conversation import Message
from loopwatch_processor.dialects.messages import from_json
from loopwatch_processor.dialects.reading import finish_reason, parsed
from loopwatch_processor.dialects.stand_ins import text_of

_CALLS = ("tool_use", "tool_call", "tool-call", "function_call")
_ITEMS = (*_CALLS, "function_call_output")
_BODIES = ("content", "parts", "tool_calls", "function_call")
_LANGCHAIN_ROLES = {
    "HumanMessage": "user",
    "HumanMessageChunk": "user",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "SystemMessage": "system",
    "ToolMessage": "tool",
    "FunctionMessage": "tool",
}


@dataclass(frozen=True, slots=True)
class Response:
    """What a response body tells."""

    answers: Sequence[Any] = ()
    """Of which `messages` are made where nothing else tells of them."""
    id: str = ""
    model: str = ""
    finish_reason: str = ""

    def messages(self) -> list[Message]:
        """The answer."""
        return _messages(self.answers)


def request(value: Value) -> list[Message]:
    """The messages of a request body."""
    return read_asked(asked(value))


def asked(value: Value) -> list[Any]:
    """What a request body lists, for `read_asked`: OpenAI chat and Responses, Anthropic, Gemini, LangChain, or a bare
    list; a text stands alone."""
    content = _spoken(value)
    if isinstance(content, dict):
        listed = next((content[key] for key in ("messages", "input", "contents") if content.get(key)), None)
        content = listed if listed is not None else [content] if "role" in content else content.get("prompt")
    if isinstance(content, list) and content and isinstance(content[0], list):
        content = content[0]
    if isinstance(content, str):
        return [content]
    # A list of texts is Python's repr of messages (LlamaIndex), not messages.
    return [item for item in content if isinstance(item, dict)] if isinstance(content, list) else []


def read_asked(listed: Sequence[Any]) -> list[Message]:
    """The messages of what a request body lists, each by itself."""
    return [Message("user", listed[0])] if listed and isinstance(listed[0], str) else _messages(listed)


def response(value: Value) -> Response:
    """What a response body tells; a body of plain text is the answer itself."""
    content = _spoken(value)
    if isinstance(content, str):
        return Response([content]) if content else Response()
    if isinstance(content, list):
        return Response(content)
    return _of_dict(content) if isinstance(content, dict) else Response()


def _spoken(value: Value) -> Any:
    """The body in *value*; one that is text may have become a stand-in."""
    content = parsed(value)
    return text_of(content) if read_stand_in(content) else content


def _of_dict(body: dict[str, Any]) -> Response:
    reason = body.get("finish_reason") or body.get("stop_reason")
    listed: list[Any]
    if choice := _first(body.get("choices")):
        listed, reason = [choice.get("message") or choice.get("text")], choice.get("finish_reason") or reason
    elif generation := _first(_first_list(body.get("generations"))):
        return _generation(generation)
    elif candidate := _first(body.get("candidates")):
        listed, reason = [candidate.get("content")], candidate.get("finishReason") or reason
    elif isinstance(body.get("output"), list):
        listed = body["output"]
    else:
        listed = [body]
    return Response(
        answers=listed,
        id=_text(body.get("id")) if body.get("role") is None or body.get("type") == "message" else "",
        model=_text(body.get("model")),
        finish_reason=finish_reason(reason),
    )


def _generation(generation: dict[str, Any]) -> Response:
    """LangChain's `LLMResult`: the vendor's response is in the message's metadata."""
    message = _plain(generation.get("message") or {"role": "assistant", "content": generation.get("text")})
    about = message.get("response_metadata")
    about = about if isinstance(about, dict) else {}
    info = generation.get("generation_info")
    info = info if isinstance(info, dict) else {}
    reason = about.get("finish_reason") or about.get("stop_reason") or info.get("finish_reason")
    return Response(
        answers=[message],
        id=_text(about.get("id")),
        model=_text(about.get("model_name") or about.get("model")),
        finish_reason=finish_reason(reason),
    )


def _messages(listed: Iterable[Any]) -> list[Message]:
    plain = [{"role": "assistant", "content": item} if isinstance(item, str) else _plain(item) for item in listed]
    return from_json([item for item in plain if _says_something(item)])


def _says_something(message: dict[str, Any]) -> bool:
    if message.get("role") == "tool":
        return True
    for key in _BODIES:  # noqa: SIM110 - no generator: there may be thousands of messages
        if message.get(key):
            return True
    return False


def _plain(item: Any) -> dict[str, Any]:
    """One message with its LangChain wrapper taken off, and a `role`."""
    if not isinstance(item, dict):
        return {}
    kind, inner, named = item.get("type"), item, item.get("id")
    if isinstance(item.get("kwargs"), dict) and isinstance(named, list) and named:
        kind, inner = str(named[-1]), item["kwargs"]
    elif isinstance(item.get("data"), dict):
        inner = item["data"]
    elif kind in _ITEMS and "role" not in item:
        return {"role": "assistant" if kind in _CALLS else "tool", "content": [item]}
    role = inner.get("role") or _LANGCHAIN_ROLES.get(str(kind)) or (kind if kind != "message" else None) or "assistant"
    return {**inner, "role": role, "content": _content(inner)}


def _content(message: dict[str, Any]) -> Any:
    """A message's content without the blocks that its `tool_calls` repeat."""
    content = message.get("content")
    if message.get("tool_calls") and isinstance(content, list):
        return [block for block in content if not (isinstance(block, dict) and block.get("type") in _CALLS)]
    return content


def _first(listed: Any) -> dict[str, Any]:
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}


def _first_list(listed: Any) -> Any:
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], list) else listed


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
