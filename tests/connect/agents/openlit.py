"""The research agent on the plain OpenAI SDK, under OpenLIT."""

from tests.connect.agents.openai import run

__all__ = ["run"]
