"""Counters for the hot path: several times cheaper than the client library's, which lock and check each time."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from loopwatch_processor.telemetry.labels import Bounded, Labels
from loopwatch_processor.telemetry.metric import Metric


class Sum:
    """One series of a counter."""

    __slots__ = ("amount",)

    def __init__(self) -> None:
        self.amount = 0.0


class Tally:
    """One counter, by label values."""

    __slots__ = ("_begun", "_bounded", "_metric", "_sums")

    def __init__(self, metric: Metric, labels: Labels) -> None:
        self._metric = metric
        self._bounded = Bounded(metric.labels, labels)
        self._sums: dict[tuple[str, ...], Sum] = {}
        self._begun = 0

    def begin(self, values: tuple[str, ...]) -> None:
        """Serve *values*, which are our own words, from 0 on; they do not count towards the bounds."""
        if values not in self._sums:
            self._begun += 1
            self._sums[values] = Sum()

    def add(self, values: tuple[str, ...], amount: float = 1.0) -> None:
        """Add *amount*, which is not negative, for *values* in the order of the declared labels."""
        series = self._sums.get(values)
        if series is None:
            served = self._bounded.served(values, self._sums, len(self._sums) - self._begun)
            series = self._sums.setdefault(served, Sum())
        series.amount += amount

    def served_as_is(self, values: tuple[str, ...]) -> Sum | None:
        """The series of exactly *values*; None where there is none, or they are served as others."""
        return self._sums.get(values)

    def served(self) -> CounterMetricFamily:
        """The sums so far."""
        metric = self._metric
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels, unit=metric.served_unit)
        for values, series in self._sums.items():
            family.add_metric(values, series.amount)
        return family


class Branch:
    """The series of one counter that differ in one label alone, held by its value.

    To count one is to look up one text: 0.2 µs, where `Tally.add` takes 0.5 to make a tuple of all labels and hash it.
    What has no series of its own is not held, so a branch is within the bounds of its counter.
    """

    __slots__ = ("_after", "_before", "_sums", "_tally")

    def __init__(self, tally: Tally, before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> None:
        self._tally = tally
        self._before = before
        self._after = after
        self._sums: dict[str, Sum] = {}

    def add(self, value: str, amount: float = 1.0) -> None:
        """Add *amount*, which is not negative, for *value*."""
        series = self._sums.get(value)
        if series is not None:
            series.amount += amount
        else:
            self._add_new(value, amount)

    def _add_new(self, value: str, amount: float) -> None:
        values = (*self._before, value, *self._after)
        self._tally.add(values, amount)
        if (series := self._tally.served_as_is(values)) is not None:
            self._sums[value] = series


class Tallies(Collector):
    """All tallies of one registry."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._tallies: dict[Metric, Tally] = {}

    def of(self, metric: Metric) -> Tally:
        """The tally for *metric*."""
        return self._tallies.setdefault(metric, Tally(metric, self._labels))

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The sums so far, for the registry."""
        return (tally.served() for tally in self._tallies.values())
