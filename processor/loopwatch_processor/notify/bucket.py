"""A token bucket: how much may be sent now, and when there is room again."""

from __future__ import annotations

BURST = 10
PER_MINUTE = 90
"""Both together: at most 100 in any minute, where PagerDuty refuses above 120 or so for each routing key."""

_LEAST_S = 0.01


class Bucket:
    """*burst* tokens, refilled with *per_minute* of them; time is the caller's, in seconds."""

    def __init__(self, burst: int = BURST, per_minute: int = PER_MINUTE) -> None:
        self._burst = float(burst)
        self._per_s = per_minute / 60.0
        self._tokens = self._burst
        self._at_s: float | None = None

    def take(self, now_s: float) -> float:
        """Take a token and return 0; where there is none, return the seconds until there will be one."""
        passed_s = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
        self._tokens = min(self._burst, self._tokens + passed_s * self._per_s)
        self._at_s = now_s
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        # Unix time as a float is exact to a fraction of a microsecond: a wait below that would never be over.
        return max(_LEAST_S, (1.0 - self._tokens) / self._per_s)
