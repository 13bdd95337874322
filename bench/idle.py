"""What silent sessions take, from ten to a million of them: python -m bench.idle --sessions 1000000

Every session has one turn and falls silent; what is silent is packed between the requests, as the service does it. At
each power of ten, and in the end, prints one JSON object (`Silent`). One process does all, whose resident memory tells.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

from bench.shapes import Shape, read_shapes
from bench.state import resident_bytes
from bench.traffic import START_NS, Mix, batches, conversations, spans_of_a_turn
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.serve import GC_THRESHOLDS
from loopwatch_processor.config import Config
from loopwatch_processor.store import SETTLE_S

_SPANS_A_REQUEST = 10
_REQUESTS = 50
"""Between two rounds of packing."""
_WOKEN_SPANS = 2_000
_OTHERS = 3_000
"""Sessions of another fleet that come first: what a process takes once is not counted."""


@dataclass(frozen=True, slots=True)
class Silent:
    """What was measured when so many sessions were open."""

    sessions: int
    packed: int
    spans: float
    """Of each."""
    session_bytes: float
    """Of resident memory that the process grew by, for each: names, traces and the ids of spans included."""
    us_per_span: float
    """Processor time of a span that comes while so many are open: those that open sessions."""
    packing_us: float
    """Processor time to pack a session with its traces."""
    waking_us_per_span: float
    """Processor time of a span for sessions drawn by lot, nearly all of them packed."""
    longest_ms: float
    """The most processor time that one request of ten spans, or one portion of packing, took since the line before."""


class _Fed:
    """A pipeline with a clock of its own."""

    def __init__(self, sessions: int) -> None:
        bounds = {"max_sessions": sessions, "max_traces": 2 * sessions, "max_spans": 10 * sessions, "idle_s": 1e9}
        self.pipeline = build_pipeline(Config.model_validate({"sessions": bounds}))
        self.now_s = 0.0
        self.longest_s = 0.0

    def feed(self, bodies: Iterable[bytes]) -> float:
        """Score *bodies*; returns the processor time."""
        used_s = 0.0
        for body in bodies:
            self.now_s += 0.01
            began_s = time.process_time()
            self.pipeline.feed_traces(body, self.now_s)
            used_s += self._took(began_s)
        return used_s

    def pack(self) -> float:
        """Let all fall silent, and pack it; returns the processor time."""
        self.now_s += SETTLE_S
        self.pipeline.tick(self.now_s)  # tells of the runs that ended
        self.now_s += 2 * self.pipeline.sessions.limits.cool_s
        used_s, goes_on = 0.0, True
        while goes_on:
            began_s = time.process_time()
            goes_on = self.pipeline.cool(self.now_s)
            used_s += self._took(began_s)
        return used_s

    def _took(self, began_s: float) -> float:
        took_s = time.process_time() - began_s
        self.longest_s = max(self.longest_s, took_s)
        return took_s


def silent(most: int, made_of: Sequence[Shape]) -> Iterator[Silent]:
    """Open up to *most* sessions, and tell at each power of ten."""
    gc.set_threshold(*GC_THRESHOLDS)
    fed = _Fed(most + _OTHERS)
    fed.feed(batches(spans_of_a_turn(_OTHERS, made_of), Mix(_OTHERS, _SPANS_A_REQUEST, 9, 2, in_turn=True), made_of))
    fed.pack()
    gc.collect()
    others, before_bytes = len(fed.pipeline.sessions.open), resident_bytes()
    stream = batches(spans_of_a_turn(most, made_of), Mix(most, _SPANS_A_REQUEST, in_turn=True), made_of)
    spans, count = 0, min(10, most)
    while count:
        used_s = packing_s = 0.0
        opened, before = len(fed.pipeline.sessions.open), spans
        while len(fed.pipeline.sessions.open) - others < count:
            bodies = list(islice(stream, min(_REQUESTS, max(1, count // _SPANS_A_REQUEST))))
            if not bodies:
                break
            used_s += fed.feed(bodies)
            spans += len(bodies) * _SPANS_A_REQUEST
            packing_s += fed.pack()
        gc.collect()
        sessions = len(fed.pipeline.sessions.open) - others
        new = max(1, sessions + others - opened)
        grown = resident_bytes() - before_bytes
        packed = len(fed.pipeline.sessions.open.shelf) - others
        woken = list(batches(_WOKEN_SPANS, Mix(count, _SPANS_A_REQUEST, seed=2, start_ns=START_NS + 10**12), made_of))
        waking_s = fed.feed(woken)
        fed.pack()
        yield Silent(
            sessions,
            packed,
            round(spans / sessions, 2),
            round(grown / sessions),
            round(used_s / max(1, spans - before) * 1e6, 1),
            round(packing_s / new * 1e6, 1),
            round(waking_s / _WOKEN_SPANS * 1e6, 1),
            round(fed.longest_s * 1e3, 1),
        )
        fed.longest_s = 0.0
        count = min(10 * count, most) if count < most else 0


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(prog="python -m bench.idle", description=__doc__)
    options.add_argument("--sessions", type=int, default=10_000, help="a million of one span each take ten minutes")
    options.add_argument("--only", default="", help="of the recordings, such as langfuse/openai_stream")
    given = options.parse_args()
    made_of = [shape for shape in conversations(read_shapes()) if given.only in ("", f"{shape.dialect}/{shape.name}")]
    for line in silent(given.sessions, made_of):
        print(json.dumps(asdict(line)), flush=True)


if __name__ == "__main__":
    main()
