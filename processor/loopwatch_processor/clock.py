"""`Clock`: Unix time, and word of time for which nobody listened."""

from __future__ import annotations

import time
from collections.abc import Callable

LISTENED_S = 5.0
"""Time between two looks at the clock counts for so much at most: the service looks every second, if it runs at all."""
SET_S = 5.0
"""Time is slewed, and an event loop is held up, for less: no reason to look at every session."""


class Clock:
    """Unix time as the machine has it, which may be set, and stands still while the machine sleeps.

    Silence that nobody listened to is no silence: `on_lost` hears by how many seconds the time has moved on, or back,
    without anybody having listened, before the new time is given out.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._wall_s, self._steady_s = wall(), steady()
        self.on_lost: Callable[[float], None] = lambda _lost_s: None

    def __call__(self) -> float:
        """Unix time in seconds."""
        wall_s, steady_s = self._wall(), self._steady()
        lost_s = wall_s - self._wall_s - min(steady_s - self._steady_s, LISTENED_S)
        self._wall_s, self._steady_s = wall_s, steady_s
        if abs(lost_s) > SET_S:
            self.on_lost(lost_s)
        return wall_s
