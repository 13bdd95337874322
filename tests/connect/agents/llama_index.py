"""A research agent made with LlamaIndex."""

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
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.llms.openai_like import OpenAILike
    from openinference.instrumentation import using_session

    settings: dict[str, Any] = {"is_chat_model": True, "is_function_calling_model": True, "max_retries": 0}
    usage = {"stream_options": {"include_usage": True}} if streamed else {}
    model = OpenAILike(
        model="gpt-4o-mini",
        api_base=os.environ["OPENAI_BASE_URL"],
        api_key="fake",
        additional_kwargs=usage,
        **settings,
    )
    agent = FunctionAgent(
        name="research_agent", llm=model, tools=list(TOOLS.values()), system_prompt=SYSTEM, streaming=streamed
    )
    with using_session(session):
        await agent.run(QUESTION)
