"""Incidents, messages and sessions for the journal's tests."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Change, ChangeKind, Identity, Member, Snapshot, Told
from loopwatch_processor.journal.rows import Message, Mute, SessionRow, StepRow

P = ParamSpec("P")
NOW = 1_780_272_000.0
DAY_S = 86_400.0


def told(**fields: Any) -> Told:
    """One finding; every field may be given."""
    return Told(
        **{
            "detector": "loop",
            "pattern": "rephrased",
            "severity": Severity.CRITICAL,
            "score": 0.9,
            "stop_reason": "loop_detected",
            "summary": "search was called 12 times",
            "agent": "researcher",
            "session_key": "session-1",
            "run_key": "run-1",
            "trace_id": "0" * 32,
            "span_id": "1" * 16,
            "step": 12,
            "since": 2,
            "at_ns": round(NOW * 1e9),
            "span_ids": ("1" * 16, "2" * 16),
            "values": {"repeats": 12, "similarity_ratio": 0.9},
            "threshold": 5.0,
            **fields,
        }
    )


def snapshot(incident_id: str = "incident-1", **fields: Any) -> Snapshot:
    """An open incident; every field, and `agent` and `detector` of its identity, may be given."""
    agent, detector = fields.pop("agent", "researcher"), fields.pop("detector", "loop")
    return Snapshot(
        **{
            "id": incident_id,
            "identity": Identity("prod", "shop", agent, detector),
            "severity": Severity.CRITICAL,
            "lead": told(),
            "attached": (told(detector="context", pattern="filling", severity=Severity.INFO, values={}),),
            "sessions": ("session-1",),
            "sessions_open": 1,
            "sessions_total": 3,
            "wasted_usd": 1.25,
            "wasted_tokens": None,
            "opened_s": NOW,
            "changed_s": NOW,
            "members": (Member("session-1", Severity.CRITICAL, "run-1", NOW, 30.0),),
            **fields,
        }
    )


def resolved(incident_id: str = "incident-1", at_s: float = NOW + 60, **fields: Any) -> Snapshot:
    """An incident that was resolved *at_s*."""
    return snapshot(incident_id, changed_s=at_s, resolved_s=at_s, sessions=(), sessions_open=0, members=(), **fields)


def change(snapshot_: Snapshot, kind: ChangeKind = ChangeKind.OPENED) -> Change:
    """*snapshot_* as news."""
    return Change(kind, snapshot_, snapshot_.changed_s)


def message(message_id: str = "message-1", **fields: Any) -> Message:
    """One to PagerDuty that waits; every field may be given."""
    return Message(
        **{
            "id": message_id,
            "channel": "pagerduty",
            "target": "route 1",
            "incident_id": "incident-1",
            "ordinal": 0,
            "action": "trigger",
            "payload": {"dedup_key": "loopwatch/prod/shop/researcher/loop", "summary": "loop"},
            "created_s": NOW,
            "due_s": NOW,
            "next_try_s": NOW,
            **fields,
        }
    )


def mute(mute_id: str = "mute-1", **fields: Any) -> Mute:
    """Two hours' peace from one agent."""
    return Mute(**{"id": mute_id, "until_s": NOW + 7_200, "created_s": NOW, "agent": "researcher", **fields})


def session(key: str = "session-1", **fields: Any) -> SessionRow:
    """One open session; every field may be given."""
    return SessionRow(
        **{
            "key": key,
            "environment": "prod",
            "service": "shop",
            "agent": "researcher",
            "agent_type": "research",
            "started_ns": round(NOW * 1e9),
            "ended_ns": round((NOW + 60) * 1e9),
            "steps": 12,
            "tool_calls": 7,
            "tokens": 12_000,
            "cost_usd": 0.25,
            "stop_reason": "",
            "severity": Severity.WARNING,
            "open": True,
            "detectors": ("loop",),
            "document": {"findings": [{"detector": "loop", "step": 12}]},
            **fields,
        }
    )


def step(ordinal: int, **fields: Any) -> StepRow:
    """The step that starts *ordinal* seconds after `NOW`."""
    return StepRow(
        **{
            "trace_id": "0" * 32,
            "span_id": f"{ordinal:016x}",
            "start_ns": round((NOW + ordinal) * 1e9),
            "end_ns": round((NOW + ordinal + 0.5) * 1e9),
            "kind": "tool_call",
            "agent": "researcher",
            "name": "search",
            "document": {"similarity_ratio": 0.5},
            **fields,
        }
    )


@dataclass
class Clock:
    """Time that a test lets pass."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Heard:
    """What a writer told of."""

    writes: list[bool] = field(default_factory=list)
    drops: dict[str, int] = field(default_factory=dict)
    opened: int = 0

    def written(self, ok: bool) -> None:
        self.writes.append(ok)

    def dropped(self, what: str, times: int) -> None:
        self.drops[what] = self.drops.get(what, 0) + times

    def open(self) -> None:
        self.opened += 1


def on_a_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that awaits."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process is in the middle of writing *file*."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
