"""What is declared of a metric, and the name that it is served by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a metric does over time."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One declared metric."""

    name: str
    """Without the `_total` that Prometheus adds to a counter."""
    kind: Kind
    unit: str
    """As OpenTelemetry writes it: `s`, `By`, `1`, `{USD}`, `{step}`."""
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()

    @property
    def served_name(self) -> str:
        """The name to query."""
        return f"{self.name}_total" if self.kind is Kind.COUNTER else self.name

    @property
    def served_unit(self) -> str:
        """The unit that the name ends with; "" for plain counts, whose names say what is counted."""
        return _SERVED_UNITS.get(self.unit, "")


_SERVED_UNITS = {"s": "seconds", "By": "bytes", "1": "ratio", "{USD}": "usd"}
# The rule by which OpenTelemetry names become Prometheus names, and one addition: it drops units in braces, which
# suits counts, but an amount of money without its currency could not be read.
