"""The agent that is written out on the page itself."""

from __future__ import annotations

from typing import Any

from tests.connect.agents.openai import SPECS
from tests.fake_models.tools import QUESTION, SYSTEM, TOOLS

BRINGS_OWN_BACKEND = True


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Answer one question in the conversation *session*."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    if not streamed:
        names["research"](session, messages, TOOLS, SPECS)
        return
    with names["loopwatch"].session("research_agent", conversation_id=session):
        names["read"](names["OpenAI"](), messages)
