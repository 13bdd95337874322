"""Quantiles in little memory, held against the exact ones."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.quantiles import BUCKETS, LEAST, MOST, RELATIVE_ERROR, QuantileSketch, merged

VALUES = st.lists(st.floats(LEAST, MOST), min_size=1, max_size=300)
SHARES = st.sampled_from([0.0, 0.5, 0.9, 0.99, 1.0])


def sketch(values: list[float]) -> QuantileSketch:
    """A sketch of *values*."""
    made = QuantileSketch()
    for value in values:
        made.add(value)
    return made


def exact(values: list[float], share: float) -> float:
    """The quantile by sorting, at the rank rounded down."""
    return sorted(values)[math.floor(share * (len(values) - 1))]


@given(VALUES, SHARES)
def test_an_estimate_is_within_the_relative_error(values: list[float], share: float) -> None:
    """Whatever the values are, from a millisecond to thirty years."""
    true = exact(values, share)
    assert abs(sketch(values).quantile(share) - true) <= true * RELATIVE_ERROR * (1 + 1e-9)


@given(st.lists(VALUES, max_size=7), SHARES)
def test_merged_sketches_are_the_sketch_of_all(parts: list[list[float]], share: float) -> None:
    """Seven days are one week, without further error."""
    whole = sketch([value for part in parts for value in part])
    together = merged(sketch(part) for part in parts)
    assert (together.buckets, together.count) == (whole.buckets, whole.count)
    assert together.quantile(share) == whole.quantile(share)


@given(st.lists(st.floats(min_value=0, allow_nan=False), max_size=300))
def test_memory_is_bounded(values: list[float]) -> None:
    """Zero, the tiniest and infinity fall into buckets that there are anyway."""
    assert sketch(values).buckets.keys() <= set(BUCKETS)


def test_one_extreme_in_a_hundred_is_not_the_99th_percentile() -> None:
    """The rank is rounded down, so that it takes a second one to move it."""
    assert sketch([10.0] * 99 + [1e6]).quantile(0.99) == pytest.approx(10.0, rel=RELATIVE_ERROR)
    assert sketch([10.0] * 98 + [1e6] * 2).quantile(0.99) == pytest.approx(1e6, rel=RELATIVE_ERROR)


def test_of_nothing_every_quantile_is_0() -> None:
    """A new agent has no past."""
    assert QuantileSketch().quantile(0.99) == 0.0
