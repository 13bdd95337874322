"""Traces of which only structure has come, as one text: no session tells of them, but calls to come stand below."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import orjson

from loopwatch_processor.snapshot import traces
from loopwatch_processor.snapshot.pool import Pool, Read
from loopwatch_processor.snapshot.traces import KeptTrace
from loopwatch_processor.trace import Trace

KEY = ""
"""Under which they are kept, beside the sessions: none of these has an empty key."""
MAX_TRACES = 256
"""Whose first step is on its way at one time, the newest ones."""
MAX_SPANS = 2_048
"""Of them all: written in one go, in some 8 ms, during which nothing is scored."""


def within_bounds(newest_first: Iterable[Trace], most_spans: int) -> list[tuple[Trace, int]]:
    """Those of the traces *newest_first* that are kept, and how many spans of each, *most_spans* at most."""
    found: list[tuple[Trace, int]] = []
    room = MAX_SPANS
    for trace in islice(newest_first, MAX_TRACES):
        found.append((trace, min(len(trace.nodes), most_spans, room)))
        room -= found[-1][1]
        if not room:
            break
    return found


def write(bare: Iterable[tuple[Trace, int]]) -> str:
    """*bare*, with so many spans of each; "" where there are none.

    Raises:
        TypeError: a span holds a name that no JSON can hold.
    """
    pool = Pool()
    rows = [traces.write(trace, pool, most_spans) for trace, most_spans in bare]
    return orjson.dumps({"traces": rows, "steps": pool.steps, "addresses": pool.addresses}).decode() if rows else ""


def read(text: str) -> list[KeptTrace]:
    """What `write` wrote.

    Raises:
        ValueError: it is something else.
    """
    try:
        data = orjson.loads(text)
        found = Read(data["steps"], data["addresses"])
        return [traces.read(item, found) for item in data["traces"]]
    except Exception as error:  # what nobody understands must not keep the sessions from being read
        raise ValueError(f"this is no snapshot of traces: {error!r}") from error
