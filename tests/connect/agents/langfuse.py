"""A research agent whose own code is observed with Langfuse, on Langfuse's OpenAI client."""

from __future__ import annotations

import json
import os
from typing import Any

from tests.connect.agents.openai import SPECS
from tests.connect.elsewhere import backend_url
from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS

BRINGS_OWN_BACKEND = True


def prepare() -> None:
    """Name the Langfuse server."""
    os.environ.update(
        LANGFUSE_PUBLIC_KEY="pk-lf-fake", LANGFUSE_SECRET_KEY="sk-lf-fake", LANGFUSE_BASE_URL=backend_url()
    )


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question in the session *session*."""
    from langfuse import observe, propagate_attributes
    from langfuse.openai import OpenAI

    client = OpenAI(max_retries=0)
    tools = {name: observe(function, name=name, as_type="tool") for name, function in TOOLS.items()}

    @observe(name="research_agent", as_type="agent")
    def answer(question: str) -> None:
        messages: list[Any] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
        if streamed:
            options = {"stream": True, "stream_options": {"include_usage": True}}
            for _ in client.chat.completions.create(model="gpt-4o-mini", messages=messages, **options):
                pass
            return
        while True:
            message = (
                client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=SPECS).choices[0].message
            )
            messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                return
            for call in message.tool_calls:
                result = tools[call.function.name](**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    with propagate_attributes(session_id=session):
        answer(QUESTION)
