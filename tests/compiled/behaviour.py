"""What the pipeline makes of requests, as text: run in a process of its own, compiled or not, and compared.

python -m tests.compiled.behaviour REQUESTS > WHAT_CAME_OF_IT
"""

from __future__ import annotations

import gc
import pickle
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from loopwatch.canonical import canonical
from loopwatch_processor import step
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.baselines import peers_of
from loopwatch_processor.config import Config
from loopwatch_processor.dialects import DialectFault, read
from loopwatch_processor.errors import Undecodable
from loopwatch_processor.otlp import Span, decode_traces
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.run import Run, Totals
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.snapshot.sessions import write
from tests.snapshot.lives import next_life

_MOST_SPANS = 4096
_BETWEEN_S = 25.0
"""Between two requests: what three of them have nothing for is packed."""
_NUMBERS = (2**53, 2**53 + 1, 2**64, 10**400)
"""That a float has no room for: arguments in the process of an agent have any size."""
_FEW = {"max_usd": 0.01, "max_steps": 8, "max_tool_calls": 3, "max_tokens": 5_000, "max_seconds": 30}
_CONFIG = Config.model_validate(
    {
        "budgets": {"per_turn": _FEW, "per_session": _FEW},
        "detectors": {"outliers": {"factor": 1, "min_steps": 1, "min_duration_s": 0}},
    }
)
"""Limits in whole numbers and in parts, so low that many runs exceed them."""


def main() -> None:
    """Print whether it is compiled, then what came of each sequence of requests."""
    print("compiled" if step.__file__.endswith(".so") else "pure")
    for number in _NUMBERS:
        print(canonical([number, -number, {"id": number}, str(number)]))
    sequences: list[list[bytes]] = pickle.loads(Path(sys.argv[1]).read_bytes())
    for number, bodies in enumerate(sequences):
        print(f"== {number}")
        for line in _of(bodies):
            print(line.encode("utf-8", "backslashreplace").decode())
    gc.collect()


def _of(bodies: list[bytes]) -> Iterator[str]:
    yield from _steps(bodies)
    pipeline = build_pipeline(_CONFIG)
    for turn, body in enumerate(bodies):
        now = 1_000.0 + turn * _BETWEEN_S
        while pipeline.cool(now):
            pass
        try:
            scored = pipeline.feed_traces(body, now)
        except Undecodable as error:
            yield f"undecodable {error}"
            continue
        if turn == len(bodies) // 2:
            _teach(pipeline)
        yield from (f"found {plain(item)}" for item in scored.raised)
        yield from (f"changed {plain(item)}" for item in scored.changes)
    yield from _state(pipeline)
    ended = pipeline.tick(1_000.0 + len(bodies) * _BETWEEN_S + pipeline.sessions.limits.idle_s).ended
    yield from (f"ended {session.key}" for session in ended)


def _teach(pipeline: Pipeline) -> None:
    """That short runs are usual among all that are heard of: what goes on beyond is out of the ordinary."""
    short = Run("short", started_ns=1, ended_ns=10**9, totals=Totals(steps=1))
    heard = {peers_of(session, run) for session in pipeline.sessions.open.values() for run in session.runs.values()}
    for peers in sorted(heard):
        for _ in range(100):
            pipeline.baselines.learn(peers, short)


def _steps(bodies: Iterable[bytes]) -> Iterator[str]:
    for body in bodies:
        try:
            spans = list(decode_traces(body))
        except Undecodable:
            continue
        for span in spans:
            if not isinstance(span, Span):
                yield f"broken {span.reason} {span.raw.hex()}"
                continue
            try:
                yield f"step {plain(read(span))}"
            except DialectFault as fault:
                yield f"fault {fault} {type(fault.__cause__).__name__}"


def _state(pipeline: Pipeline) -> Iterator[str]:
    sessions = pipeline.sessions
    for session in sorted(sessions.open.values(), key=lambda found: found.key):
        yield f"state {write(session, sessions.trace, _MOST_SPANS)}"
        for key, agent in session.agents.items():
            yield f"window {key} {plain(agent.tool_calls)} {plain(agent.model_calls)}"
    yield f"counts {plain(sessions.counts)}"
    after = Sessions()
    next_life(sessions, after, _MOST_SPANS)
    for session in sorted(after.open.values(), key=lambda found: found.key):
        yield f"restored {write(session, after.trace, _MOST_SPANS)}"


def plain(value: Any) -> str:
    """As `repr` says it, whatever kind of class the value is of."""
    if is_dataclass(value) and not isinstance(value, type):
        inside = ",".join(f"{field.name}={plain(getattr(value, field.name))}" for field in fields(value))
        return f"{type(value).__name__}({inside})"
    if isinstance(value, tuple | list):
        return f"{type(value).__name__}({','.join(map(plain, value))})"
    if isinstance(value, dict):
        return f"{{{','.join(f'{plain(key)}:{plain(item)}' for key, item in value.items())}}}"
    return repr(value)


if __name__ == "__main__":
    main()
