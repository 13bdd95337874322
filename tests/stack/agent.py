"""An agent for tests, as a process of its own: it overfills its context, through the helpers and the real SDK.

python agent.py ENDPOINT CONVERSATION
"""

from __future__ import annotations

import sys

from opentelemetry import trace

import loopwatch

SPANS = 4
"""How many spans one run sends: the session's own, two model calls and a tool call."""


def main(endpoint: str, conversation: str) -> None:
    """Play one session and send it."""
    loopwatch.configure(endpoint, service_name="shop")
    with loopwatch.session("researcher", conversation_id=conversation):
        _ask(20_000)
        with loopwatch.tool_call("search", {"query": "quarterly revenue"}) as call:
            call.result("nothing found")
        _ask(125_000)
    trace.get_tracer_provider().shutdown()  # type: ignore[attr-defined]


def _ask(input_tokens: int) -> None:
    with loopwatch.model_call("gpt-4o-mini-2024-07-18", provider="openai") as call:
        call.usage(input_tokens=input_tokens, output_tokens=40)


if __name__ == "__main__":
    main(*sys.argv[1:])
