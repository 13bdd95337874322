"""Text of senders, as a terminal may be shown it."""

from __future__ import annotations


def harmless(text: str) -> str:
    """*text* on one line, without what a terminal would obey: senders of spans choose it."""
    return "".join(char if char.isprintable() else "?" for char in text)
