"""What active sessions hold in memory, by who holds it: python -m bench.held --turns 4

Feeds sessions with content and walks all that the pipeline remembers of them, each object once, at what it was first
reached from. What many sessions share is counted once, so it is nothing for each of them. Turns follow each other as
in `bench.state`, but nothing is packed, however long ago it was: all sessions are active.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections import Counter, deque
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from bench.shapes import read_shapes
from bench.state import pass_time
from bench.traffic import TURN_S, Mix, batches, conversations, spans_of_a_turn
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cold.cooler import FOLD_S
from loopwatch_processor.config import Config
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.sessions import Sessions

_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
_MIN_TEXT_CHARS = 16
"""Shorter ones are names, of which there are few."""
_POINTER_BYTES = 8
_TEXTS = {"arguments", "heard", "message", "output_text", "result", "text", "user_text"}
_KINDS = {
    "steps, without their parts": {"Step"},
    "parts of steps: tool and model calls, messages, usage": {
        "Conversation",
        "ErrorInfo",
        "ModelCall",
        "StreamTimings",
        "ToolCall",
        "ToolResult",
        "Usage",
    },
    "traces": {"Address", "Node", "Scope", "Trace"},
    "runs and sums": {"Run", "Totals"},
    "sessions, agents, findings, what messages tell": {
        "AgentState",
        "Finding",
        "RaisedFinding",
        "Requests",
        "Session",
    },
}
"""Classes that go together, by what they hold."""
_REST = "what detectors remember"


class Held:
    """Bytes and objects, by who holds them and what they are."""

    def __init__(self) -> None:
        self.size_bytes: Counter[tuple[str, str]] = Counter()
        self.objects: Counter[tuple[str, str]] = Counter()
        self.texts: Counter[str] = Counter()
        """Objects of each text."""
        self._seen: set[int] = set()

    def walk(self, root: object, name: str) -> None:
        """Count all that is reached from *root* and was not counted before."""
        waiting: deque[tuple[object, str]] = deque([(root, name)])
        while waiting:
            item, held_as = waiting.popleft()
            if id(item) in self._seen or isinstance(item, _SHARED):
                continue
            self._seen.add(id(item))
            kind = (held_as, type(item).__name__)
            self.objects[kind] += 1
            self.size_bytes[kind] += _size(item)
            if isinstance(item, str) and len(item) >= _MIN_TEXT_CHARS:
                self.texts[item] += 1
            waiting.extend(_parts(item, held_as))

    def rows(self) -> Counter[str]:
        """Bytes by what is held, as docs/performance.md tells them."""
        found: Counter[str] = Counter()
        for (held_as, kind), size in self.size_bytes.items():
            found[_row(held_as, kind)] += size
        return found

    @property
    def doubled_bytes(self) -> int:
        """Of texts that were counted before as another object."""
        return sum((count - 1) * sys.getsizeof(text) for text, count in self.texts.items() if count > 1)


def _row(held_as: str, kind: str) -> str:
    owner, _, attribute = held_as.partition(".")
    if kind in ("str", "bytes"):
        return "texts that agents wrote" if attribute.rstrip("[]{}") in _TEXTS else "ids, names and words"
    if kind in ("int", "float"):
        return "times and other numbers"
    known = {name: row for row, names in _KINDS.items() for name in names}
    return known.get(kind) or known.get(owner, _REST)


def _size(item: object) -> int:
    """As Python says, and with the attributes that stand behind an object: most never make a dictionary of them."""
    own = sys.getsizeof(item)
    attributes = getattr(item, "__dict__", None)
    return own if attributes is None else own + (2 + len(attributes)) * _POINTER_BYTES


def _parts(item: object, held_as: str) -> Iterator[tuple[object, str]]:
    if isinstance(item, dict):
        for key, value in list(item.items()):
            yield key, f"{held_as}{{}}"
            yield value, f"{held_as}[]"
    elif isinstance(item, list | tuple | set | frozenset | deque):
        for value in list(item):
            yield value, f"{held_as}[]"
    elif type(item).__module__.startswith("loopwatch"):
        name = type(item).__name__
        for attribute, value in _attributes(item):
            yield value, f"{name}.{attribute}"
    else:
        yield from ((value, held_as) for value in gc.get_referents(item))


def _attributes(item: Any) -> Iterator[tuple[str, object]]:
    names = {name for kind in type(item).__mro__ for name in getattr(kind, "__slots__", ())}
    yield from ((name, getattr(item, name)) for name in sorted(names) if hasattr(item, name))
    yield from list(getattr(item, "__dict__", {}).items())


def held(sessions: Sessions) -> Held:
    """All that *sessions* remembers of single sessions."""
    found = Held()
    for shared in (sessions.limits, sessions.counts, sessions.watcher, sessions._tools):
        found.walk(shared, "")
    found.size_bytes.clear()
    found.objects.clear()
    found.texts.clear()
    for session in sessions.open.hot.values():
        found.walk(session, "Session")
    for trace in sessions._traces.hot.values():
        found.walk(trace, "Trace")
    return found


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(prog="python -m bench.held", description=__doc__)
    options.add_argument("--sessions", type=int, default=200)
    options.add_argument("--turns", type=int, default=4, help="of each session; a turn is about three spans")
    options.add_argument("--rows", type=int, default=40)
    given = options.parse_args()
    pipeline, spans = _fed(given.sessions, given.turns)
    found, count = held(pipeline.sessions), len(pipeline.sessions.open)
    total = sum(found.size_bytes.values())
    print(f"{count} sessions of {spans / count:.1f} spans: {total / count:,.0f} bytes each, of them")
    print(f"{found.doubled_bytes / count:,.0f} in texts that are there as another object, too\n")
    print("| bytes | held |\n|---|---|")
    for row, size in found.rows().most_common():
        print(f"| {size / count:,.0f} | {row} |")
    print("\n| bytes | objects | held as | what |\n|---|---|---|---|")
    for kind, size in found.size_bytes.most_common(given.rows):
        print(f"| {size / count:,.0f} | {found.objects[kind] / count:,.1f} | {kind[0]} | {kind[1]} |")


def _fed(sessions: int, turns: int) -> tuple[Pipeline, int]:
    """A pipeline that holds *sessions*, and how many spans it was given."""
    made_of = conversations(read_shapes())
    pipeline = build_pipeline(Config.model_validate({"sessions": {"cool_s": 1e9}}))
    mix, now_s = Mix(sessions, in_turn=True), 0.0
    spans = spans_of_a_turn(sessions, made_of) * turns
    for body in batches(spans, mix, made_of):
        pipeline.feed_traces(body, now_s)
        now_s += TURN_S * turns * mix.spans_per_batch / spans
        pass_time(pipeline, now_s)
    pass_time(pipeline, now_s + 2 * FOLD_S)
    return pipeline, spans


if __name__ == "__main__":
    main()
