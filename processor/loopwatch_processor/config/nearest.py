"""Guesses what somebody meant to write."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The word of *known* that looks most like *word*; None where none does."""
    names = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if close:
        return names[close[0]]
    return next((name for lowered, name in names.items() if word and word.lower() in lowered), None)
