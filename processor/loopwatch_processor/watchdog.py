"""Takes in what is said of jobs, and looks at those that are over their time. See docs/jobs.md."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from loopwatch_processor.errors import JournalFault
from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.incident import Change
from loopwatch_processor.incidents import Incidents
from loopwatch_processor.jobs import findings
from loopwatch_processor.jobs.job import JobRow
from loopwatch_processor.jobs.reconciliation import STANDINGS, Account, Group, reconcile
from loopwatch_processor.jobs.sla import Settings
from loopwatch_processor.jobs.transition import Transition
from loopwatch_processor.journal import jobs
from loopwatch_processor.journal.writer import JournalWriter
from loopwatch_processor.road import LATE_S, Road
from loopwatch_processor.schedule import is_due

MAX_AT_ONCE = 10_000
"""Jobs that one sweep looks at; the longest silent first."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found."""

    lost: Sequence[JobRow] = ()
    """Those given up of which nobody has said a word since."""
    told: Mapping[tuple[str, str], JobRow] = field(default_factory=dict)
    """Those that somebody was told of, as they are now, by environment and id."""
    accounts: Mapping[Group, Account] | None = None
    """None where it is not the time to count."""
    illegal: int = 0


class Watchdog:
    """The jobs' side of the service. Call all methods on one event loop; *clock* is Unix time.

    Several may share a journal: each job is given up by one of them, and all tell the same incident.
    """

    def __init__(
        self,
        settings: Settings,
        writer: JournalWriter,
        incidents: Incidents,
        clock: Callable[[], float],
        *,
        on_raised: Callable[[RaisedFinding], None] = lambda _raised: None,
        on_changes: Callable[[Sequence[Change]], object] = lambda _changes: None,
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._incidents = incidents
        self._clock = clock
        self._on_raised = on_raised
        self._on_changes = on_changes
        self._started_s = clock()
        self._sweep_at_s = self._started_s
        self._late_s = self._accounted_s = float("-inf")
        self._road = Road()
        self._closed = False
        self._told: dict[tuple[str, str], RaisedFinding] = {}
        self._sweeping: asyncio.Task[None] | None = None
        self.accounts: Mapping[Group, Account] = {}
        """By the newest sweep, of the jobs submitted in `Settings.window_s`."""
        self.illegal = 0
        """Transitions of these that cannot have happened."""

    def take(self, item: Transition) -> None:
        """Something was said of a job."""
        now = self._clock()
        if self._road.is_late(f"{item.environment}/{item.service}", now - item.at_ns / 1e9, now):
            self._late_s = now
        self._writer.happen((item,))

    def listen_anew(self) -> None:
        """The clock was set, or nobody listened for a while: as after a start, nothing is given up at first."""
        self._started_s = self._clock()
        self._late_s = self._accounted_s = float("-inf")

    def tick(self) -> None:
        """Time has passed."""
        if self._closed:
            return
        if is_due(self._sweep_at_s, self._clock(), self._settings.pace_s) and (
            self._sweeping is None or self._sweeping.done()
        ):
            self._sweep_at_s = self._clock() + self._settings.pace_s
            self._sweeping = asyncio.get_running_loop().create_task(self._try())

    async def sweep(self) -> None:
        """Give up what is over its time, tell of it, and tell what became of those that were told of.

        Raises:
            JournalFault: the journal does not answer.
        """
        now = self._clock()
        judges = now - self._started_s >= self._settings.grace_s and now - self._late_s >= LATE_S
        told = tuple(self._told)
        found = await self._writer.write(lambda connection: self._look(connection, now, told, judges=judges))
        if found.accounts is not None:
            self.accounts, self.illegal, self._accounted_s = found.accounts, found.illegal, now
        changes = [change for row in found.lost if (change := self._tell(row, now)) is not None]
        self._clear(found, now)
        if changes:
            self._on_changes(changes)

    async def close(self) -> None:
        """Look at nothing any more."""
        self._closed = True
        if self._sweeping is not None and not self._sweeping.done():
            self._sweeping.cancel()
            await asyncio.wait([self._sweeping])

    async def _try(self) -> None:
        try:
            await self.sweep()
        except JournalFault as fault:
            _log.debug("jobs are not looked at: %s", fault)  # the writer says so
        except Exception:  # noqa: BLE001 - whatever it is, the next one may work
            _log.exception("a sweep of jobs failed: a bug; the next one comes")

    def _look(self, connection: Connection, now: float, told: Sequence[tuple[str, str]], *, judges: bool) -> Swept:
        """Runs in the journal's thread, in one transaction."""
        slas, since_s = self._settings.slas, now - self._settings.window_s
        if judges and slas.least_s is not None:
            for row in jobs.open_since(connection, now - slas.least_s, MAX_AT_ONCE):
                limit_s = slas.of(row.type).limit_s(row.status)
                if limit_s is not None and now - row.since_s >= limit_s:
                    jobs.sweep(connection, row, now)
        lost = jobs.swept_since(connection, since_s, MAX_AT_ONCE)
        known = {(row.environment, row.id): row for row in jobs.named(connection, told)}
        if now - self._accounted_s < self._settings.account_s:
            return Swept(lost, known)
        accounts = reconcile(jobs.submitted(connection, since_s), slas, now)
        return Swept(lost, known, accounts, jobs.illegal(connection, since_s))

    def _tell(self, row: JobRow, now: float) -> Change | None:
        raised = findings.of(row, self._settings.slas.of(row.type), now)
        if raised is None:
            return None
        key, before = (row.environment, row.id), self._told.get((row.environment, row.id))
        if before is not None and before.finding.pattern != raised.finding.pattern:
            self._incidents.cleared(before, now)
            before = None
        if before is not None and before.finding.severity >= raised.finding.severity:
            return None
        self._told[key] = raised
        self._on_raised(raised)
        return self._incidents.find(raised, now)

    def _clear(self, found: Swept, now: float) -> None:
        """Whoever was told of a job hears the truth: that it was late, or for too long lost to be told of again."""
        lost = {(row.environment, row.id) for row in found.lost}
        for key in [key for key in self._told if key not in lost]:
            raised = self._told.pop(key)
            self._incidents.cleared(raised, now, findings.over(raised, found.told.get(key)))


def standings(accounts: Mapping[Group, Account]) -> Mapping[tuple[str, ...], float]:
    """How many jobs of each group stand how, for the gauge of jobs."""
    return {(*group, name): float(getattr(account, name)) for group, account in accounts.items() for name in STANDINGS}


def lost(accounts: Mapping[Group, Account]) -> Mapping[tuple[str, ...], float]:
    """The share that is lost, of groups with jobs that should have ended."""
    return {group: account.lost_ratio for group, account in accounts.items() if account.submitted}


def succeeded(accounts: Mapping[Group, Account]) -> Mapping[tuple[str, ...], float]:
    """The share that is completed, of the same."""
    ratios = ((group, account.success_ratio) for group, account in accounts.items())
    return {group: ratio for group, ratio in ratios if ratio is not None}
