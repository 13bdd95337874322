"""A research agent made with Microsoft's Agent Framework."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS

_LOOP = asyncio.Runner()


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question; a local session's id does not reach the spans."""
    _LOOP.run(_answer(session, streamed))


async def _answer(session: str, streamed: bool) -> None:
    from agent_framework import Agent
    from agent_framework.openai import OpenAIChatCompletionClient

    client = OpenAIChatCompletionClient(model="gpt-4o-mini", api_key="fake", base_url=os.environ["OPENAI_BASE_URL"])
    agent = Agent(client=client, name="research_agent", instructions=SYSTEM, tools=list(TOOLS.values()))
    local = agent.create_session(session_id=session)
    if not streamed:
        await agent.run(QUESTION, session=local)
        return
    async for _ in agent.run(QUESTION, session=local, stream=True):
        pass
