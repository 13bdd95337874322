"""Pipelines that are killed and go on, and what they know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.bounds import SessionLimits
from loopwatch_processor.config import load
from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.replay import Recorded, read_file
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.snapshot import bare
from loopwatch_processor.snapshot.keeper import SnapshotKeeper, SnapshotLimits
from loopwatch_processor.snapshot.restoring import restore
from loopwatch_processor.snapshot.sessions import read, write
from tests.shared import SPANS
from tests.trees import model, observe

TIGHT = (
    "budgets.per_session.max_usd=0.0001",
    "budgets.per_turn.max_steps=3",
    "budgets.per_turn.max_tokens=50",
    "budgets.per_task.max_tool_calls=2",
)
"""Limits that nearly every recording exceeds somewhere."""
ALL = 10_000
"""Spans of a session: more than any has."""


def pipeline(*settings: str) -> Pipeline:
    return build_pipeline(load(Path("/dev/null"), settings or TIGHT))


def names() -> list[str]:
    """The recordings of spans."""
    found = (path.name for path in SPANS.glob("*.jsonl"))
    return sorted(name for name in found if not name.endswith((".logs.jsonl", ".metrics.jsonl")))


@cache
def requests(name: str) -> Sequence[Recorded]:
    """The recording *name*, each span as a request of its own."""
    faults: list[object] = []
    found = [one for item in read_file(str(SPANS / name), faults.append) for one in _singly(item)]
    assert not faults
    return found


def _singly(item: Recorded) -> Iterator[Recorded]:
    whole = ExportTraceServiceRequest.FromString(item.body)
    for resource in whole.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                one = ExportTraceServiceRequest()
                part = one.resource_spans.add(resource=resource.resource, schema_url=resource.schema_url)
                part.scope_spans.add(scope=scope.scope, schema_url=scope.schema_url, spans=[span])
                yield replace(item, body=one.SerializeToString())


def feed(line: Pipeline, items: Iterable[Recorded], at_s: float = 0.0) -> list[RaisedFinding]:
    """Let *items* arrive one second after the other; returns what was raised."""
    raised: list[RaisedFinding] = []
    for now, item in enumerate(items):
        assert item.signal is Signal.traces
        raised += line.feed_traces(item.body, at_s + now).raised
    return raised


def texts(sessions: Sessions, most: int = ALL) -> list[str]:
    """What the journal holds when the process is killed now."""
    return [write(session, sessions.trace, most) for session in sessions.open.values()]


def beside(sessions: Sessions, most: int = ALL) -> str:
    """What it holds of traces without a session."""
    return bare.write(bare.within_bounds(sessions.bare_traces(), most))


def next_life(sessions: Sessions, after: Sessions, most: int = ALL) -> None:
    """Let *after* go on where *sessions* was killed."""
    kept = [read(text, after.limits, after.counts) for text in texts(sessions, most)]
    bare_ones = beside(sessions, most)
    restore(kept, after, 0.0, bare.read(bare_ones) if bare_ones else ())


def known(sessions: Sessions) -> dict[str, Any]:
    """Sums, runs and limits of every session."""
    return {
        key: (
            (session.totals, session.service, session.agent, session.agent_type),
            (session.started_ns, session.ended_ns, session.stop_reason),
            {
                run.key: (run.totals, run.members, run.limits, run.stop_reason, run.started_ns, run.ended_ns, run.agent)
                for run in session.runs.values()
            },
        )
        for key, session in sessions.open.items()
    }


def raised_as(raised: RaisedFinding) -> tuple[str, ...]:
    """What tells a finding that is raised from every other."""
    finding = raised.finding
    return raised.session_key, raised.agent, finding.detector, finding.pattern, finding.severity.label


CONTENT = ("loop", "progress")
"""Detectors that read content, which no snapshot holds: after a restart they wait for new calls."""


class Kept:
    """What a keeper wrote, and what it knows of."""

    def __init__(self, **limits: float) -> None:
        self.texts: dict[str, str] = {}
        self.written: list[str] = []
        self.sessions = Sessions(SessionLimits(idle_s=100.0))
        self.keeper = SnapshotKeeper(self.sessions, self._put, SnapshotLimits(**limits))  # type: ignore[arg-type]
        self.sessions.watcher = self.keeper

    def _put(self, key: str, _seen_s: float, text: str) -> None:
        self.written.append(key)
        self.texts[key] = text
        if not text:
            del self.texts[key]

    def step(self, session: str, at_s: float) -> None:
        observe(self.sessions, model(f"{session}{at_s}", "root", trace_id=session, session_id=session), at_s)

    def round(self, now: float) -> list[str]:
        """The sessions of one round, if it is due."""
        self.written.clear()
        self.keeper.begin(now)
        while self.keeper.take(1):
            pass
        return list(self.written)
