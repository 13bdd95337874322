"""An agent for tests, as a process of its own, through the helpers and the real SDK.

python agent.py ENDPOINT CONVERSATION INPUT_TOKENS
"""

from __future__ import annotations

import sys

from opentelemetry import trace

import loopwatch

SPANS = 4
"""How many spans one run sends: the session's own, two model calls and a tool call."""


OVERFULL = 125_000
"""Input tokens of the last call that fill more than 90 % of its model's window."""


def main(endpoint: str, conversation: str, input_tokens: str) -> None:
    """Play one session, whose last model call has *input_tokens*, and send it."""
    loopwatch.configure(endpoint, service_name="shop")
    with loopwatch.session("researcher", conversation_id=conversation):
        _ask(2_000)
        with loopwatch.tool_call("search", {"query": "quarterly revenue"}) as call:
            call.result("nothing found")
        _ask(int(input_tokens))
    trace.get_tracer_provider().shutdown()  # type: ignore[attr-defined]


def _ask(input_tokens: int) -> None:
    with loopwatch.model_call("gpt-4o-mini-2024-07-18", provider="openai") as call:
        call.usage(input_tokens=input_tokens, output_tokens=40)


if __name__ == "__main__":
    main(*sys.argv[1:])
