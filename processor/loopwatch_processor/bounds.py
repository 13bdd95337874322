"""What is remembered at most, and what was forgotten for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Bounds of what is remembered; each that bites is counted."""

    sessions: int = 100_000
    traces: int = 20_000
    spans: int = 1_000_000
    """Spans remembered in all traces together; beyond it the least recently active traces are forgotten."""
    spans_per_trace: int = 4_096
    parts_per_span: int = 20_000
    """Attributes, events and links of one span together, beyond which it is not scored; also of a log record."""
    span_ids: int = 1_000_000
    """Span ids remembered to tell a repeated delivery."""
    chains: int = 100_000
    runs_per_session: int = 256
    agents_per_session: int = 64
    requests_per_session: int = 64
    """Tool calls asked for, answered, or seen, by which those inside messages are told from those with spans."""
    findings_per_session: int = 128
    open_spans: int = 20_000
    """Spans that have not ended, of which their processes tell."""
    open_grace_s: float = 60.0
    """After a start nothing is said of those for so long: all have to be heard of first."""
    idle_s: float = 86_400.0
    """A session that hears nothing for so long ends."""
    cool_s: float = 60.0
    """A session or trace that hears nothing for so long is packed until somebody asks for it; its state is the same."""


@dataclass(slots=True)
class Counts:
    """What the store had to do with spans and sessions, since the start."""

    duplicates: int = 0
    evicted_sessions: int = 0
    evicted_traces: int = 0
    untracked_spans: int = 0
    """Spans that their trace forgot beyond `spans_per_trace`: they stay counted where they are."""
    expired_sessions: int = 0
    forgotten: Counter[str] = field(default_factory=Counter)
    """What else was forgotten, by what it was: chains, messages, runs, agents, requests, findings."""


class SeenIds:
    """The newest *size* to 2 × *size* span ids, in two generations that rotate.

    Ids are held as hashes, a third of their size: with a million of them two are mistaken for one once in 10^13 spans.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: set[int] = set()
        self._old: set[int] = set()

    def __contains__(self, key: str) -> bool:
        hashed = hash(key)
        return hashed in self._young or hashed in self._old

    def is_new(self, key: str) -> bool:
        """Whether *key* has not been seen lately; it has from now on."""
        hashed = hash(key)
        if hashed in self._young or hashed in self._old:
            return False
        self._young.add(hashed)
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()
        return True
