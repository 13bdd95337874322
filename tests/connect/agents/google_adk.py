"""A research agent made with Google's ADK, on an OpenAI model."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS

_LOOP = asyncio.Runner()


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question in the session *session*."""
    _LOOP.run(_answer(session, streamed))


async def _answer(session: str, streamed: bool) -> None:
    from google.adk.agents import LlmAgent
    from google.adk.agents.run_config import RunConfig, StreamingMode
    from google.adk.models.lite_llm import LiteLlm
    from google.adk.runners import InMemoryRunner
    from google.genai import types

    model = LiteLlm(model="openai/gpt-4o-mini", api_base=os.environ["OPENAI_BASE_URL"], api_key="fake", num_retries=0)
    agent = LlmAgent(name="research_agent", model=model, instruction=SYSTEM, tools=list(TOOLS.values()))
    runner = InMemoryRunner(agent=agent, app_name="research")
    await runner.session_service.create_session(app_name="research", user_id="user-1", session_id=session)
    question = types.Content(role="user", parts=[types.Part(text=QUESTION)])
    config = RunConfig(streaming_mode=StreamingMode.SSE if streamed else StreamingMode.NONE)
    async for _ in runner.run_async(user_id="user-1", session_id=session, new_message=question, run_config=config):
        pass
