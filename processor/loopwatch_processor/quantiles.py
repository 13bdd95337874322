"""Quantiles of any number of values in little memory, within a relative error, mergeable."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

RELATIVE_ERROR = 0.03
"""How far an estimate is from the true quantile at most, as a share of it."""
LEAST, MOST = 1e-3, 1e9
"""What is outside counts as the nearer of them, which bounds the buckets of a sketch to some five hundred."""
_BASE = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_BASE = math.log(_BASE)


def _bucket_of(value: float) -> int:
    return math.ceil(math.log(value) / _LOG_BASE)


BUCKETS = range(_bucket_of(LEAST), _bucket_of(MOST) + 1)
"""All that there can be."""


class QuantileSketch:
    """Counts values in buckets whose bounds grow by a constant factor.

    The idea is DDSketch's (Masson, Rim and Lee, VLDB 2019): the middle of a bucket is within the relative error of
    everything in it, and two sketches are merged by adding their counts.
    """

    __slots__ = ("buckets", "count")

    def __init__(self, buckets: Mapping[int, int] | None = None) -> None:
        self.buckets: dict[int, int] = dict(buckets or {})
        """How many values by bucket: i holds those above base^(i-1), up to base^i."""
        self.count = sum(self.buckets.values())

    def add(self, value: float) -> None:
        """Count *value*, which is not negative."""
        bucket = _bucket_of(min(MOST, max(LEAST, value)))
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.count += 1

    def quantile(self, share: float) -> float:
        """The value that *share* of all are not above, rounded down to a rank: one extreme among a hundred is not
        their 99th percentile. 0 where there are none."""
        rank = math.floor(share * (self.count - 1))
        for bucket in sorted(self.buckets):
            rank -= self.buckets[bucket]
            if rank < 0:
                return 2 * _BASE**bucket / (_BASE + 1)
        return 0.0


def merged(sketches: Iterable[QuantileSketch]) -> QuantileSketch:
    """One sketch of all that *sketches* counted."""
    buckets: dict[int, int] = {}
    for sketch in sketches:
        for bucket, count in sketch.buckets.items():
            buckets[bucket] = buckets.get(bucket, 0) + count
    return QuantileSketch(buckets)
