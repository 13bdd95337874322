"""A research agent made with smolagents."""

from __future__ import annotations

import os
from typing import Any

from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question in the session *session*."""
    from openinference.instrumentation import using_session
    from smolagents import OpenAIModel, ToolCallingAgent, tool

    model = OpenAIModel("gpt-4o-mini", api_base=os.environ["OPENAI_BASE_URL"], api_key="fake")
    agent = ToolCallingAgent(
        [tool(function) for function in TOOLS.values()],
        model,
        name="research_agent",
        description=SYSTEM,
        stream_outputs=streamed,
        max_steps=12,
        verbosity_level=0,
    )
    with using_session(session):
        agent.run(QUESTION)
