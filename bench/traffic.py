"""Realistic traffic of agents, told by a seed: copies of recorded traces with ids, times, sessions and subjects of
their own. Print what it is made of: python -m bench.traffic"""

from __future__ import annotations

import random
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice

from bench.shapes import SUBJECT, Hole, Kind, Shape, read_shapes

START_NS = 1_780_000_000_000_000_000
TURN_S = 20
"""From the beginning of one turn of a session to that of the next."""
_LETTERS = "bcdfghjklmnprstvz"
_VOWELS = "aeiou"


@dataclass(frozen=True, slots=True)
class Mix:
    """What to make. The same mix is the same bytes."""

    sessions: int = 1_000
    """Conversations at the same time; each keeps to one recorded shape, turn after turn."""
    spans_per_batch: int = 512
    seed: int = 1
    fleet: int = 1
    """Whose sessions: those of another one have other ids."""
    start_ns: int = START_NS
    in_turn: bool = False
    """One session after the other, each one turn; else whichever the seed says."""


@cache
def shapes() -> Sequence[Shape]:
    """The recorded ones, read once."""
    return tuple(read_shapes())


def batches(spans: int, mix: Mix, made_of: Sequence[Shape] | None = None) -> Iterator[bytes]:
    """*spans* spans as encoded ExportTraceServiceRequests."""
    stream = islice(_spans(mix, made_of or shapes()), spans)
    while batch := list(islice(stream, mix.spans_per_batch)):
        yield b"".join(_resource_spans(list(group)) for _, group in groupby(batch, key=lambda item: item[:3]))


def _spans(mix: Mix, made_of: Sequence[Shape]) -> Iterator[tuple[int, bytes, bytes, bytes]]:
    """(turn, resource, scope, encoded span), without end."""
    rng = random.Random(mix.seed)
    turns: Counter[int] = Counter()
    turn = 0
    while True:
        session = turn % mix.sessions if mix.in_turn else rng.randrange(mix.sessions)
        shape = _shape_of(session, made_of)
        began_ns = mix.start_ns + turns[session] * TURN_S * 10**9 + rng.randrange(10**9)
        turns[session] += 1
        filling = _filling(shape, f"{mix.fleet % 256:02x}{session:010x}".encode(), began_ns, rng)
        for span in shape.spans:
            encoded = b"".join([part if isinstance(part, bytes) else filling[part] for part in span.parts])
            yield turn, span.resource, span.scope, encoded
        turn += 1


def _shape_of(session: int, made_of: Sequence[Shape]) -> Shape:
    return made_of[session * 7919 % len(made_of)]


def spans_of_a_turn(sessions: int, made_of: Sequence[Shape]) -> int:
    """What *sessions* sessions send while each has one turn."""
    return sum(len(_shape_of(session, made_of).spans) for session in range(sessions))


def conversations(made_of: Sequence[Shape] | None = None) -> Sequence[Shape]:
    """Those whose session has an id of its own, so that it goes on over several traces."""
    return [shape for shape in made_of or shapes() if any(hole.kind is Kind.SESSION for hole in shape.holes)]


def _filling(shape: Shape, session: bytes, began_ns: int, rng: random.Random) -> dict[Hole, bytes]:
    """What stands in each hole of one copy."""
    known = {Kind.TRACE_ID: rng.randbytes(16), Kind.SESSION: session, Kind.SUBJECT: _subject(rng)}
    return {hole: known.get(hole.kind) or _own(hole, began_ns, rng) for hole in _in_order(shape)}


@cache
def _in_order(shape: Shape) -> Sequence[Hole]:
    """Its holes, always in the same order: a set has none."""
    return sorted(shape.holes, key=lambda hole: (hole.kind.value, hole.number))


def _own(hole: Hole, began_ns: int, rng: random.Random) -> bytes:
    if hole.kind is Kind.TIME:
        return struct.pack("<Q", began_ns + hole.number)
    return rng.randbytes(8) if hole.kind is Kind.SPAN_ID else f"{rng.getrandbits(48):012x}".encode()


def _subject(rng: random.Random) -> bytes:
    """A name as long as the recorded one."""
    name = "".join(rng.choice(_VOWELS if place % 2 else _LETTERS) for place in range(len(SUBJECT) - 5))
    return f"{name.title()} Corp".encode()


def _resource_spans(spans: Sequence[tuple[int, bytes, bytes, bytes]]) -> bytes:
    """One `ResourceSpans`, as one field of a request."""
    _, resource, scope, _ = spans[0]
    scope_spans = _field(1, scope) + b"".join(_field(2, encoded) for *_, encoded in spans)
    return _field(1, _field(1, resource) + _field(2, scope_spans))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field of protobuf."""
    size, length = len(content), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes([number << 3 | 2]) + bytes(length) + content


def main() -> None:
    """Print the mix."""
    spans = 20_000
    made = list(batches(spans, Mix()))
    dialects = Counter(shape.dialect for shape in shapes())
    size_bytes = sum(map(len, made))
    print(f"{len(shapes())} recorded traces of {len(dialects)} dialects: {', '.join(sorted(dialects))}")
    print(f"{spans:,} spans in {len(made)} batches, {size_bytes / spans:,.0f} bytes a span")


if __name__ == "__main__":
    main()
