"""A research agent made with Pydantic AI."""

from __future__ import annotations

from typing import Any

from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question in the conversation *session*."""
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel

    agent = Agent(
        OpenAIChatModel("gpt-4o-mini"), name="research_agent", system_prompt=SYSTEM, tools=list(TOOLS.values())
    )
    if not streamed:
        agent.run_sync(QUESTION, conversation_id=session)
        return
    with agent.run_stream_sync(QUESTION, conversation_id=session) as answer:
        for _ in answer.stream_text():
            pass
