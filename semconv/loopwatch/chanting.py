"""How often one answer says the same piece of text over and over; code blocks, lists and tables may."""

import re
from typing import Final

PERIOD_CHARS: Final = 250
"""Longest mean distance between two repeats of a piece. Source: gemini-cli."""

_FENCE: Final = "```"
_LIST_SIGNS: Final = frozenset("-*+|>#<")
_NUMBERED: Final = re.compile(r"\d+[.)]")
_PIECE_CHARS: Final = 50
_ANCHORS: Final = 12
_SHORTEST_CHARS: Final = 4 * _PIECE_CHARS


def repeats_in(text: str, period_chars: int = PERIOD_CHARS) -> int:
    """Return how often the piece of 50 characters that comes back most often in *text* stands there; 0 or more."""
    if len(text) < _SHORTEST_CHARS:
        return 0
    text = _without_lists("".join(text.split(_FENCE)[::2]))
    return max((_repeats(text, at, period_chars) for at in _anchors(text)), default=0)


def _without_lists(text: str) -> str:
    """*text* without the lines of lists and tables, and the empty lines right above them.

    Line by line, as a pattern that looks at each letter for the beginning of a line takes twenty times as long.
    """
    kept: list[str] = []
    empty = 0
    for line in text.split("\n"):
        said = line.lstrip()
        is_listed = said != "" and (
            said[0] in _LIST_SIGNS or (said[0].isdecimal() and _NUMBERED.match(said) is not None)
        )
        if is_listed:
            del kept[len(kept) - empty :]
        kept.append("" if is_listed else line)
        empty = 0 if said else empty + 1
    return "\n".join(kept)


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
