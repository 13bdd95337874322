"""A research agent on the plain OpenAI SDK: a loop around chat completions."""

from __future__ import annotations

import json
from typing import Any

from tests.fake_models.tools import ARGUMENT, QUESTION, SYSTEM, TOOLS

SPECS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": (function.__doc__ or "").splitlines()[0],
            "parameters": {
                "type": "object",
                "properties": {ARGUMENT[name]: {"type": "string"}},
                "required": [ARGUMENT[name]],
            },
        },
    }
    for name, function in TOOLS.items()
]


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question; *session* is unused, as the plain SDK has no place for it."""
    from openai import OpenAI

    client = OpenAI(max_retries=0)
    messages: list[Any] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    if streamed:
        options = {"stream": True, "stream_options": {"include_usage": True}}
        for _ in client.chat.completions.create(model="gpt-4o-mini", messages=messages, **options):
            pass
        return
    while calls := _ask(client, messages):
        for call in calls:
            result = _call(call.function.name, json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def _ask(client: Any, messages: list[Any]) -> list[Any]:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=SPECS)
    message = answer.choices[0].message
    messages.append(message.model_dump(exclude_none=True))
    return message.tool_calls or []


def _call(name: str, arguments: dict[str, Any]) -> str:
    try:
        return TOOLS[name](**arguments)
    except ValueError as error:
        return f"Error: {error}"
