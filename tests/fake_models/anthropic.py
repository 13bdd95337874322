"""Anthropic's messages, answered from a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.fake_models.request import Reply

Body = dict[str, Any]


def prompt(body: Body) -> Any:
    """What the input tokens are counted of."""
    return [body.get("system"), body.get("messages"), body.get("tools")]


def shown_results(body: Body) -> int:
    """How many tool results the request holds."""
    return sum(
        part.get("type") == "tool_result"
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
    )


def tells_usage(body: Body) -> bool:
    """Whether the answer holds its usage: it always does."""
    return True


def document(reply: Reply, body: Body) -> Body:
    """The whole answer as one JSON document."""
    content = [{"type": "text", "text": reply.turn.text}] if reply.turn.text else _calls(reply)
    return _message(reply) | {"content": content, "stop_reason": _finish(reply), "usage": _usage(reply)}


def events(reply: Reply, body: Body) -> Iterator[tuple[bool, str]]:
    """The answer as server-sent events; True marks a word of content."""
    yield False, _event("message_start", message=_message(reply) | {"usage": _usage(reply) | {"output_tokens": 1}})
    if reply.turn.text:
        yield False, _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for word in reply.turn.text.split():
            yield True, _event("content_block_delta", index=0, delta={"type": "text_delta", "text": word + " "})
        yield False, _event("content_block_stop", index=0)
    for index, call in enumerate(_calls(reply)):
        partial = json.dumps(call["input"])
        yield False, _event("content_block_start", index=index, content_block=call | {"input": {}})
        delta = {"type": "input_json_delta", "partial_json": partial}
        yield True, _event("content_block_delta", index=index, delta=delta)
        yield False, _event("content_block_stop", index=index)
    ended = {"stop_reason": _finish(reply), "stop_sequence": None}
    yield False, _event("message_delta", delta=ended, usage={"output_tokens": reply.usage.output_tokens})
    yield False, _event("message_stop")


def error(message: str) -> Body:
    """The body of an answer with a status of 429."""
    return {"type": "error", "error": {"type": "rate_limit_error", "message": message}}


def _message(reply: Reply) -> Body:
    return {
        "id": f"msg_{reply.number:06d}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _calls(reply: Reply) -> list[Body]:
    return [
        {"type": "tool_use", "id": f"toolu_{reply.call_id(index)}", "name": call.name, "input": call.arguments}
        for index, call in enumerate(reply.turn.calls)
    ]


def _finish(reply: Reply) -> str:
    return "tool_use" if reply.turn.calls else "end_turn"


def _usage(reply: Reply) -> Body:
    """Anthropic counts what came from the cache apart from the input tokens."""
    usage = reply.usage
    return {
        "input_tokens": usage.input_tokens - usage.cached_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "output_tokens": usage.output_tokens,
        "service_tier": "standard",
    }


def _event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n"
