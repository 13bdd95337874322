"""OpenAI's chat completions, answered from a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.fake_models.request import Reply, observations

Body = dict[str, Any]


def prompt(body: Body) -> Any:
    """What the input tokens are counted of."""
    return [body.get("messages"), body.get("tools")]


def shown_results(body: Body) -> int:
    """How many tool results the request holds."""
    messages = body["messages"]
    return sum(message["role"] == "tool" for message in messages) or observations(messages)


def document(reply: Reply, body: Body) -> Body:
    """The whole answer as one JSON document."""
    message: Body = {"role": "assistant", "content": reply.turn.text or None}
    if reply.turn.calls:
        message["tool_calls"] = _calls(reply)
    choice = {"index": 0, "message": message, "finish_reason": _finish(reply), "logprobs": None}
    return _envelope(reply, "chat.completion") | {"choices": [choice], "usage": _usage(reply)}


def events(reply: Reply, body: Body) -> Iterator[tuple[bool, str]]:
    """The answer as server-sent events; True marks a word of content."""
    yield False, _chunk(reply, {"role": "assistant", "content": ""})
    for word in reply.turn.text.split():
        yield True, _chunk(reply, {"content": word + " "})
    if reply.turn.calls:
        yield True, _chunk(reply, {"tool_calls": [{"index": i} | call for i, call in enumerate(_calls(reply))]})
    yield False, _chunk(reply, {}, _finish(reply))
    if (body.get("stream_options") or {}).get("include_usage"):
        yield False, _event(_envelope(reply, "chat.completion.chunk") | {"choices": [], "usage": _usage(reply)})
    yield False, "data: [DONE]\n\n"


def tells_usage(body: Body) -> bool:
    """Whether the answer holds its usage: a stream does only when asked."""
    return not body.get("stream") or bool((body.get("stream_options") or {}).get("include_usage"))


def error(message: str) -> Body:
    """The body of an answer with a status of 429."""
    return {"error": {"message": message, "type": "rate_limit_error", "param": None, "code": "rate_limit_exceeded"}}


def _envelope(reply: Reply, kind: str) -> Body:
    return {
        "id": f"chatcmpl-{reply.number:06d}",
        "object": kind,
        "created": 1_700_000_000,
        "model": reply.model,
        "system_fingerprint": "fp_fake",
        "service_tier": "default",
    }


def _calls(reply: Reply) -> list[Body]:
    return [
        {
            "id": reply.call_id(index),
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
        }
        for index, call in enumerate(reply.turn.calls)
    ]


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.turn.calls else "stop"


def _usage(reply: Reply) -> Body:
    usage = reply.usage
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _chunk(reply: Reply, delta: Body, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _event(_envelope(reply, "chat.completion.chunk") | {"choices": [choice]})


def _event(document: Body) -> str:
    return f"data: {json.dumps(document)}\n\n"
