"""Incidents and their changes, built by hand, and an outbox in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from loopwatch_processor.config.incidents import Links
from loopwatch_processor.config.notify import Notify
from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Change, ChangeKind, Identity, Snapshot, Told
from loopwatch_processor.notify.message import Action, Message, Waiting
from loopwatch_processor.notify.notifier import Notifier

NOW_S = 1_780_272_000.0
KEY = "0123456789abcdef0123456789abcdef"
"""The key that the fake Events API knows."""
LINKS = Links(
    dashboard_url="https://grafana.example.com/d/{uid}?var-agent={agent}",
    trace_url="https://jaeger.example.com/trace/{trace_id}?span={span_id}",
    session_url="http://loopwatch.example.com:4318/sessions/{session}",
)
_ids = count(1)


class Clock:
    """Unix time that moves when it is told to."""

    def __init__(self, now_s: float = NOW_S) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def told(**fields: Any) -> Told:
    """A finding of the agent refunds that calls search again and again."""
    usual: dict[str, Any] = {
        "detector": "loop",
        "pattern": "rephrased",
        "severity": Severity.CRITICAL,
        "score": 0.91234,
        "stop_reason": "loop_detected",
        "summary": "Called search 12 times with arguments that are 94 % alike.",
        "agent": "refunds",
        "session_key": "conversation-1",
        "run_key": "run-1",
        "trace_id": "ab" * 16,
        "span_id": "cd" * 8,
        "step": 24,
        "since": 9,
        "at_ns": 1_780_272_000_123_456_789,
        "span_ids": ("cd" * 8, "ef" * 8),
        "values": {"tool": "search", "calls": 12, "similarity_ratio": 0.94},
        "threshold": 0.85,
        "wasted_tokens": 42_000,
        "wasted_usd": 1.5,
    }
    return Told(**{**usual, **fields})


def snapshot(severity: Severity = Severity.CRITICAL, **fields: Any) -> Snapshot:
    """An open incident; fields of `Snapshot`, `Identity` and the lead's `Told` may be mixed."""
    who = {"environment": "prod", "service": "billing", "agent": "refunds", "detector": "loop"}
    identity = Identity(**{name: fields.pop(name, usual) for name, usual in who.items()})
    own = {name: fields.pop(name) for name in list(fields) if name in Snapshot.__dataclass_fields__}
    lead = told(**{"severity": severity, "agent": identity.agent, "detector": identity.detector, **fields})
    usual: dict[str, Any] = {
        "id": f"incident-{next(_ids)}",
        "attached": (),
        "sessions": (lead.session_key,),
        "sessions_open": 1,
        "sessions_total": 1,
        "wasted_usd": lead.wasted_usd,
        "wasted_tokens": lead.wasted_tokens,
        "opened_s": NOW_S,
        "changed_s": NOW_S,
    }
    return Snapshot(**{"identity": identity, "severity": severity, "lead": lead, **usual, **own})


def change(incident: Snapshot, kind: str = "opened", at_s: float = NOW_S, **fields: Any) -> Change:
    """*incident*, with other *fields*, and what happened to it."""
    return Change(ChangeKind(kind), replace(incident, changed_s=at_s, **fields), at_s)


@dataclass
class MemoryOutbox:
    """An outbox that keeps everything, and fails when it is told to."""

    messages: dict[str, Message] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    broken: bool = False

    def add(self, messages: Sequence[Message]) -> list[Message]:
        """Those that are new."""
        new = [message for message in messages if message.id not in self.messages]
        self.messages.update((message.id, message) for message in new)
        self.states.update((message.id, "waiting") for message in new)
        return new

    async def waiting(self) -> list[Waiting]:
        self._check()
        return [Waiting(item) for item in self.messages.values() if self.states[item.id] == "waiting"]

    async def unresolved(self) -> list[Message]:
        self._check()
        over = {item.incident_id for item in self.messages.values() if item.action is Action.RESOLVE}
        return [item for item in self.messages.values() if item.incident_id not in over]

    async def delivered(self, id: str) -> None:  # noqa: A002
        self._check()
        self.states[id] = "delivered"

    async def failed(self, id: str, next_try_s: float, error: str) -> None:  # noqa: A002
        self._check()
        self.errors.append(error)

    async def refused(self, id: str, error: str) -> None:  # noqa: A002
        self._check()
        self.states[id] = "refused"
        self.errors.append(error)

    def _check(self) -> None:
        if self.broken:
            raise OSError("the disk is full")


@dataclass
class Stage:
    """A notifier with everything around it: what changes is put into the outbox and taken, as the service does."""

    settings: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    counts: list[tuple[str, str]] = field(default_factory=list)
    transport: Any = None

    def __post_init__(self) -> None:
        self.notifier = Notifier(
            Notify(**self.settings),
            LINKS,
            self.outbox,
            lambda channel, outcome: self.counts.append((channel, outcome)),
            clock=self.clock,
            transport=self.transport,
        )

    def messages(self, incident: Snapshot, kind: str = "opened", **fields: Any) -> list[Message]:
        """What there is to say, without sending it."""
        found = self.notifier.messages(change(incident, kind, self.clock.now_s, **fields))
        self.outbox.add(found)
        return found

    async def tell(self, incident: Snapshot, kind: str = "opened", **fields: Any) -> None:
        """Put it into the outbox and take it."""
        await self.notifier.take(self.messages(incident, kind, **fields))

    async def deliver(self) -> None:
        """Send what is due now."""
        await self.notifier.delivery.deliver_due()

    async def deliver_all(self, most_s: float = 86_000.0) -> None:
        """Let the clock run until nothing waits."""
        end_s = self.clock.now_s + most_s
        await self.deliver()
        while (ready_s := self.notifier.delivery.ready_s()) is not None and ready_s < end_s:
            self.clock.now_s = max(self.clock.now_s, ready_s)
            await self.deliver()


def actions(messages: Sequence[Message]) -> list[str]:
    """What they do."""
    return [message.action.value for message in messages]


Make = Callable[..., Stage]
"""What the fixture `stage` is."""


def play(scene: Coroutine[Any, Any, None]) -> None:
    """Run *scene* to its end."""
    asyncio.run(scene)
