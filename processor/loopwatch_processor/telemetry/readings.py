"""Metrics whose value is kept elsewhere and read at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Served
from prometheus_client.registry import Collector

from loopwatch_processor.telemetry.table import Kind, Metric

Read = Callable[[], float] | Callable[[], Mapping[str, float]]
"""The value now; for a metric with one label, the value of each label value."""


class Readings(Collector):
    """Serves what its readers say at the moment of a scrape."""

    def __init__(self) -> None:
        self._readers: dict[Metric, Read] = {}

    def add(self, metric: Metric, read: Read) -> None:
        """Serve *metric* with what *read* returns from now on."""
        self._readers[metric] = read

    def collect(self) -> Iterator[Served]:
        """The current values, for the registry."""
        for metric, read in self._readers.items():
            make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
            family = make(metric.name, metric.help, labels=metric.labels, unit=metric.served_unit)
            value = read()
            for label, amount in value.items() if isinstance(value, Mapping) else [("", value)]:
                family.add_metric([label] if metric.labels else [], amount)
            yield family
