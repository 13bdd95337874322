"""What came of one attempt to deliver a message."""

from __future__ import annotations

from dataclasses import dataclass

WAIT_MAX_S = 600.0
"""A longer wish of a receiver is cut to this."""
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver took it; *said* is its answer."""

    said: str = ""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It may work later: in *after_s* seconds where the receiver said so."""

    why: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never work."""

    why: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Nothing was sent: our own rate limit has room again in *after_s* seconds."""

    after_s: float


Answer = Delivered | TryAgain | Refused | NotYet


def shorten(text: str) -> str:
    """*text*, which somebody else wrote, as part of one log line."""
    line = "".join(char if char.isprintable() else " " for char in text[:_SHOWN_CHARACTERS])
    return line if len(text) <= _SHOWN_CHARACTERS else f"{line}…"
