"""A research agent on LiteLLM: a loop around completions."""

from __future__ import annotations

import json
from typing import Any

from tests.connect.agents.openai import SPECS
from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question; *session* is unused, as what is in the metadata does not reach the spans."""
    import litellm

    messages: list[Any] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    settings: dict[str, Any] = {"model": "openai/gpt-4o-mini", "max_retries": 0}
    if streamed:
        for _ in litellm.completion(messages=messages, stream=True, stream_options={"include_usage": True}, **settings):
            pass
        return
    while True:
        message = litellm.completion(messages=messages, tools=SPECS, **settings).choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        if not message.tool_calls:
            return
        for call in message.tool_calls:
            result = TOOLS[call.function.name](**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
