"""What the second blind part is put together with: labels with their reasons, and the noise that real results carry."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

from tests.cases.grammars.parts import Draft, Part, drawn


def loop(name: str, why: str, steps: Sequence[Part], call: int = 0, step: int = 0) -> Draft:
    """A loop that begins at the tool call number *call* (from 1), or at the step of index *step*."""
    if call:
        step = [index for index, part in enumerate(steps) if part["kind"] == "tool"][call - 1]
    return Draft(name, _dressed(name, steps), step, why)


def fine(name: str, why: str, steps: Sequence[Part]) -> Draft:
    """A session that gets on, whatever it looks like."""
    return Draft(name, _dressed(name, steps), None, why)


def hexes(dice: random.Random, length: int = 8) -> str:
    """An id that no other call has."""
    return "".join(dice.choice("0123456789abcdef") for _ in range(length))


def guid(dice: random.Random) -> str:
    """A request id as gateways write it."""
    return "-".join(hexes(dice, length) for length in (8, 4, 4, 4, 12))


def stamp(minutes: int, seconds: int = 0) -> str:
    """A time of one day in May, so many minutes after nine."""
    return f"2026-05-12T{9 + minutes // 60:02d}:{minutes % 60:02d}:{seconds % 60:02d}Z"


def _dressed(name: str, steps: Sequence[Part]) -> tuple[Part, ...]:
    """*steps* as they come through a gateway: half of the sessions have one, and it adds words of its own."""
    dice = drawn(f"gateway of {name}")
    gateway = dice.choice((_protocol, _http, _sandbox, None, None, None))
    if gateway is None:
        return tuple(steps)
    made = hexes(dice, 24)
    return tuple(
        {**part, "result": gateway(part["result"], dice, made, at)} if _answers(part) else part
        for at, part in enumerate(steps)
    )


def _answers(part: Part) -> bool:
    return part["kind"] == "tool" and "result" in part


def _text(result: Any) -> str:
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


def _protocol(result: Any, dice: random.Random, made: str, at: int) -> Any:
    told = {"server": "tools-gateway/2.8.1", "session": made, "call": guid(dice), "elapsedMs": dice.randint(8, 2400)}
    meta = {**told, "rateLimit": {"limit": 600, "remaining": 600 - at}}
    return {"content": [{"type": "text", "text": _text(result)}], "isError": False, "_meta": meta}


def _http(result: Any, dice: random.Random, made: str, at: int) -> str:
    return (
        f"HTTP/1.1 200 OK\ndate: Tue, 12 May 2026 09:{at:02d}:{dice.randint(0, 59):02d} GMT\nserver: envoy\n"
        f"x-request-id: {guid(dice)}\nx-envoy-upstream-service-time: {dice.randint(3, 900)}\nvary: accept-encoding\n"
        f"set-cookie: sid={made}; Path=/; HttpOnly; Secure\n\n{_text(result)}"
    )


def _sandbox(result: Any, dice: random.Random, made: str, at: int) -> str:
    return (
        f"{_text(result)}\n---\n[sandbox {made[:8]}] step {at}, wall {dice.uniform(0.1, 9):.2f} s, cpu "
        f"{dice.uniform(0.05, 2):.2f} s, max rss {dice.randint(40, 900)} MB. Files outside of /workspace are not kept. "
        "Outputs above 30000 characters are cut."
    )
