"""Our own counters and histograms for the hot path serve what the client library's would."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from loopwatch_processor.telemetry.distribution import Distribution
from loopwatch_processor.telemetry.labels import OTHER, LabelLimits, Labels
from loopwatch_processor.telemetry.metric import Metric
from loopwatch_processor.telemetry.table import RUN_STEPS, STEPS
from loopwatch_processor.telemetry.tally import Branch, Tallies

WHO = ("prod", "billing", "refunds")


def labels(limits: LabelLimits | None = None, overflow: list[str] | None = None) -> Labels:
    """Bounds that tell *overflow* of each value beyond them."""
    return Labels(limits or LabelLimits(), (overflow if overflow is not None else []).append)


def library_text(metric: Metric, amounts: list[float]) -> bytes:
    """What the client library serves after *amounts*."""
    registry = CollectorRegistry()
    histogram = Histogram(
        metric.name, metric.help, metric.labels, unit=metric.served_unit, buckets=metric.buckets, registry=registry
    )
    for amount in amounts:
        histogram.labels(*WHO).observe(amount)
    return generate_latest(registry)


@given(st.lists(st.floats(0, 2_000) | st.sampled_from([*RUN_STEPS.buckets, inf]), min_size=1))
def test_a_histogram_is_served_as_the_client_library_serves_it(amounts: list[float]) -> None:
    """Bounds belong to the bucket that they end."""
    histogram, registry = Distribution(RUN_STEPS, labels()), CollectorRegistry()
    registry.register(histogram)
    for amount in amounts:
        histogram.of(*WHO).observe(amount)
    assert generate_latest(registry) == library_text(RUN_STEPS, amounts)


def test_a_bucket_keeps_the_newest_exemplar() -> None:
    """And one without a trace takes none away."""
    histogram = Distribution(RUN_STEPS, labels())
    for trace_id in ("a" * 32, "b" * 32, ""):
        histogram.of(*WHO).observe(4.0, trace_id)
    found = [sample for family in histogram.collect() for sample in family.samples if sample.exemplar]
    assert [(sample.labels["le"], sample.exemplar) for sample in found] == [("5.0", found[0].exemplar)]
    assert found[0].exemplar is not None
    assert (found[0].exemplar.labels, found[0].exemplar.value) == ({"trace_id": "b" * 32}, 4.0)


@given(
    st.lists(st.sampled_from(["a", "b", "c", "a\n", "a?", OTHER]), max_size=30), st.integers(1, 3), st.integers(1, 4)
)
def test_a_branch_counts_as_its_counter_does(values: list[str], most_values: int, most_series: int) -> None:
    """Within the same bounds, and what is beyond them is told as often."""
    told: list[tuple[object, list[str]]] = []
    for branching in (True, False):
        overflow: list[str] = []
        limits = LabelLimits(by_label={"kind": most_values}, series=most_series)
        tally = Tallies(labels(limits, overflow)).of(STEPS)
        branch = Branch(tally, WHO)
        for value in values:
            if branching:
                branch.add(value)
            else:
                tally.add((*WHO, value))
        told.append((tally.served().samples, overflow))
    assert told[0] == told[1]


@pytest.mark.parametrize("amount", [0.0, 2.5])
def test_a_branch_serves_its_series_from_the_first_amount(amount: float) -> None:
    """Also where that is 0, which is how a series begins."""
    tally = Tallies(labels()).of(STEPS)
    branch = Branch(tally, WHO[:1], (*WHO[2:], "model_call"))
    branch.add("billing", amount)
    branch.add("billing", amount)
    (sample,) = tally.served().samples
    assert (sample.labels["service"], sample.value) == ("billing", 2 * amount)
