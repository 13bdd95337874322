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
    """And so many names, of its tools and of sessions that its steps are counted in."""
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
    """What else was forgotten, by what it was: chains, messages, runs, agents, requests, findings, …"""


_BOXES = 16_384
_BOX_BITS = 14
_HASH_BYTES = 7
_ALL_BITS = 2**64 - 1


class SeenIds:
    """The newest *size* to 2 × *size* span ids, in two generations that rotate.

    Ids are held as hashes of 64 bits: with a million of them two are mistaken for one once in 10^13 spans. Those that
    agree in 14 bits stand side by side in one string, with the other bits: 9 bytes each where a set takes 90.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._count = 0
        """In the younger generation."""
        self._young = [b""] * _BOXES
        self._old = [b""] * _BOXES

    def __contains__(self, key: str) -> bool:
        hashed = hash(key) & _ALL_BITS
        box, rest = hashed % _BOXES, (hashed >> _BOX_BITS).to_bytes(_HASH_BYTES, "little")
        return self._is_known(box, rest)

    def is_new(self, key: str) -> bool:
        """Whether *key* has not been seen lately; it has from now on."""
        hashed = hash(key) & _ALL_BITS
        box, rest = hashed % _BOXES, (hashed >> _BOX_BITS).to_bytes(_HASH_BYTES, "little")
        young = self._young
        # Nearly always they are nowhere, not even across two others.
        if (young[box].find(rest) >= 0 or self._old[box].find(rest) >= 0) and self._is_known(box, rest):
            return False
        young[box] += rest
        self._count += 1
        if self._count >= self._size:
            self._old, self._young, self._count = young, [b""] * _BOXES, 0
        return True

    def _is_known(self, box: int, rest: bytes) -> bool:
        return _holds(self._young[box], rest) or _holds(self._old[box], rest)


def _holds(hashes: bytes, rest: bytes) -> bool:
    at = hashes.find(rest)
    while at > 0 and at % _HASH_BYTES:  # found across two of them
        at = hashes.find(rest, at + 1)
    return at >= 0
