"""What a fake model reads from a request, and the usage it answers with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.fake_models.scenario import Turn


@dataclass(frozen=True)
class Usage:
    """Tokens of one call; *input_tokens* include *cached_tokens*."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Reply:
    """One answer: its turn, its usage and an id that is unique in the server."""

    number: int
    model: str
    turn: Turn
    usage: Usage

    def call_id(self, index: int) -> str:
        """The id of the tool call at *index*."""
        return f"call_{self.number:020d}{index:04d}"


def usage_of(prompt: Any, turn: Turn) -> Usage:
    """A deterministic usage: four letters a token, the first half of a long prompt from the cache."""
    letters = len(json.dumps(prompt))
    answer = turn.text + "".join(call.name + json.dumps(call.arguments) for call in turn.calls)
    input_tokens = letters // 4 + 1
    return Usage(input_tokens, input_tokens // 2 if letters > 1200 else 0, len(answer) // 4 + 1)


def observations(messages: list[Any]) -> int:
    """How many tool results are in *messages* as plain text, as text-only agents show them."""
    return sum(json.dumps(message).count("Observation:") for message in messages if message.get("role") != "system")
