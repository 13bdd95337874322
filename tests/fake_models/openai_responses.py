"""OpenAI's responses, answered from a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.fake_models.openai_chat import error
from tests.fake_models.request import Reply

Body = dict[str, Any]

__all__ = ["document", "error", "events", "prompt", "shown_results", "tells_usage"]


def prompt(body: Body) -> Any:
    """What the input tokens are counted of."""
    return [body.get("instructions"), body.get("input"), body.get("tools")]


def shown_results(body: Body) -> int:
    """How many tool results the request holds."""
    given = body["input"]
    return sum(item.get("type") == "function_call_output" for item in given) if isinstance(given, list) else 0


def tells_usage(body: Body) -> bool:
    """Whether the answer holds its usage: it always does."""
    return True


def document(reply: Reply, body: Body) -> Body:
    """The whole answer as one JSON document."""
    usage = reply.usage
    return {
        "id": f"resp_{reply.number:06d}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "model": reply.model,
        "output": _output(reply),
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": usage.input_tokens,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
            "output_tokens": usage.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage.input_tokens + usage.output_tokens,
        },
    }


def events(reply: Reply, body: Body) -> Iterator[tuple[bool, str]]:
    """The answer as server-sent events; True marks a word of content."""
    whole = document(reply, body)
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    yield False, _event(0, "response.created", response=begun)
    number = 1
    for index, item in enumerate(whole["output"]):
        yield False, _event(number, "response.output_item.added", output_index=index, item=item | _empty(item))
        number += 1
        for word in reply.turn.text.split() if item["type"] == "message" else ():
            place = {"item_id": item["id"], "output_index": index, "content_index": 0}
            yield True, _event(number, "response.output_text.delta", delta=word + " ", logprobs=[], **place)
            number += 1
        yield item["type"] != "message", _event(number, "response.output_item.done", output_index=index, item=item)
        number += 1
    yield False, _event(number, "response.completed", response=whole)


def _empty(item: Body) -> Body:
    return {"content": []} if item["type"] == "message" else {"arguments": ""}


def _output(reply: Reply) -> list[Body]:
    if not reply.turn.calls:
        text = {"type": "output_text", "text": reply.turn.text, "annotations": [], "logprobs": []}
        name = f"msg_{reply.number:06d}"
        return [{"id": name, "type": "message", "role": "assistant", "status": "completed", "content": [text]}]
    return [
        {
            "id": f"fc_{reply.number:06d}_{index}",
            "type": "function_call",
            "status": "completed",
            "call_id": reply.call_id(index),
            "name": call.name,
            "arguments": json.dumps(call.arguments),
        }
        for index, call in enumerate(reply.turn.calls)
    ]


def _event(number: int, kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number} | fields)}\n\n"
