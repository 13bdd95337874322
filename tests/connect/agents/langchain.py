"""A research agent made with LangChain's create_agent, which runs on LangGraph."""

from __future__ import annotations

from typing import Any

from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question in the thread *session*."""
    from langchain.agents import create_agent
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model="gpt-4o-mini", streaming=streamed, stream_usage=True, max_retries=0)
    agent = create_agent(model, tools=list(TOOLS.values()), system_prompt=SYSTEM, name="research_agent")
    config = {"configurable": {"thread_id": session}, "recursion_limit": 60}
    agent.invoke({"messages": [{"role": "user", "content": QUESTION}]}, config=config)
