"""Lengths of time as people type them."""

from __future__ import annotations

import re

from loopwatch_processor.errors import LoopwatchError

_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_WRITTEN = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhd])", re.ASCII)


def parse_s(option: str, text: str, most_s: float) -> float:
    """The seconds that *text* (such as 30m, 2h, 1.5d) means.

    Raises:
        LoopwatchError: it means none, nothing, or more than *most_s*; *option* is where it was written.
    """
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise LoopwatchError(f"{option} {text[:100]!r}: write a number and a unit, such as 30m, 2h or 1d")
    duration_s = float(written[1]) * _UNITS_S[written[2]]
    if not 0 < duration_s <= most_s:
        raise LoopwatchError(f"{option} {text.strip()}: must be more than nothing and at most {said(most_s)}")
    return duration_s


def said(duration_s: float) -> str:
    """*duration_s* in the largest unit that leaves a whole number of it."""
    unit = next((unit for unit in "dhm" if duration_s % _UNITS_S[unit] == 0), "s")
    return f"{duration_s / _UNITS_S[unit]:g}{unit}"
