"""How often one answer says the same piece of text over and over; code blocks, lists and tables may."""

import re
from typing import Final

PERIOD_CHARS: Final = 250
"""Longest mean distance between two repeats of a piece. Source: gemini-cli."""

_FENCED: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LISTED: Final = re.compile(r"^\s*(?:[-*+|>#]|\d+[.)]|<).*$", re.MULTILINE)
_PIECE_CHARS: Final = 50
_ANCHORS: Final = 12
_SHORTEST_CHARS: Final = 4 * _PIECE_CHARS


def repeats_in(text: str, period_chars: int = PERIOD_CHARS) -> int:
    """Return how often the piece of 50 characters that comes back most often in *text* stands there; 0 or more."""
    if len(text) < _SHORTEST_CHARS:
        return 0
    text = _LISTED.sub("", _FENCED.sub("", text))
    return max((_repeats(text, at, period_chars) for at in _anchors(text)), default=0)


def _anchors(text: str) -> range:
    return range(0, max(len(text) - _PIECE_CHARS, 0), max(len(text) // _ANCHORS, 1))


def _repeats(text: str, at: int, period_chars: int) -> int:
    """How often the piece at *at* comes back from there on, until it is too far away."""
    piece = text[at : at + _PIECE_CHARS]
    if not piece.strip():
        return 0
    places, found = 1, text.find(piece, at + 1, at + period_chars + _PIECE_CHARS)
    while found >= 0:
        places += 1
        found = text.find(piece, found + 1, at + period_chars * places + _PIECE_CHARS)
    return places
