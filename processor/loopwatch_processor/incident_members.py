"""What keeps a session inside an incident, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field

from loopwatch_processor.finding import RaisedFinding, Severity, hold_of
from loopwatch_processor.incident import Identity, Member
from loopwatch_processor.schedule import NEVER

UNCONFIRMED_S = 300.0
"""What lasted before a restart is over if it is not found again by then: nobody would clear it."""
PACES = 3
"""A session leaves when it was silent for so many times its own pace: one late repetition is not the end."""


@dataclass(frozen=True, slots=True)
class IncidentLimits:
    """When an incident is over, and what it remembers at most; see docs/incidents.md."""

    hold_s: float = 120.0
    settle_s: float = 60.0
    quiet_s: float = 900.0
    reopen_s: float = 900.0
    max_hold_s: float = 14_400.0
    max_open: int = 10_000
    max_sessions_listed: int = 100
    max_findings: int = 20

    def hold_after(self, reopened: int) -> float:
        """How long an incident stays open at least that was open *reopened* times before: damps flapping."""
        return max(self.hold_s, min(self.hold_s * 2.0 ** min(reopened, 32), self.max_hold_s))


@dataclass(slots=True, eq=False)
class Mark:
    """One session's reason to be inside an incident, at one severity."""

    session_key: str
    severity: Severity
    identity: Identity
    """Of the incident."""
    run_key: str
    seen_s: float
    pace_s: float = 0.0
    stands_in: str = ""
    """The run in which a finding stands that nothing has to repeat; "" without."""
    over_s: float | None = None
    """When the run in which it was seen last ended; None while that goes on."""
    returned: bool = False
    holds: dict[tuple[str, str, str, str], None] = field(default_factory=dict)
    """What was found in it that lasts, and is not cleared."""
    only_lasts: bool = False
    """Nothing else was found in it."""
    cleared_s: float | None = None
    """When the last of `holds` was."""
    due_s: float = field(default=NEVER)
    _record: Member | None = field(default=None, init=False)

    def see(self, raised: RaisedFinding, now: float, *, run_over: bool) -> None:
        """Take note that it was found (again) at *now*; *run_over*: in a run that has ended already."""
        self._record = None
        if raised.finding.lasts:
            self.holds[hold_of(raised)] = None
            self.run_key = self.run_key if self.over_s is None else raised.run_key
            return
        self.only_lasts = False
        self.pace_s = max(self.pace_s, raised.pace_s, now - self.seen_s)
        self.seen_s = now
        self.returned |= raised.across_runs
        if raised.run_key != self.run_key:
            self.run_key, self.returned, self.over_s = raised.run_key, True, None
        if run_over:
            self.over_s = self.over_s or now
        elif raised.finding.stands:
            self.stands_in = raised.run_key

    def end_run(self, run_key: str, now: float, *, is_only: bool) -> None:
        """The run *run_key* has ended; *is_only*: what looked like runs of their own turned out to be part of it."""
        self._record = None
        if is_only:
            self.run_key, self.stands_in, self.returned = run_key, "", False
        if self.stands_in == run_key:
            self.stands_in = ""
        if self.run_key == run_key:
            self.over_s = now

    def clear(self, hold: tuple[str, str, str, str], now: float) -> None:
        """What lasted is over."""
        if hold in self.holds:
            self._record = None
            del self.holds[hold]
            self.cleared_s = now

    def shift(self, by_s: float) -> None:
        """All of it happened *by_s* later, by the clock as it is now."""
        self._record = None
        self.seen_s += by_s
        self.over_s = None if self.over_s is None else self.over_s + by_s
        self.cleared_s = None if self.cleared_s is None else self.cleared_s + by_s

    def rename_run(self, old: str, new: str) -> None:
        """What was the run *old* turned out to be part of *new*."""
        self._record = None
        self.run_key = new if self.run_key == old else self.run_key
        self.stands_in = new if self.stands_in == old else self.stands_in

    def leaves_s(self, limits: IncidentLimits) -> float:
        """When the session leaves if nothing is found in it again."""
        if self.stands_in or self.holds:
            return NEVER
        if self.only_lasts:
            return self.cleared_s if self.cleared_s is not None else self.seen_s + UNCONFIRMED_S
        if self.over_s is not None and not self.returned:
            return max(self.seen_s, self.over_s) + limits.settle_s
        return self.seen_s + max(limits.quiet_s, PACES * self.pace_s)

    def record(self, wasted_usd: float, wasted_tokens: int) -> Member:
        """The same for a snapshot; kept, because most of a large incident is as it was in its last one."""
        known = self._record
        if known is not None and (known.wasted_usd, known.wasted_tokens) == (wasted_usd, wasted_tokens):
            return known
        self._record = Member(
            session_key=self.session_key,
            severity=self.severity,
            run_key=self.run_key,
            seen_s=self.seen_s,
            pace_s=self.pace_s,
            stands=bool(self.stands_in or self.holds),
            returned=self.returned,
            wasted_usd=wasted_usd,
            wasted_tokens=wasted_tokens,
            only_lasts=self.only_lasts,
        )
        return self._record
