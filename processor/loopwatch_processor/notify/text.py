"""Text that agents chose, made fit for people: nothing in it acts, hides or runs on for pages."""

from __future__ import annotations

_CHAT = str.maketrans({"<": "‹", ">": "›", "@": "＠", "[": "(", "]": ")", "`": "'"})
"""What chat services read as a mention, a link or code, and what looks like it."""


def printable(text: str, max_characters: int) -> str:
    """*text* on one line and cut; control characters, line ends and changes of direction are shown as escapes."""
    shown = "".join(char if char.isprintable() else _escape(char) for char in text[:max_characters])
    return shown if len(shown) <= max_characters and len(text) <= max_characters else f"{shown[: max_characters - 1]}…"


def for_chat(text: str) -> str:
    """*text* without what could call everybody in a channel or hide where a link leads."""
    return text.translate(_CHAT)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
