"""Numbers of things, in words."""

from __future__ import annotations


def counted(count: int, what: str) -> str:
    """`1 step`, `2 steps`: *what* is the word for one, of those that take an s."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
