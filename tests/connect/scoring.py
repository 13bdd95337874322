"""Exported bodies → sessions, by loopwatch's own pipeline with its default settings."""

from __future__ import annotations

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.replay import Recorded, Replay
from loopwatch_processor.session import Session


def score(bodies: list[tuple[Signal, bytes]]) -> list[Session]:
    """The sessions that come out of *bodies*, in the order they began."""
    player = Replay(build_pipeline(Config()))
    for signal, body in bodies:
        player.feed(Recorded(signal, body, "received", 0))
    return sorted(player.sessions(), key=lambda session: session.started_ns)
