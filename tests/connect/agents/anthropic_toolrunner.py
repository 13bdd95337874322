"""A research agent on the Anthropic SDK's own tool runner."""

from __future__ import annotations

from typing import Any

from tests.connect.agents.anthropic import MODEL
from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question."""
    from anthropic import Anthropic, beta_tool

    client = Anthropic(max_retries=0)
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    if streamed:
        for _ in client.messages.create(model=MODEL, max_tokens=500, system=SYSTEM, messages=messages, stream=True):
            pass
        return
    tools = [beta_tool(function) for function in TOOLS.values()]
    client.beta.messages.tool_runner(
        model=MODEL, max_tokens=500, system=SYSTEM, messages=messages, tools=tools, thread=False
    ).until_done()
