"""What sessions are made of: steps in the format of docs/evaluate.md, and a case with its label."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

SEED = 20260613
"""Of every number that is drawn, and of which half a case is in."""

Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """A session before its review: what makes it a loop, or not, is said in reviews.py."""

    name: str
    steps: Sequence[Part]
    onset: int | None = None
    """Of loops: the index of the first step that only repeats."""
    why: str = ""
    """The reason of its label, where it is told with the case and not in reviews.py."""


def drawn(name: str) -> random.Random:
    """The dice of the case *name*: cases do not change when others are added."""
    return random.Random(f"{SEED} {name}")


def tool(name: str, arguments: Any = None, result: Any = None, **others: Any) -> Part:
    """A tool call; *others*: error, agent, start, end, run."""
    return _told(kind="tool", name=name, arguments=arguments, result=result, **others)


def llm(text: str | None = None, **others: Any) -> Part:
    """A model's answer; *others*: agent, input_tokens, output_tokens, start, end, run."""
    return _told(kind="llm", result=text, **others)


def user(text: str, **others: Any) -> Part:
    """What somebody said to the agent."""
    return _told(kind="user", result=text, **others)


def every(steps: Iterable[Part], gap_s: float, took_s: float = 1.0, begin_s: float = 0.0) -> list[Part]:
    """*steps*, one each *gap_s* seconds, each of *took_s* seconds."""
    return [
        {**step, "start": begin_s + gap_s * index, "end": begin_s + gap_s * index + took_s}
        for index, step in enumerate(steps)
    ]


def together(steps: Iterable[Part], dice: random.Random, begin_s: float = 0.0, took_s: float = 4.0) -> list[Part]:
    """*steps* as one decision: started within milliseconds, done when each is done."""
    return [
        {
            **step,
            "start": round(begin_s + 0.004 * index, 3),
            "end": round(begin_s + took_s * dice.uniform(0.5, 1.0), 3),
        }
        for index, step in enumerate(steps)
    ]


def _told(**fields: Any) -> Part:
    return {name: value for name, value in fields.items() if value is not None}
