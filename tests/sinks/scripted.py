"""A transport for tests: it answers as told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.sinks.otlp_answer import Answer, Delivered


@dataclass
class Scripted:
    """Gives the scripted answers in turn, each once the gate is open, then delivers."""

    answers: list[Answer | Exception] = field(default_factory=list)
    sent: list[tuple[Signal, bytes]] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    async def send(self, signal: Signal, body: bytes) -> Answer:
        """Answer once the gate is open."""
        await self.open.wait()
        self.sent.append((signal, body))
        answer = self.answers.pop(0) if self.answers else Delivered()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True
