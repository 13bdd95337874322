"""`Incident`: findings with a life and one identity, so that a problem pages once however often it is found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from loopwatch_processor.finding import RaisedFinding, Severity

DEDUP_KEY_CHARACTERS = 255
"""The bound of PagerDuty's Events API v2 on `dedup_key`."""
_NOT_IN_A_PART = re.compile(r"[%/\x00-\x1f\x7f-\x9f\ud800-\udfff]|\A-\Z")
"""What would end a part of a key, stand for an empty one, or is no text to a receiver."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two findings one problem: whose agent it is and which detector leads. Severity, score, session and
    time are no part of it."""

    environment: str
    service: str
    agent: str
    detector: str

    @property
    def dedup_key(self) -> str:
        """The same text on every replica and after every restart, in at most `DEDUP_KEY_CHARACTERS`."""
        parts = (self.environment, self.service, self.agent, self.detector)
        key = "loopwatch/" + "/".join(_NOT_IN_A_PART.sub(_escaped, part) or "-" for part in parts)
        if len(key) <= DEDUP_KEY_CHARACTERS:
            return key
        digest = hashlib.sha256(key.encode()).hexdigest()[:32]
        return f"{key[: DEDUP_KEY_CHARACTERS - len(digest) - 1]}~{digest}"


@dataclass(frozen=True, slots=True)
class Told:
    """One finding inside an incident: a `RaisedFinding` without what the incident says already."""

    detector: str
    pattern: str
    severity: Severity
    score: float
    stop_reason: str
    summary: str
    agent: str
    session_key: str
    run_key: str
    trace_id: str
    span_id: str
    step: int
    since: int
    at_ns: int
    span_ids: tuple[str, ...] = ()
    values: Mapping[str, float | int | str] = field(default_factory=dict)
    threshold: float | None = None
    wasted_tokens: int | None = None
    wasted_usd: float | None = None

    @classmethod
    def of(cls, raised: RaisedFinding) -> Told:
        """What an incident keeps of *raised*."""
        finding = raised.finding
        return cls(
            detector=finding.detector,
            pattern=finding.pattern,
            severity=finding.severity,
            score=finding.score,
            stop_reason=finding.stop_reason,
            summary=finding.summary,
            agent=raised.agent,
            session_key=raised.session_key,
            run_key=raised.run_key,
            trace_id=raised.trace_id,
            span_id=raised.span_id,
            step=raised.step,
            since=raised.since or raised.step,
            at_ns=raised.at_ns,
            span_ids=finding.span_ids,
            values=finding.values,
            threshold=finding.threshold,
            wasted_tokens=finding.wasted_tokens,
            wasted_usd=finding.wasted_usd,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the journal and for pages."""
        return {
            name: getattr(self, name).label
            if name == "severity"
            else dict(self.values)
            if name == "values"
            else getattr(self, name)
            for name in self.__slots__
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Told:
        """The reverse of `as_dict`."""
        plain = dict(data)
        plain["severity"] = Severity[plain["severity"].upper()]
        plain["span_ids"] = tuple(plain["span_ids"])
        return cls(**plain)


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


class ChangeKind(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    ESCALATED = "escalated"
    """More severe, or five times the sessions or dollars of when it was last told."""
    UPDATED = "updated"
    """Another session, or another finding of one."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Member:
    """What keeps one session in an incident at one severity; times are Unix time by the clock of the service."""

    session_key: str
    severity: Severity
    run_key: str
    """The run in which it was seen last."""
    seen_s: float
    pace_s: float = 0.0
    """The longest time between two sightings so far."""
    stands: bool = False
    """It needs no sighting until its run ends."""
    returned: bool = False
    """It was seen in more runs than one, so the end of a run is not the end of it."""
    wasted_usd: float = 0.0
    wasted_tokens: int = 0
    only_lasts: bool = False
    """Nothing was found in it but what lasts until it is cleared."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"severity": self.severity.label}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Member:
        """The reverse of `as_dict`."""
        return cls(**{**data, "severity": Severity[data["severity"].upper()]})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An incident as it stood at one moment: what is journalled, sent and shown."""

    id: str
    """Of this life of the identity; derived from it and from the span that opened it, so the same on every replica."""
    identity: Identity
    severity: Severity
    lead: Told
    """The finding that names it: the first of its worst ones."""
    attached: tuple[Told, ...]
    """Its other findings, newest last: other sessions', and other detectors' in its sessions. Bounded."""
    sessions: tuple[str, ...]
    """The sessions inside that go on, oldest first. Bounded; `sessions_total` counts all."""
    sessions_open: int
    sessions_total: int
    """All that were ever inside."""
    wasted_usd: float | None
    wasted_tokens: int | None
    opened_s: float
    """Unix time by the clock of the service, as all of these."""
    changed_s: float
    resolved_s: float | None = None
    reopened: int = 0
    """How often it was opened again soon after it had been resolved."""
    muted: bool = False
    """Nobody is notified of it, but it lives and resolves as any other."""
    members: tuple[Member, ...] = ()
    """What keeps `sessions` inside: with these a restart goes on where it stopped."""
    told_sessions: int = 0
    """`sessions_total` when it was opened or escalated last: five times as many escalate it again."""
    told_usd: float = 0.0
    """`wasted_usd` at that time."""
    held_until_s: float = 0.0
    """It is not resolved before."""
    known_as: str = ""
    """The agent's name, where it became known after the incident had been opened without one."""

    @property
    def is_open(self) -> bool:
        return self.resolved_s is None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the journal: numbers, text, lists and mappings only."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {
            "identity": asdict(self.identity),
            "severity": self.severity.label,
            "lead": self.lead.as_dict(),
            "attached": [told.as_dict() for told in self.attached],
            "sessions": list(self.sessions),
            "members": [member.as_dict() for member in self.members],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Snapshot:
        """The reverse of `as_dict`. Raises KeyError, TypeError or ValueError where *data* is nothing of the kind."""
        return cls(
            **{
                **data,
                "identity": Identity(**data["identity"]),
                "severity": Severity[data["severity"].upper()],
                "lead": Told.from_dict(data["lead"]),
                "attached": tuple(Told.from_dict(told) for told in data["attached"]),
                "sessions": tuple(data["sessions"]),
                "members": tuple(Member.from_dict(member) for member in data["members"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One event in the life of an incident."""

    kind: ChangeKind
    incident: Snapshot
    at_s: float
