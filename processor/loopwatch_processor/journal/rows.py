"""The values that the journal keeps beside incidents: messages, mutes, sessions and their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Protocol

from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Identity


class MessageState(StrEnum):
    """Where a message is on its way."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    """Never will be delivered."""


class Sendable(Protocol):
    """What the journal keeps of any message; `Message` says what each is."""

    @property
    def id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def incident_id(self) -> str: ...
    @property
    def ordinal(self) -> int: ...
    @property
    def action(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...
    @property
    def created_s(self) -> float: ...
    @property
    def due_s(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Message:
    """Something to send that must survive a crash."""

    id: str
    """Made from what it says and to whom, so that the same message of a second replica, or after a restart, is the
    same row."""
    channel: str
    """pagerduty, apprise …"""
    target: str
    """The name of the route; never a routing key, an address with a token, or another secret."""
    incident_id: str
    ordinal: int
    """Its place among the messages about its incident."""
    action: str
    """trigger, acknowledge or resolve."""
    payload: Mapping[str, Any]
    """What is sent, without secrets."""
    created_s: float
    due_s: float
    """Not to be sent earlier."""
    attempts: int = 0
    next_try_s: float = 0.0
    last_error: str = ""
    state: MessageState = MessageState.WAITING
    done_s: float | None = None


@dataclass(frozen=True, slots=True)
class Mute:
    """Incidents that nobody is told of until `until_s`: those whose identity matches every shell-style pattern."""

    id: str
    until_s: float
    created_s: float
    agent: str = "*"
    detector: str = "*"
    environment: str = "*"
    service: str = "*"
    reason: str = ""
    ended_s: float | None = None
    """When it was ended by hand."""

    def covers(self, identity: Identity) -> bool:
        """Whether incidents of *identity* are muted by it, as long as it is active."""
        return (
            fnmatchcase(identity.agent, self.agent)
            and fnmatchcase(identity.detector, self.detector)
            and fnmatchcase(identity.environment, self.environment)
            and fnmatchcase(identity.service, self.service)
        )


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session as a list shows it; `document` has the rest of its summary."""

    key: str
    environment: str
    service: str
    agent: str
    agent_type: str
    started_ns: int
    ended_ns: int
    """The end of its newest step."""
    steps: int
    tool_calls: int
    tokens: int
    cost_usd: float | None
    stop_reason: str
    """Of its newest run; empty while that goes on."""
    severity: Severity | None
    """The worst that was ever found in it."""
    open: bool
    detectors: tuple[str, ...] = ()
    """Those that ever found something in it."""
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a session's story, in order of `start_ns`; `document` says what it did."""

    trace_id: str
    span_id: str
    start_ns: int
    end_ns: int
    kind: str
    agent: str
    name: str
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """One session that is open, as the process that scores it will read it after a restart."""

    replica: str
    """The name of that process among those that share the journal."""
    key: str
    version: int = 0
    """Of what `state` means."""
    seen_s: float = 0.0
    """When its newest span arrived."""
    state: str = ""
    """JSON; "" where the session is not open any more."""
