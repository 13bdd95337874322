"""LangChain's agent, traced by LangSmith's own SDK."""

from __future__ import annotations

import os
from typing import Any

from tests.connect.agents import langchain
from tests.connect.elsewhere import backend_url


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question in the thread *session*; LangSmith gets its traces as well."""
    os.environ.update(LANGSMITH_ENDPOINT=backend_url(), LANGSMITH_API_KEY="fake")
    langchain.run(names, session, streamed)

    from langchain_core.tracers.langchain import wait_for_all_tracers

    wait_for_all_tracers()
