"""What the service takes up from the journal when it starts, and writes there while it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from loopwatch_processor.errors import CannotOpenJournal, JournalFault
from loopwatch_processor.incident import Snapshot
from loopwatch_processor.incident_series import CEASED_S
from loopwatch_processor.journal import documents, incidents, mutes, snapshots
from loopwatch_processor.journal.rows import Mute, SnapshotRow
from loopwatch_processor.journal.writer import JournalWriter
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.schedule import is_due
from loopwatch_processor.session import Session
from loopwatch_processor.snapshot import bare
from loopwatch_processor.snapshot.keeper import SnapshotKeeper, SnapshotLimits
from loopwatch_processor.snapshot.sessions import VERSION, KeptSession, read
from loopwatch_processor.snapshot.traces import KeptTrace

MUTES_EVERY_S = 5.0
BASELINES_EVERY_S = 300.0
OPEN_SPANS_EVERY_S = 10.0
"""What kill -9 costs of what is known of open spans, at most."""
OPEN_SPANS = "open_spans"
"""The name of the document that holds what has not ended."""
BASELINES = "baselines"
"""The name of the document that holds what is usual for agents."""
SNAPSHOTS_AT_ONCE = 16
"""Sessions written down without a pause: some milliseconds in which no request is scored."""
SNAPSHOTS_HELD = 512
"""Texts of sessions that wait for the journal; with more of them the next ones wait to be written down."""
_WAIT_S = 2.0

_log = logging.getLogger(__name__)


class Memory:
    """The journal's side of a pipeline: incidents, mutes, baselines and what is open. *clock* is Unix time, and
    *replica* the name of this process among those that share the journal.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        writer: JournalWriter,
        clock: Callable[[], float],
        limits: SnapshotLimits | None = None,
        replica: str = "",
    ) -> None:
        self._pipeline = pipeline
        self._writer = writer
        self._clock = clock
        self._mutes: Sequence[Mute] = ()
        self._mutes_at_s = self._baselines_at_s = self._open_spans_at_s = 0.0
        self._had_open_spans = True
        self._reading: asyncio.Task[None] | None = None
        self._limits = limits or SnapshotLimits()
        self._replica = replica
        self._taking: asyncio.Task[None] | None = None
        self.snapshots = SnapshotKeeper(pipeline.sessions, self._put_snapshot, self._limits)
        self.on_restored: Callable[[Session], None] = lambda _session: None
        """Hears of sessions of before the start in which something was found."""

    async def open(self) -> None:
        """Open the journal. Where it does not answer now, that is tried again while the service runs.

        Raises:
            CannotOpenJournal: it never will without somebody's help.
        """
        try:
            await self._writer.open()
        except CannotOpenJournal as error:
            if not error.passing:
                raise

    async def restore(self) -> list[Snapshot]:
        """Give the pipeline what the last process knew; returns the incidents that are open.

        Raises:
            JournalFault: the journal does not answer now.
        """
        now = self._clock()
        found, norms, spans, (kept, traces) = await self._writer.read(
            lambda connection: (
                incidents.restorable(connection, now - CEASED_S),
                documents.get(connection, BASELINES),
                documents.get(connection, OPEN_SPANS),
                self._read_snapshots(snapshots.newest(connection, self._replica, *self._since(now))),
            )
        )
        self._pipeline.incidents.restore(found, now)
        _take_up(BASELINES, norms, lambda document: self._pipeline.baselines.restore(document, now))
        _take_up(OPEN_SPANS, spans, lambda document: self._pipeline.open.spans.restore(document, now))
        for session in self.snapshots.restore(kept, now, traces):
            self.on_restored(session)
        self._baselines_at_s = now + BASELINES_EVERY_S
        await self._read_mutes()
        return [snapshot for snapshot in found if snapshot.is_open]

    def tick(self) -> None:
        """Look for mutes, and write what is due."""
        now = self._clock()
        if is_due(self._mutes_at_s, now, MUTES_EVERY_S) and (self._reading is None or self._reading.done()):
            self._mutes_at_s = now + MUTES_EVERY_S
            self._reading = asyncio.create_task(self._read_mutes())
        if is_due(self._baselines_at_s, now, BASELINES_EVERY_S):
            self._baselines_at_s = now + BASELINES_EVERY_S
            self._save_baselines()
        if is_due(self._open_spans_at_s, now, OPEN_SPANS_EVERY_S):
            self._open_spans_at_s = now + OPEN_SPANS_EVERY_S
            self._save_open_spans()
        if self.snapshots.begin(now) and (self._taking is None or self._taking.done()):
            self._taking = asyncio.create_task(self._take_snapshots())

    async def save(self) -> None:
        """Write all that is not written as it happens: what is usual for agents, and what is open."""
        self._save_baselines()
        self._save_open_spans()
        if self._taking is not None:
            await asyncio.wait([self._taking], timeout=_WAIT_S)
        self.snapshots.begin(self._clock(), at_once=True)
        await self._take_snapshots()

    async def _take_snapshots(self) -> None:
        """Write down what this round has to, as fast as the journal takes it; what is left goes on at the next tick."""
        while self.snapshots.take(SNAPSHOTS_AT_ONCE):
            await asyncio.sleep(0)
            if self._writer.snapshots_held >= SNAPSHOTS_HELD:
                self._writer.tick()
                await self._writer.settled(_WAIT_S)
                if self._writer.snapshots_held >= SNAPSHOTS_HELD:
                    return

    def _put_snapshot(self, key: str, seen_s: float, state: str) -> None:
        self._writer.put_snapshot(SnapshotRow(self._replica, key, VERSION, seen_s, state))

    def _since(self, now: float) -> tuple[float, int]:
        """From when, and how many, are taken up: who would have idled out meanwhile is not."""
        return now - self._pipeline.sessions.limits.idle_s, self._limits.sessions

    def _read_snapshots(self, rows: Iterable[SnapshotRow]) -> tuple[list[KeptSession], list[KeptTrace]]:
        sessions, unread, why = self._pipeline.sessions, 0, ValueError()
        found, traces = list[KeptSession](), list[KeptTrace]()
        for row in rows:
            try:
                if row.version != VERSION:
                    raise ValueError(f"it is of version {row.version}, this loopwatch reads {VERSION}")
                if row.key == bare.KEY:
                    traces += bare.read(row.state)
                else:
                    found.append(read(row.state, sessions.limits, sessions.counts))
            except ValueError as error:
                unread += 1
                why = error
        if unread:
            sessions.counts.forgotten["snapshots_unreadable"] += unread
            _log.warning("%d sessions that were open are counted from 0; the last of them: %s", unread, why)
        return found, traces

    def _save_baselines(self) -> None:
        self._writer.put_document(BASELINES, self._pipeline.baselines.as_dict())

    def _save_open_spans(self) -> None:
        spans = self._pipeline.open.spans
        if spans or self._had_open_spans:
            self._writer.put_document(OPEN_SPANS, spans.as_dict(self._clock()))
        self._had_open_spans = bool(spans)

    def mutes(self) -> Mapping[tuple[str, ...], float]:
        """The mutes that hold, by agent and detector."""
        found: dict[tuple[str, ...], float] = {}
        for mute in self._mutes:
            found[mute.agent, mute.detector] = found.get((mute.agent, mute.detector), 0) + 1
        return found

    async def _read_mutes(self) -> None:
        try:
            active = await self._writer.read(lambda connection: mutes.active(connection, self._clock()))
        except JournalFault:
            return  # the writer says so; the mutes that are known go on
        self._mutes = active
        # A function of its own: what it says is compared with what the one before said.
        self._pipeline.incidents.mute(lambda identity: any(mute.covers(identity) for mute in active))


def _take_up(name: str, document: Mapping[str, Any] | None, restore: Callable[[Mapping[str, Any]], None]) -> None:
    if document is None:
        return
    try:
        restore(document)
    except ValueError as error:
        _log.warning("the journal's %s are left aside: %s", name.replace("_", " "), error)
