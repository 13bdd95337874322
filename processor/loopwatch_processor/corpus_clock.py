"""When the steps of a labelled session ran: as they say, else one second after the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

START_NS = 1_780_272_000_000_000_000
"""2026-06-01T00:00:00Z: where every session begins; only what lies between its steps is taken from it."""
STEP_NS = 1_000_000_000
"""From one step to the next, where they do not say; half of it is the step itself."""


def seconds(step: Mapping[str, Any], name: str) -> float | None:
    """The time *name* (`start` or `end`) of *step* in seconds, of any clock; None where it does not say.

    Raises ValueError where it is neither a number nor ISO 8601 (UTC where it has no offset).
    """
    value = step.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no time")
    return float(value)


class Clock:
    """Gives each step of one session its place in time, in ns; the first that says when it ran sets the zero."""

    def __init__(self) -> None:
        self.latest_ns = START_NS
        self._zero: tuple[float, int] | None = None

    def next(self, step: Mapping[str, Any]) -> tuple[int, int]:
        """Start and end of *step*: one second after the latest end so far, where the step does not say."""
        start_s, end_s = seconds(step, "start"), seconds(step, "end")
        told = start_s if start_s is not None else end_s
        if told is None:
            end_ns = self.latest_ns + STEP_NS
            start_ns = end_ns - STEP_NS // 2
        else:
            start_ns = self._ns(told)
            end_ns = max(start_ns, self._ns(end_s)) if end_s is not None else start_ns + STEP_NS // 2
        self.latest_ns = max(self.latest_ns, end_ns)
        return start_ns, end_ns

    def _ns(self, at_s: float) -> int:
        if self._zero is None:
            self._zero = (at_s, self.latest_ns + STEP_NS // 2)
        zero_s, zero_ns = self._zero
        return max(START_NS, zero_ns + round((at_s - zero_s) * STEP_NS))
