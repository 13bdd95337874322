"""Metrics whose value is kept elsewhere and read at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Served
from prometheus_client.registry import Collector

from loopwatch_processor.telemetry.labels import Bounded, Labels
from loopwatch_processor.telemetry.metric import Kind, Metric

Read = Callable[[], float] | Callable[[], Mapping[str, float]]
"""The value now; for a metric with one label, the value of each label value."""
Series = Mapping[tuple[str, ...], float]
"""Values by label values, in the order of the declared labels."""


class Readings(Collector):
    """Serves what its readers say at the moment of a scrape."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._readers: dict[Metric, Callable[[], Series]] = {}

    def add(self, metric: Metric, read: Read) -> None:
        """Serve *metric* with what *read* returns from now on; its label values are our own words."""
        self._readers[metric] = lambda: _series(read())

    def add_series(self, metric: Metric, read: Callable[[], Series]) -> None:
        """The same where label values come from agents or users: they are bounded, and what falls together is added."""
        bounded = Bounded(metric.labels, self._labels)
        self._readers[metric] = lambda: _within(bounded, read())

    def collect(self) -> Iterator[Served]:
        """The current values, for the registry."""
        for metric, read in self._readers.items():
            make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
            family = make(metric.name, metric.help, labels=metric.labels, unit=metric.served_unit)
            for values, amount in read().items():
                family.add_metric(values, amount)
            yield family


def _series(value: float | Mapping[str, float]) -> Series:
    return {(label,): amount for label, amount in value.items()} if isinstance(value, Mapping) else {(): value}


def _within(bounded: Bounded, series: Series) -> Series:
    served: dict[tuple[str, ...], float] = {}
    for values, amount in series.items():
        key = bounded.served(values, served, len(served))
        served[key] = served.get(key, 0.0) + amount
    return served
