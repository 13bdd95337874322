"""A research agent made with Strands Agents."""

from __future__ import annotations

import os
from typing import Any

from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question in the session *session*; Strands streams always."""
    from strands import Agent, tool
    from strands.models.openai import OpenAIModel

    client = {"base_url": os.environ["OPENAI_BASE_URL"], "api_key": "fake"}
    agent = Agent(
        name="research_agent",
        model=OpenAIModel(client_args=client, model_id="gpt-4o-mini"),
        system_prompt=SYSTEM,
        tools=[tool(function) for function in TOOLS.values()],
        trace_attributes={"session.id": session},
        callback_handler=None,
    )
    agent(QUESTION)
