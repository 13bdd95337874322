"""A research agent made with the OpenAI Agents SDK."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS

_LOOP = asyncio.Runner()


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question with *session* as the trace's group id."""
    from agents import Agent, RunConfig, function_tool

    agent = Agent(
        name="research_agent",
        instructions=SYSTEM,
        model="gpt-4o-mini",
        tools=[function_tool(function) for function in TOOLS.values()],
    )
    config = RunConfig(workflow_name="research", group_id=session)
    _LOOP.run(_answer(agent, config, streamed))


async def _answer(agent: Any, config: Any, streamed: bool) -> None:
    from agents import Runner

    if not streamed:
        await Runner.run(agent, QUESTION, run_config=config, max_turns=30)
        return
    async for _ in Runner.run_streamed(agent, QUESTION, run_config=config).stream_events():
        pass
