"""What the suite measures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bench.servers import COMPILED, KINDS, LOOPWATCH, TAIL, TEE


@dataclass(frozen=True, slots=True)
class Way:
    """How spans travel."""

    protocol: str
    spans_per_batch: int
    gzip: bool = False

    def __str__(self) -> str:
        return f"{self.protocol} {self.spans_per_batch}{' gzip' if self.gzip else ''}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cases, and how much of each."""

    ways: tuple[Way, ...]
    kinds: tuple[str, ...]
    rounds: int
    spans: int
    """A case; twice as many for a Collector, for which the kernel's clock ticks are coarse."""
    sessions: int
    delay_s: float
    """How long half of the load that saturates is kept up, in the first round."""
    compiled: Path | None = None
    """Where compiled packages are, if these are measured as well."""

    def load(self, kind: str) -> int:
        """Spans for a server of *kind*."""
        return self.spans if kind in LOOPWATCH else self.spans * 2


FULL = Plan(
    ways=(Way("grpc", 512), Way("grpc", 10), Way("http", 512), Way("http", 10), Way("grpc", 512, gzip=True)),
    kinds=KINDS,
    rounds=3,
    spans=12_000,
    sessions=1_000,
    delay_s=5.0,
)
QUICK = Plan(
    ways=(Way("grpc", 512), Way("http", 10)), kinds=(TEE, TAIL), rounds=1, spans=4_000, sessions=1_000, delay_s=3.0
)


def beside(plan: Plan, compiled: Path) -> Plan:
    """*plan* with the packages of the folder *compiled* as well."""
    return replace(plan, compiled=compiled, kinds=(plan.kinds[0], COMPILED, *plan.kinds[1:]))
