"""Messages that do not stand in attributes: events of generation A and `inference.operation.details`.

Some emitters send them as log records (openai-v2, Microsoft, ADK, OpenLIT), others as events of the span (Strands).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loopwatch_processor.attributes import Value
from loopwatch_processor.conversation import Heard, Message, Transcript
from loopwatch_processor.dialects.messages import from_json
from loopwatch_processor.dialects.reading import finish_reason, parsed
from loopwatch_processor.otlp import LogRecord, Span
from loopwatch_processor.step import Conversation

DETAILS = "gen_ai.client.inference.operation.details"
CHOICE = "gen_ai.choice"
_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_ELIDED = "<elided>"
"""What ADK writes where content is not captured."""
_BLOCK_KEYS = frozenset({"type", "text", "toolUse", "toolResult", "functionCall", "function_call", "function_response"})


def read_log(record: LogRecord) -> Heard | None:
    """The messages that *record* holds, or None where it is no such record."""
    name = record.event_name
    if name == DETAILS:
        return _details(record.get)
    body = parsed(record.body) if name == CHOICE or name in _ROLES else None
    return heard_of(name, body) if isinstance(body, dict) else None


def span_conversation(span: Span) -> Conversation | None:
    """The same from the span's own events."""
    if not span.has_events:
        return None
    transcript = Transcript()
    for event in span.events():
        attributes = event.attributes
        if event.name == DETAILS:
            heard: Heard | None = _details(attributes.get)
        elif event.name in _ROLES or event.name == CHOICE:
            heard = heard_of(event.name, {key: attributes.get(key) for key in attributes})
        else:
            continue  # the chunks of a stream, of which there may be many
        if heard is not None:
            transcript.hear(heard)
    return transcript.conversation()


def heard_of(name: str, body: dict[str, Any]) -> Heard | None:
    """The message in the *body* of an event of generation A; None where *name* is no such event."""
    if name in _ROLES:
        return Heard(inputs=_messages(_ROLES[name], body))
    if name != CHOICE:
        return None
    said = body.get("message", body)
    answer = _messages("assistant", said if isinstance(said, dict) else {"content": said})
    return Heard(outputs=answer, finish_reason=finish_reason(body.get("finish_reason")))


def _details(get: Callable[[str], Value]) -> Heard:
    return Heard(tuple(from_json(get("gen_ai.input.messages"))), tuple(from_json(get("gen_ai.output.messages"))))


def _messages(role: str, body: dict[str, Any]) -> tuple[Message, ...]:
    content = body.get("content")
    blocks = parsed(content)
    if isinstance(blocks, dict) and "parts" in blocks:
        return tuple(from_json([{"role": role, **blocks}]))
    if _are_blocks(blocks):
        content = blocks
    said = "" if content == _ELIDED else content
    return tuple(from_json([{**body, "role": body.get("role") or role, "content": said}]))


def _are_blocks(content: Any) -> bool:
    """Whether *content* is a list of message parts, and not a text or tool result that happens to be JSON."""
    return isinstance(content, list) and all(isinstance(item, dict) and item.keys() & _BLOCK_KEYS for item in content)
