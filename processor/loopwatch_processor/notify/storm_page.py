"""What a person is told of a storm: many incidents of one environment at once, as one page."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import DEDUP_KEY_CHARACTERS, Snapshot
from loopwatch_processor.notify.page import NAME_CHARACTERS
from loopwatch_processor.notify.text import printable

AGENTS_LISTED = 50
SESSIONS_LISTED = 100


@dataclass(frozen=True, slots=True)
class StormMember:
    """What a storm keeps of one incident."""

    agent: str
    service: str
    detector: str
    severity: Severity
    session: str
    sessions_total: int
    wasted_usd: float

    @classmethod
    def of(cls, incident: Snapshot) -> StormMember:
        """The member that *incident* is."""
        who = incident.identity
        return cls(
            who.agent,
            who.service,
            who.detector,
            incident.severity,
            incident.lead.session_key,
            incident.sessions_total,
            incident.wasted_usd or 0.0,
        )


@dataclass(frozen=True, slots=True)
class StormPage:
    """A storm at one moment."""

    environment: str
    members: tuple[StormMember, ...]
    joined_total: int
    """All incidents that were ever inside."""

    @property
    def severity(self) -> Severity:
        """Of the worst incident inside."""
        return max((member.severity for member in self.members), default=Severity.INFO)


def storm_key(environment: str) -> str:
    """The identity of the storm of *environment* at its receiver."""
    key = "loopwatch/storm/" + (environment.replace("%", "%25").replace("/", "%2F") or "-")
    if len(key) <= DEDUP_KEY_CHARACTERS:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{key[: DEDUP_KEY_CHARACTERS - len(digest) - 1]}~{digest}"


def storm_headline(storm: StormPage) -> str:
    """The line that wakes somebody: how many of what."""
    agents = {(member.service, member.agent) for member in storm.members}
    sessions = sum(member.sessions_total for member in storm.members)
    detectors = ", ".join(name for name, _ in Counter(member.detector for member in storm.members).most_common())
    where = printable(storm.environment or "-", NAME_CHARACTERS)
    return (
        f"[{where}] storm: {_many(len(storm.members), 'further incident')} of {_many(len(agents), 'agent')} "
        f"in {_many(sessions, 'session')} ({detectors}) — look for what they share: a deploy, a model, a tool"
    )


def storm_details(storm: StormPage) -> dict[str, Any]:
    """Agents and sessions: the largest listed, all counted."""
    members = sorted(storm.members, key=lambda member: (-member.severity, -member.sessions_total, member.agent))
    agents = Counter[str]()
    for member in members:
        agents[_agent(member)] += member.sessions_total
    wasted = sum(member.wasted_usd for member in members)
    return {
        "incidents_open": len(members),
        "incidents_total": storm.joined_total,
        "sessions_total": sum(member.sessions_total for member in members),
        "agents_total": len(agents),
        "agents": [f"{name}: {_many(count, 'session')}" for name, count in agents.most_common(AGENTS_LISTED)],
        "sessions": list(_unique(member.session for member in members))[:SESSIONS_LISTED],
        **({"wasted_usd": round(wasted, 4)} if wasted else {}),
    }


def _agent(member: StormMember) -> str:
    name = printable(member.agent or "an unnamed agent", NAME_CHARACTERS)
    return f"{name} ({printable(member.service, NAME_CHARACTERS)})" if member.service else name


def _unique(sessions: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(printable(session, NAME_CHARACTERS) for session in sessions)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
