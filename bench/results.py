"""What the suite measured: one JSON file, and one table of medians with their ratio to the Collector."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


class BadResults(Exception):
    """A result file that cannot be read, in one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One case in one round."""

    what: str
    """The server, or the code in process."""
    way: str
    """Protocol, batch size and compression, such as "grpc 512 gzip"."""
    round: int
    spans: int
    cpu_s: float
    took_s: float = 0.0
    ready_s: float | None = None
    peak_bytes: int | None = None
    generator_cpu_s: float | None = None
    delays_ms: dict[str, float] = field(default_factory=dict)
    """p50, p95, p99 and max from receipt to answer, at half of what saturates; empty where that was not measured."""
    longest_silence_ms: float | None = None

    @property
    def us_per_span(self) -> float:
        """Processor time, which is also CPU seconds per million spans."""
        return self.cpu_s / self.spans * 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """The median of one case over all rounds."""

    what: str
    way: str
    us_per_span: float
    spread: float
    """(largest - smallest) / median."""
    ratio: float | None
    """Of the tail-sampling Collector's cost to this one's: 1 is as cheap, 0.1 is ten times as dear."""
    ready_s: float | None
    peak_bytes: int | None
    delays_ms: dict[str, float]
    longest_silence_ms: float | None

    @property
    def spans_per_s(self) -> float:
        """That one core does."""
        return 1e6 / self.us_per_span


def rows(measured: Sequence[Measured], base: str) -> list[Row]:
    """One for each case, in the order of the first round; ratios are to *base* the same way, round by round."""
    cases = list(dict.fromkeys((item.what, item.way) for item in measured))
    return [_row([item for item in measured if (item.what, item.way) == case], measured, base) for case in cases]


def _row(items: Sequence[Measured], measured: Sequence[Measured], base: str) -> Row:
    costs = [item.us_per_span for item in items]
    bases = {item.round: item.us_per_span for item in measured if (item.what, item.way) == (base, items[0].way)}
    ratios = [bases[item.round] / item.us_per_span for item in items if item.round in bases]
    delays = [item.delays_ms for item in items if item.delays_ms]
    return Row(
        items[0].what,
        items[0].way,
        statistics.median(costs),
        (max(costs) - min(costs)) / statistics.median(costs),
        statistics.median(ratios) if ratios else None,
        _median(item.ready_s for item in items),
        max((item.peak_bytes for item in items if item.peak_bytes is not None), default=None),
        {name: statistics.median(delay[name] for delay in delays) for name in (delays[0] if delays else ())},
        _median(item.longest_silence_ms for item in items),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def table(told: Iterable[Row], base: str) -> Iterator[str]:
    """*told* as lines of Markdown."""
    yield (
        f"| what | way | CPU, µs a span | spans/s a core | speed ({base}: 1 ×) | "
        "answer at half load, ms: p50 / p95 / p99 | longest silence, ms | peak memory, MB | ready after, s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in told:
        delays = " / ".join(f"{row.delays_ms[name]:.0f}" for name in ("p50", "p95", "p99")) if row.delays_ms else ""
        yield (
            f"| {row.what} | {row.way} | {row.us_per_span:.3g} ± {row.spread / 2:.0%} | {row.spans_per_s:,.0f} | "
            f"{_shown(row.ratio, '{:.2g} ×')} | {delays} | {_shown(row.longest_silence_ms, '{:.0f}')} | "
            f"{_shown(row.peak_bytes and row.peak_bytes / 1e6, '{:.0f}')} | {_shown(row.ready_s, '{:.2f}')} |"
        )


def _shown(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def save(path: Path, about: dict[str, Any], measured: Iterable[Measured]) -> None:
    """Write the result file: what it was measured on and with, and every case of every round."""
    lines = ",\n".join(json.dumps(asdict(item)) for item in measured)
    path.write_text(f'{{"about": {json.dumps(about)},\n"measured": [\n{lines}\n]}}\n', encoding="utf-8")


def load(path: Path) -> tuple[dict[str, Any], list[Measured]]:
    """What `save` wrote.

    Raises:
        BadResults: it is no result file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return content["about"], [Measured(**item) for item in content["measured"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadResults(f"{path} is no result file of `python -m bench`: {error}") from error


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 (the nearest rank) and the largest."""
    ranked = sorted(values)
    found = {f"p{share}": ranked[min(len(ranked) - 1, len(ranked) * share // 100)] for share in (50, 95, 99)}
    return {**found, "max": ranked[-1]}
