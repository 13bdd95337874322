"""Everything behind the findings: incidents kept, people told, sessions written down. One object for the service."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from loopwatch_processor import watchdog
from loopwatch_processor.config import Config
from loopwatch_processor.config.incidents import Links
from loopwatch_processor.config.notify import Notify
from loopwatch_processor.dispatch import Dispatch, JournalOutbox, NoOutbox
from loopwatch_processor.errors import JournalFault
from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.incidents import Incidents
from loopwatch_processor.jobs.answers import MAX_INCIDENTS
from loopwatch_processor.jobs.reconciliation import Known
from loopwatch_processor.jobs.span_reading import SpanReading
from loopwatch_processor.journal import incidents, jobs
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.writer import JournalWriter
from loopwatch_processor.kept_sessions import KeptSessions
from loopwatch_processor.memory import Memory
from loopwatch_processor.notify.notifier import Notifier
from loopwatch_processor.notify.receivers import HEARTBEAT
from loopwatch_processor.pipeline import Pipeline, Ticked
from loopwatch_processor.schedule import is_due
from loopwatch_processor.session_keeper import SessionKeeper
from loopwatch_processor.sinks.base import Sink
from loopwatch_processor.store import Watcher
from loopwatch_processor.story import Stories
from loopwatch_processor.telemetry import Telemetry, table
from loopwatch_processor.watchdog import Watchdog

if TYPE_CHECKING:
    from loopwatch_processor.notify.alertmanager import AlertmanagerPush
    from loopwatch_processor.notify.heartbeat import Heartbeat

ALERTMANAGER = "alertmanager"
"""The channel, in metrics."""
PRUNE_MEMORY_EVERY_S = 60.0
"""How often a table of jobs in memory is brought below its bound."""
SAVE_EVERY_S = 3.0
"""How often what goes on in flagged sessions is written down."""

_log = logging.getLogger(__name__)


class OnCall:
    """Built without I/O; `open` reads the journal, `start` begins to send. *works* says whether all is well with the
    service, for the heartbeat.
    """

    def __init__(
        self,
        config: Config,
        pipeline: Pipeline,
        stories: Stories,
        clock: Callable[[], float],
        works: Callable[[], bool],
    ) -> None:
        self._pipeline, self._clock = pipeline, clock
        telemetry = pipeline.telemetry
        self.journal = Journal(config.journal.settings(config.sessions.idle_s)) if config.journal.enabled else None
        self._writer = _writer(self.journal, pipeline, clock)
        self._jobs = self._writer or _only_in_memory(config, pipeline, clock)
        self._memory = self._remembering(config)
        self._keeper = SessionKeeper(pipeline.sessions, stories, self._writer) if self._writer is not None else None
        outbox = JournalOutbox(self._writer) if self._writer is not None else NoOutbox()
        self._notifier = Notifier(config.notify, config.links, outbox, telemetry.notified, clock=clock)
        self._push = _push(config.notify, config.links, pipeline.incidents, telemetry, clock)
        self._heartbeat = _heartbeat(config, telemetry, works)
        self.dispatch = Dispatch(self._notifier, telemetry, self._writer, self._push)
        self.on_raised: Callable[[RaisedFinding], None] = lambda _raised: None
        """Hears of findings that no request brought."""
        self.watchdog = self._watchdog(config, telemetry)
        self._restoring: asyncio.Task[None] | None = None
        self._save_at_s = 0.0
        self._is_restored = False
        if self._keeper is not None:
            others = (self._memory.snapshots,) if self._memory is not None else ()
            pipeline.sessions.watcher = _All(pipeline.incidents, self._keeper, *others)
            if self._memory is not None:
                self._memory.on_restored = self._keeper.go_on
        self._watch(telemetry)

    @property
    def sinks(self) -> Sequence[Sink]:
        """What wants to hear of findings."""
        return (self._keeper,) if self._keeper is not None else ()

    async def jobs_since(self, since_s: float) -> tuple[list[Known], list[str]]:
        """The jobs that were submitted since, and the detectors of the incidents that are open, one each.

        Raises:
            JournalFault: the journal does not answer.
        """
        known, kept = await self._jobs.read(
            lambda connection: (
                jobs.submitted(connection, since_s),
                incidents.newest(connection, limit=MAX_INCIDENTS, open_only=True),
            )
        )
        # Those of other replicas are in the journal only; ours may not be there yet.
        open_ones = {item.id: item.identity.detector for item in (*kept, *self._pipeline.incidents.open())}
        return known, list(open_ones.values())

    @property
    def kept(self) -> KeptSessions | None:
        """The sessions that the journal has."""
        return KeptSessions(self.journal) if self.journal is not None else None

    async def open(self) -> None:
        """Go on where the last process stopped.

        Raises:
            CannotOpenJournal: the journal will never be usable without somebody's help.
        """
        if self._memory is not None:
            await self._memory.open()
        else:
            await self._jobs.open()
        await self._restore()

    def start(self) -> None:
        """Begin to send."""
        self._notifier.start()
        if self._push is not None:
            self._push.start()
        if self._heartbeat is not None:
            self._heartbeat.start()

    def tick(self, ticked: Ticked) -> None:
        """Time has passed, and *ticked* is what came of it."""
        self.dispatch.tell(ticked.changes)  # with what waits for the end of a request that takes long
        if self._keeper is not None:
            self._keeper.ended(ticked.ended)
            if self._memory is not None:
                self._memory.snapshots.ended(ticked.ended)
            if is_due(self._save_at_s, self._clock(), SAVE_EVERY_S):
                self._save_at_s = self._clock() + SAVE_EVERY_S
                self._keeper.save()
        self._jobs.tick()
        if self._is_restored:
            if self._memory is not None:
                self._memory.tick()
            self.watchdog.tick()
        elif not self._jobs.is_failing and (self._restoring is None or self._restoring.done()):
            self._restoring = asyncio.get_running_loop().create_task(self._restore())

    def listen_anew(self) -> None:
        """The clock was set, or nobody listened for a while."""
        if self.watchdog is not None:
            self.watchdog.listen_anew()
        if self._memory is not None:
            self._memory.snapshots.listen_anew()

    async def close(self, left_s: Callable[[], float]) -> None:
        """Send and write what waits, each for as long as *left_s* says then. What stays unsent is in the journal."""
        if self._heartbeat is not None:
            await self._heartbeat.close()
        await self.watchdog.close()
        await self.dispatch.close(left_s())
        await self._notifier.close(left_s())
        if self._push is not None:
            await self._push.close()
        if self._keeper is not None and self._memory is not None and self._is_restored:
            self._keeper.save(most=1_000)
            await self._memory.save()
        await self._jobs.close(left_s())

    async def _restore(self) -> None:
        """Take up what the last process left; where the journal does not answer, the next tick tries again.

        Until then nobody knows which pages are open, so none is closed as forgotten, and no norm is overwritten.
        """
        try:
            open_incidents = await self._memory.restore() if self._memory is not None else []
            await self.dispatch.restore(open_incidents)
        except JournalFault as fault:
            _log.warning("%s; what was known before the start is not known yet", fault)
            return
        except Exception:  # noqa: BLE001 - a bug of ours here must not keep the service from scoring and paging
            self._pipeline.telemetry.failed("pipeline", "restore")
            _log.exception("what the last process left could not be taken up")
            open_incidents = []
        self._is_restored = True
        if open_incidents:
            _log.info("%d incidents are open from before the start", len(open_incidents))

    def _remembering(self, config: Config) -> Memory | None:
        if self._writer is None or self.journal is None:
            return None
        replica = config.journal.replica or (socket.gethostname() if self.journal.is_shared else "")
        return Memory(self._pipeline, self._writer, self._clock, config.journal.snapshots(), replica)

    def _watchdog(self, config: Config, telemetry: Telemetry) -> Watchdog:
        def raised(item: RaisedFinding) -> None:
            telemetry.raised(item)
            self.on_raised(item)

        dog = Watchdog(
            config.jobs.settings(),
            self._jobs,
            self._pipeline.incidents,
            self._clock,
            on_raised=raised,
            on_changes=self.dispatch.tell,
        )
        self._pipeline.on_job = dog.take
        self._pipeline.job_spans = SpanReading(config.jobs.messaging_destinations)
        telemetry.watch_series(table.JOBS, lambda: watchdog.standings(dog.accounts))
        telemetry.watch_series(table.JOBS_LOST, lambda: watchdog.lost(dog.accounts))
        telemetry.watch_series(table.JOBS_SUCCEEDED, lambda: watchdog.succeeded(dog.accounts))
        telemetry.watch(table.JOBS_ILLEGAL, lambda: dog.illegal)
        return dog

    def _oldest_s(self) -> dict[str, float]:
        """By channel, for how long what it has to say waits to be heard."""
        pushed = {ALERTMANAGER: self._push.oldest_s()} if self._push is not None else {}
        return self._notifier.delivery.oldest_s() | pushed

    def _watch(self, telemetry: Telemetry) -> None:
        delivery, memory = self._notifier.delivery, self._memory
        for channel in (*self._notifier.channels, *((HEARTBEAT,) if self._heartbeat is not None else ())):
            telemetry.begin_channel(channel)
        telemetry.watch_series(table.OPEN_INCIDENTS, lambda: dict(self._pipeline.incidents.series().items()))
        telemetry.watch_series(table.INCIDENT_AGE, lambda: dict(self._pipeline.incidents.ages_s().items()))
        telemetry.watch(table.NOTIFICATIONS_WAITING, delivery.waiting)
        telemetry.watch(table.NOTIFICATIONS_OLDEST, self._oldest_s)
        if memory is not None:
            telemetry.begin_journal()
            telemetry.watch_series(table.MUTES_ACTIVE, memory.mutes)
            telemetry.watch(table.SNAPSHOT_AGE, lambda: memory.snapshots.age_s(self._clock()))


class _All:
    """Tells several watchers of sessions what one would be told."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def moved(self, old: RaisedFinding, new: RaisedFinding, now: float) -> None:
        for watcher in self._watchers:
            watcher.moved(old, new, now)

    def session_ended(self, session_key: str, now: float) -> None:
        for watcher in self._watchers:
            watcher.session_ended(session_key, now)


def _writer(journal: Journal | None, pipeline: Pipeline, clock: Callable[[], float]) -> JournalWriter | None:
    if journal is None:
        return None
    counts, telemetry = pipeline.sessions.counts, pipeline.telemetry
    return JournalWriter(
        journal,
        clock,
        on_write=lambda ok: telemetry.journal_wrote("ok" if ok else "failed"),
        on_drop=lambda what, count: counts.forgotten.update({f"journal_{what}": count}),
    )


def _only_in_memory(config: Config, pipeline: Pipeline, clock: Callable[[], float]) -> JournalWriter:
    """A table of jobs that ends with the process, where there is no journal."""
    counts = pipeline.sessions.counts
    return JournalWriter(
        Journal(config.journal.settings_in_memory(), in_memory=True),
        clock,
        on_drop=lambda what, count: counts.forgotten.update({f"journal_{what}": count}),
        prune_every_s=PRUNE_MEMORY_EVERY_S,
    )


def _push(
    notify: Notify, links: Links, incidents: Incidents, telemetry: Telemetry, clock: Callable[[], float]
) -> AlertmanagerPush | None:
    if not notify.alertmanager.urls or notify.dry_run:
        return None
    from loopwatch_processor.notify.alertmanager import AlertmanagerPush  # late: see `make_senders`

    telemetry.begin_channel(ALERTMANAGER)
    return AlertmanagerPush(
        notify.alertmanager.urls,
        notify.alertmanager.repeat_s,
        links,
        lambda: [incident for incident in incidents.open() if notify.is_told(incident.identity.environment)],
        clock=clock,
        on_outcome=lambda outcome: telemetry.notified(ALERTMANAGER, outcome),
        timeout_s=notify.timeout_s,
        headers=notify.alertmanager.plain_headers(),
        verify=notify.alertmanager.tls.verify(),
    )


def _heartbeat(config: Config, telemetry: Telemetry, works: Callable[[], bool]) -> Heartbeat | None:
    url = config.notify.heartbeat_url
    if url is None:
        return None
    from loopwatch_processor.notify.heartbeat import Heartbeat  # late: see `make_senders`

    return Heartbeat(url.get_secret_value(), works, telemetry.notified, verify=config.notify.tls.verify())
