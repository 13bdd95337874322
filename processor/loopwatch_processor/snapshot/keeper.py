"""When which session is written: those that changed, in rounds, the one that waits longest first."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.schedule import is_due
from loopwatch_processor.session import Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.snapshot import bare
from loopwatch_processor.snapshot.restoring import restore
from loopwatch_processor.snapshot.sessions import KeptSession, write
from loopwatch_processor.snapshot.traces import KeptTrace
from loopwatch_processor.trace import Trace


@dataclass(frozen=True, slots=True)
class SnapshotLimits:
    """How often, and how much."""

    every_s: float = 10.0
    """What kill -9 costs, at most, while the rounds keep up."""
    sessions: int = 20_000
    spans: int = 128
    """Of one session's traces that may go on."""


Put = Callable[[str, float, str], None]
"""Keeps a session by its key: when it was active last, and its text, "" where it is open no more."""


class SnapshotKeeper:
    """A watcher of sessions. A session whose newest span arrived before the last round has not changed since."""

    def __init__(self, sessions: Sessions, put: Put, limits: SnapshotLimits) -> None:
        self._sessions = sessions
        self._put = put
        self._limits = limits
        self._kept: OrderedDict[str, None] = OrderedDict()
        """Keys of what is in the journal, those written longest ago first."""
        self._bare: str | None = ""
        """The text of traces of no session that the journal holds; None: another process wrote it."""
        self._dirty: list[str] = []
        """What this round has to write yet, the next one last."""
        self._since_s = -math.inf
        """Arrival of the newest span when this round began."""
        self._round_at_s = self._spare_at_s = 0.0
        self._begun_s: float | None = None
        self._done_s: float | None = None
        """Beginning of the newest round that is done."""

    @property
    def is_done(self) -> bool:
        """Whether nothing waits for its turn."""
        return not self._dirty

    def age_s(self, now: float) -> float:
        """How far back kill -9 would throw what is open, but for what the journal holds up."""
        return max(0.0, now - self._done_s) if self._done_s is not None else 0.0

    def begin(self, now: float, *, at_once: bool = False) -> bool:
        """Begin a round where one is due, or *at_once*; whether there is anything to write."""
        if is_due(self._spare_at_s, now, self._sessions.limits.cool_s):
            self._bare_ones(now)
        if not at_once and not is_due(self._round_at_s, now, self._limits.every_s):
            return not self.is_done
        self._sessions.counts.forgotten["snapshots_late"] += len(self._dirty)
        self._round_at_s = now + self._limits.every_s
        if self._dirty and not at_once:
            return True
        changed = self._changed()
        known = set(changed)
        self._dirty = [*changed, *(key for key in self._dirty if key not in known)]
        self._begun_s = now
        self._write_bare(now)
        self._finish()
        return not self.is_done

    def take(self, most: int) -> bool:
        """Write *most* sessions; whether more wait."""
        for _ in range(min(most, len(self._dirty))):
            key = self._dirty.pop()
            session = self._sessions.open.get(key)
            if session is not None:
                self._write(session)
        self._finish()
        return not self.is_done

    def moved(self, old: RaisedFinding, new: RaisedFinding, now: float) -> None:
        """What was found moves with the steps, of which the round hears by itself."""

    def session_ended(self, session_key: str, now: float) -> None:  # noqa: ARG002 - see Watcher
        """A session was dissolved or evicted."""
        if session_key in self._kept:
            del self._kept[session_key]
            self._put(session_key, 0.0, "")

    def ended(self, sessions: Iterable[Session]) -> None:
        """Sessions idled out."""
        for session in sessions:
            self.session_ended(session.key, 0.0)

    def listen_anew(self) -> None:
        """The clock was set: what was heard when says nothing of what changed since."""
        self._since_s = -math.inf

    def restore(self, kept: Iterable[KeptSession], now: float, traces: Iterable[KeptTrace] = ()) -> list[Session]:
        """Go on with *kept*, the oldest of them first, and with *traces* of no session; returns those sessions in which
        something was found.
        """
        found, beside = list(kept), list(traces)
        restore(found, self._sessions, now, beside)
        self._bare = None if beside else ""
        self._kept.update((item.session.key, None) for item in found)
        restored = (self._sessions.open.get(item.session.key) for item in found)
        return [session for session in restored if session is not None and session.findings]

    def _changed(self) -> list[str]:
        """The keys of sessions that changed since the last round, the newest first."""
        since_s, found = self._since_s, dict.fromkeys(self._sessions.shrunk & self._sessions.open.keys())
        self._sessions.shrunk.clear()
        newest: list[str] = []
        for session in self._sessions.open.newest_first():
            if session.seen_s < since_s:
                break
            if len(newest) >= self._limits.sessions:
                self._sessions.counts.forgotten["snapshots"] += 1
                continue
            if not newest:
                self._since_s = session.seen_s
            newest.append(session.name)
        return list(dict.fromkeys((*newest, *found)))

    def _finish(self) -> None:
        if not self._dirty and self._begun_s is not None:
            self._done_s = self._begun_s

    def _write_bare(self, now: float) -> None:
        try:
            text = bare.write(self._bare_ones(now))
        except TypeError:  # a name that no JSON can hold
            self._sessions.counts.forgotten["snapshots_unwritable"] += 1
            text = ""
        if text != self._bare:
            self._bare = text
            self._put(bare.KEY, now, text)

    def _bare_ones(self, now: float) -> list[tuple[Trace, int]]:
        """Traces of no session, to be kept. They are looked for twice in `cool_s` at least, however rare the rounds, as
        one that is packed is not found any more.
        """
        newest = bare.within_bounds(self._sessions.bare_traces(), self._limits.spans)
        self._sessions.cold.spared = frozenset(trace.trace_id for trace, _ in newest)
        self._spare_at_s = now + self._sessions.limits.cool_s / 2
        return newest

    def _write(self, session: Session) -> None:
        try:
            text = write(session, self._sessions.cold.peek_trace, self._limits.spans)
        except TypeError:  # a name that no JSON can hold
            self._sessions.counts.forgotten["snapshots_unwritable"] += 1
            self.session_ended(session.key, 0.0)
            return
        self._kept[session.key] = None
        self._kept.move_to_end(session.key)
        self._put(session.key, session.seen_s, text)
        if len(self._kept) > self._limits.sessions:
            self._sessions.counts.forgotten["snapshots"] += 1
            self.session_ended(next(iter(self._kept)), 0.0)
