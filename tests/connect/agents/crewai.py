"""A research crew of one, made with CrewAI."""

from __future__ import annotations

import os
from typing import Any

from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question, in whatever the page puts around a run."""
    os.environ.update(CREWAI_DISABLE_TELEMETRY="true", CREWAI_TRACING_ENABLED="false")
    from crewai import LLM, Agent, Crew, Task
    from crewai.tools import tool

    model = LLM(model="openai/gpt-4o-mini", base_url=os.environ["OPENAI_BASE_URL"], api_key="fake", stream=streamed)
    agent = Agent(
        role="research_agent",
        goal=SYSTEM,
        backstory=SYSTEM,
        llm=model,
        tools=[tool(function) for function in TOOLS.values()],
        max_iter=30,
        max_retry_limit=0,
    )
    task = Task(description=QUESTION, expected_output="A figure.", agent=agent, name="research_task")
    watched = names.get("watched") or _openinference_session
    with watched(session):
        Crew(agents=[agent], tasks=[task]).kickoff()


def _openinference_session(session: str) -> Any:
    from openinference.instrumentation import using_session

    return using_session(session)
