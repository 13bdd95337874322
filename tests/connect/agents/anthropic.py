"""A research agent on the plain Anthropic SDK: a loop around messages."""

from __future__ import annotations

from typing import Any

from tests.fake_models.tools import ARGUMENT, QUESTION, SYSTEM, TOOLS

SPECS = [
    {
        "name": name,
        "description": (function.__doc__ or "").splitlines()[0],
        "input_schema": {
            "type": "object",
            "properties": {ARGUMENT[name]: {"type": "string"}},
            "required": [ARGUMENT[name]],
        },
    }
    for name, function in TOOLS.items()
]
MODEL = "claude-sonnet-4-5"


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question; *session* is unused, as the plain SDK has no place for it."""
    from anthropic import Anthropic

    client = Anthropic(max_retries=0)
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    if streamed:
        for _ in client.messages.create(model=MODEL, max_tokens=500, system=SYSTEM, messages=messages, stream=True):
            pass
        return
    while results := _turn(client, messages):
        messages.append({"role": "user", "content": results})


def _turn(client: Any, messages: list[Any]) -> list[Any]:
    answer = client.messages.create(model=MODEL, max_tokens=500, system=SYSTEM, messages=messages, tools=SPECS)
    messages.append({"role": "assistant", "content": [part.model_dump(exclude_none=True) for part in answer.content]})
    return [
        {"type": "tool_result", "tool_use_id": part.id, "content": _call(part.name, part.input)}
        for part in answer.content
        if part.type == "tool_use"
    ]


def _call(name: str, arguments: dict[str, Any]) -> str:
    try:
        return TOOLS[name](**arguments)
    except ValueError as error:
        return f"Error: {error}"
