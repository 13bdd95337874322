"""One incident while it is open: the sessions inside, what was found in them, and what was told of it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.incident import Identity, Member, Snapshot, Told
from loopwatch_processor.incident_members import IncidentLimits, Mark
from loopwatch_processor.schedule import NEVER

GROWTH = 5
"""So many times the sessions or dollars of when it was last told are news again."""
GROWTH_FROM_USD = 1.0
"""Less is never told again for its growth: five times a cent is no reason."""
REMEMBERED_SESSIONS = 1_024
"""Sessions that left an incident and are known when they come back, so that they are counted once."""

_TellKey = tuple[str, str, str, str]


@dataclass(slots=True)
class Waste:
    """What one session spent in vain; its findings tell of the same calls, so the largest counts."""

    usd: float = 0.0
    tokens: int = 0


@dataclass(slots=True, eq=False)
class OpenIncident:
    """Owned and changed by `Incidents` alone."""

    id: str
    identity: Identity
    severity: Severity
    lead: Told
    opened_s: float
    held_until_s: float
    changed_s: float
    reopened: int = 0
    falls: int = 0
    """How often it became less severe: rising again is flapping, too."""
    known_as: str = ""
    """See `Snapshot`."""
    attached: OrderedDict[_TellKey, Told] = field(default_factory=OrderedDict)
    inside: dict[str, Waste] = field(default_factory=dict)
    """The sessions that go on, oldest first."""
    marks: dict[Severity, dict[str, Mark]] = field(default_factory=lambda: {item: {} for item in reversed(Severity)})
    """What keeps them inside, by session key; the worst first."""
    past: OrderedDict[str, Waste] = field(default_factory=OrderedDict)
    """The sessions that left, the longest ago first."""
    sessions_total: int = 0
    wasted_usd: float | None = None
    wasted_tokens: int | None = None
    told_sessions: int = 0
    told_usd: float = 0.0
    due_s: float = field(default=NEVER)

    def is_about(self, raised: RaisedFinding) -> bool:
        """Whether *raised* has this identity; an agent without a name may be any of its service."""
        mine = self.identity
        if (mine.environment, mine.service, mine.detector) != (
            raised.environment,
            raised.service,
            raised.finding.detector,
        ):
            return False
        return not raised.agent or raised.agent in (mine.agent, self.known_as) or not (mine.agent or self.known_as)

    def join(self, mark: Mark) -> bool:
        """Take *mark* in; True where its session was not inside."""
        self.marks[mark.severity][mark.session_key] = mark
        if mark.session_key in self.inside:
            return False
        waste = self.past.pop(mark.session_key, None)
        self.sessions_total += waste is None
        self.inside[mark.session_key] = waste or Waste()
        return True

    def leave(self, mark: Mark) -> int:
        """Let *mark* go; returns how many sessions that had left were forgotten for it."""
        key = mark.session_key
        del self.marks[mark.severity][key]
        if any(key in marks for marks in self.marks.values()):
            return 0
        self.past[key] = self.inside.pop(key)
        if len(self.past) <= REMEMBERED_SESSIONS:
            return 0
        self.past.popitem(last=False)
        return 1

    def know_as(self, session_key: str, other: str) -> None:
        """The session *session_key*, which left, turned out to be *other*: what is known of it is known of that."""
        if other not in self.inside and (waste := self.past.pop(session_key, None)) is not None:
            self.past[other] = waste

    @property
    def live_severity(self) -> Severity | None:
        """That of its worst session now; None without sessions."""
        return next((severity for severity, marks in self.marks.items() if marks), None)

    def spend(self, raised: RaisedFinding) -> None:
        """Count what *raised* says was wasted in its session."""
        finding, known = raised.finding, self.inside[raised.session_key]
        if finding.wasted_usd is not None:
            self.wasted_usd = (self.wasted_usd or 0.0) + max(0.0, finding.wasted_usd - known.usd)
            known.usd = max(known.usd, finding.wasted_usd)
        if finding.wasted_tokens is not None:
            self.wasted_tokens = (self.wasted_tokens or 0) + max(0, finding.wasted_tokens - known.tokens)
            known.tokens = max(known.tokens, finding.wasted_tokens)

    @property
    def has_grown(self) -> bool:
        """Whether its sessions or dollars are five times those of when it was last told."""
        if self.sessions_total >= GROWTH * max(1, self.told_sessions):
            return True
        return (self.wasted_usd or 0.0) >= GROWTH * max(GROWTH_FROM_USD, self.told_usd)

    def tell(self, now: float, hold_s: float) -> None:
        """It is told of now: growth counts from here, and it is held again."""
        self.told_sessions, self.told_usd = self.sessions_total, self.wasted_usd or 0.0
        self.held_until_s = max(self.held_until_s, now + hold_s)

    def change(self, now: float) -> None:
        """It is another one from *now* on: never earlier than before, or the journal would keep the older state."""
        self.changed_s = max(now, self.changed_s)

    def note(self, told: Told) -> bool:
        """Keep *told* beside the lead, or with its newer figures in place of it; True where that is news."""
        key = _key(told)
        if key == _key(self.lead):
            if told.severity >= self.lead.severity:
                self.lead = replace(told, since=self.lead.since)
            return False
        known = self.attached.get(key)
        if known is not None and known.severity >= told.severity:
            return False
        self.attached[key] = replace(told, since=known.since) if known is not None else told
        self.attached.move_to_end(key)
        return True

    def retell(self, raised: RaisedFinding, summary: str) -> None:
        """Say *summary* of what was told as *raised*."""
        key = (raised.session_key, raised.finding.detector, raised.finding.pattern, raised.agent)
        if key == _key(self.lead):
            self.lead = replace(self.lead, summary=summary)
        elif key in self.attached:
            self.attached[key] = replace(self.attached[key], summary=summary)

    def bound(self, max_findings: int) -> int:
        """Forget the oldest findings beyond *max_findings*; returns how many."""
        excess = max(0, len(self.attached) - max_findings)
        for _ in range(excess):
            self.attached.popitem(last=False)
        return excess

    def lead_with(self, told: Told) -> None:
        """Let *told* name it from now on."""
        before = self.lead
        known = before if _key(told) == _key(before) else self.attached.pop(_key(told), None)
        if known is not before:
            self.attached[_key(before)] = before
        self.lead = replace(told, since=known.since) if known is not None else told
        self.severity = told.severity

    def fall(self, severity: Severity) -> None:
        """Its worst sessions have left: *severity* is what remains, named by the first such finding."""
        candidates = (item for item in self.attached.values() if item.severity is severity)
        mine = [item for item in candidates if item.detector == self.identity.detector]
        first = next((item for item in mine if item.session_key in self.inside), mine[0] if mine else None)
        if first is not None:
            self.lead_with(first)
        self.severity = severity
        self.falls += 1

    def rename(self, old: RaisedFinding, new: RaisedFinding) -> None:
        """What was told as *old* is *new* now."""
        told, key = Told.of(new), (old.session_key, old.finding.detector, old.finding.pattern, old.agent)
        if key == _key(self.lead):
            self.lead = replace(told, severity=self.lead.severity, since=self.lead.since)
        elif (known := self.attached.pop(key, None)) is not None:
            self.attached.setdefault(_key(told), replace(told, severity=known.severity, since=known.since))

    def snapshot(self, limits: IncidentLimits, *, muted: bool, resolved_s: float | None = None) -> Snapshot:
        """It as it stands."""
        marks = chain.from_iterable(marks.values() for marks in self.marks.values())
        return Snapshot(
            id=self.id,
            identity=self.identity,
            severity=self.severity,
            lead=self.lead,
            attached=tuple(self.attached.values()),
            sessions=tuple(islice(self.inside, limits.max_sessions_listed)),
            sessions_open=len(self.inside),
            sessions_total=self.sessions_total,
            wasted_usd=self.wasted_usd,
            wasted_tokens=self.wasted_tokens,
            opened_s=self.opened_s,
            changed_s=max(self.changed_s, self.opened_s),
            resolved_s=resolved_s,
            reopened=self.reopened,
            muted=muted,
            members=tuple(self._record(mark) for mark in islice(marks, limits.max_sessions_listed)),
            told_sessions=self.told_sessions,
            told_usd=self.told_usd,
            held_until_s=self.held_until_s,
            known_as=self.known_as,
        )

    def _record(self, mark: Mark) -> Member:
        waste = self.inside[mark.session_key]
        return mark.record(waste.usd, waste.tokens)


def _key(told: Told) -> _TellKey:
    return told.session_key, told.detector, told.pattern, told.agent


def id_of(identity: Identity, at_ns: int, reopened: int = 0) -> str:
    """The same on every replica that was fed the same; *reopened* tells lives apart that one span opened."""
    life = f"{identity.dedup_key}\n{at_ns}" + (f"\n{reopened}" if reopened else "")
    return hashlib.sha256(life.encode()).hexdigest()[:32]


def restored(snapshot: Snapshot) -> OpenIncident:
    """The incident of *snapshot*, with nobody inside yet."""
    return OpenIncident(
        id=snapshot.id,
        identity=snapshot.identity,
        severity=snapshot.severity,
        lead=snapshot.lead,
        opened_s=snapshot.opened_s,
        held_until_s=snapshot.held_until_s,
        changed_s=snapshot.changed_s,
        reopened=snapshot.reopened,
        known_as=snapshot.known_as,
        attached=OrderedDict((_key(told), told) for told in snapshot.attached),
        past=OrderedDict((item.session_key, Waste(item.wasted_usd, item.wasted_tokens)) for item in snapshot.members),
        sessions_total=snapshot.sessions_total,
        wasted_usd=snapshot.wasted_usd,
        wasted_tokens=snapshot.wasted_tokens,
        told_sessions=snapshot.told_sessions,
        told_usd=snapshot.told_usd,
    )
