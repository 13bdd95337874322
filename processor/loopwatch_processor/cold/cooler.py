"""Packs what was silent for a while, in portions, and unpacks it when it is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Final, Protocol

from loopwatch_processor.bounds import Counts, SessionLimits
from loopwatch_processor.cold.company import MOST_STEPS, is_small, traces_with
from loopwatch_processor.cold.packing import CannotPack, Members, pack, unpack
from loopwatch_processor.cold.press import Press
from loopwatch_processor.cold.shelf import Shelf
from loopwatch_processor.cold.shelved import Shelved, Silent
from loopwatch_processor.cold.unit import Member, dictionary_of, fits, head, rest_of, sessions_of, traces_of
from loopwatch_processor.session import Session
from loopwatch_processor.trace import Trace

_ROUNDS: Final = 4
"""So often within `cool_s` all is looked through for what is silent."""
FOLD_S: Final = 10.0
"""A trace of which nothing was heard for so long is folded: most spans of a trace come within it."""
_LIGHTER: Final = 8
"""To fold a span takes a part of the time of packing it."""


class Holder(Protocol):
    """Somebody who holds spans of traces."""

    def put_away(self, trace: Trace) -> None:
        """*trace* is packed or folded: hold none of its spans."""

    def bring_back(self, trace: Trace) -> None:
        """*trace* is back."""


class Cooler:
    """The open sessions and the traces, some of them packed."""

    def __init__(self, limits: SessionLimits, counts: Counts, holder: Holder) -> None:
        self._limits = limits
        self._counts = counts
        self._holder = holder
        self._press = Press()
        self.sessions: Shelved[Session] = Shelved(Shelf(sessions_of), self._warm)
        self.traces: Shelved[Trace] = Shelved(Shelf(traces_of), self._warm)
        self.spared: frozenset[str] = frozenset()
        """Ids of traces that stay as they are, however silent: somebody looks at them again and again."""
        self.packed_bytes = 0
        """Of what is packed, sessions and traces."""
        self._unfit: dict[str, float] = {}
        """Silent sessions that cannot be packed, and when each was heard of last."""
        self._due_sessions: deque[str] = deque()
        self._due_traces: deque[str] = deque()
        self._due_folds: deque[str] = deque()
        self._looked_at: dict[str, None] = {}
        """Ids of folded traces that somebody looked at, which unfolds them."""
        self._folded_s = -inf
        """What was heard of last before this was looked at already."""
        self._round_at_s = 0.0

    @property
    def packed_spans(self) -> int:
        """Spans of packed traces."""
        return self.traces.shelf.contents

    @property
    def unfit_sessions(self) -> int:
        """Sessions that are silent, and cannot be packed."""
        return sum(1 for key in self._unfit if self._is_unfit(key))

    def cool(self, now: float, most_steps: int) -> bool:
        """Pack what was silent for `cool_s` by *now*, some *most_steps* steps of it; whether more waits.

        Before that, traces that were silent for `FOLD_S` are folded.
        """
        if not self._waits:
            self._begin(now)
            self._begin_folding(now - FOLD_S, now - self._limits.cool_s)
        while most_steps > 0 and self._waits:
            if self._due_folds:
                most_steps -= self._fold_next(now - FOLD_S)
            else:
                most_steps -= self._next(now - self._limits.cool_s)
        return self._waits

    @property
    def _waits(self) -> bool:
        return bool(self._due_folds or self._due_sessions or self._due_traces)

    def peek(self, key: str) -> Session | None:
        """The session *key* to look at; of one that is packed a copy."""
        session = self.sessions.hot.get(key)
        if session is not None or (unit := self.sessions.shelf.get(key)) is None:
            return session
        return next(found for found in self._unpacked(unit)[0] if found.key == key)

    def peek_trace(self, trace_id: str) -> Trace | None:
        """The trace *trace_id* to look at; of one that is packed a copy. One that is folded will be so again."""
        trace = self.traces.hot.get(trace_id)
        if trace is not None and trace.is_folded:
            self._looked_at[trace_id] = None
        if trace is not None or (unit := self.traces.shelf.get(trace_id)) is None:
            return trace
        return next(found for found in self._unpacked(unit)[1] if found.trace_id == trace_id)

    def forget_session(self, key: str) -> None:
        """The packed session *key* is evicted."""
        self._forget(self.sessions, key)

    def forget_trace(self, trace_id: str) -> None:
        """The packed trace *trace_id* is evicted."""
        self._forget(self.traces, trace_id)

    def shift(self, by_s: float) -> None:
        """All was heard of *by_s* later than it says."""
        for session in self.sessions.hot.values():
            session.seen_s += by_s
        self._unfit.clear()
        for trace in self.traces.hot.values():
            trace.seen_s += by_s
        self._folded_s += by_s
        self.sessions.shelf.shift(by_s)
        self.traces.shelf.shift(by_s)

    def _begin(self, now: float) -> None:
        if now < self._round_at_s and self._round_at_s - now <= self._limits.cool_s:
            return
        self._round_at_s = now + self._limits.cool_s / _ROUNDS
        silent_s = now - self._limits.cool_s
        self._unfit = {key: seen_s for key, seen_s in self._unfit.items() if self._is_unfit(key)}
        self._due_sessions.extend(key for key in _silent(self.sessions.hot, silent_s) if key not in self._unfit)
        self._due_traces.extend(key for key in _silent(self.traces.hot, silent_s) if key not in self.spared)

    def _begin_folding(self, silent_s: float, packed_s: float) -> None:
        """Look through the traces that fell silent since the last time, but for those that are packed anyway, and
        those that were looked at.
        """
        if self._folded_s <= silent_s < self._folded_s + FOLD_S / _ROUNDS:
            return
        since_s, self._folded_s = max(self._folded_s, packed_s), silent_s
        found = []
        for name, trace in reversed(self.traces.hot.items()):
            if since_s < trace.seen_s <= silent_s:
                found.append(name)
            elif trace.seen_s <= since_s:
                break
        self._due_folds.extend((*self._looked_at, *reversed(found)))
        self._looked_at.clear()

    def _fold_next(self, silent_s: float) -> int:
        """Fold the next one that waits; returns for how many packed steps that counts."""
        trace = self.traces.hot.get(self._due_folds.popleft())
        return self._fold(trace) if trace is not None and trace.seen_s <= silent_s else 1

    def _fold(self, trace: Trace) -> int:
        if not trace.is_folded:
            self._holder.put_away(trace)
            if not trace.fold():
                self._holder.bring_back(trace)
        return 1 + trace.size // _LIGHTER

    def _next(self, silent_s: float) -> int:
        """Pack the next one that waits, with its company; returns how many steps that are, or were looked at."""
        if self._due_sessions:
            session = self.sessions.hot.get(self._due_sessions.popleft())
            if session is None or session.seen_s > silent_s:
                return 1
            found = traces_with(session, self.traces.hot, silent_s) if is_small(session) else None
            return self._pack([session], found) if found is not None else self._leave([session])
        trace = self.traces.hot.get(self._due_traces.popleft())
        if trace is None or trace.seen_s > silent_s or trace.size > MOST_STEPS:
            return 1
        return self._pack([], [trace])

    def _pack(self, sessions: list[Session], traces: list[Trace]) -> int:
        if not self._has_room(sessions, traces):
            return self._leave(sessions)
        for trace in traces:
            self._fold(trace)
        try:
            text = pack((sessions, traces))
        except CannotPack:
            return self._leave(sessions) + MOST_STEPS
        number, rest = self._press.press(text)
        stored_s = self.sessions.shelf.stored_s
        heads = [Member(item.key, stored_s(item.seen_s), len(item.findings)) for item in sessions]
        others = [Member(item.trace_id, stored_s(item.seen_s), item.size) for item in traces]
        unit = head(number, heads, others) + rest
        self.packed_bytes += len(unit)
        for member in heads:
            del self.sessions.hot[member.name]
            self.sessions.shelf.add(member, unit)
        for trace, member in zip(traces, others, strict=True):
            if not trace.is_folded:
                self._holder.put_away(trace)
            del self.traces.hot[member.name]
            self.traces.shelf.add(member, unit)
            trace.cut()
        return len(sessions) + sum(member.size for member in others)

    def _leave(self, sessions: Iterable[Session]) -> int:
        """Note that *sessions* cannot be packed; returns for how many steps looking at them counts."""
        self._unfit.update((session.key, session.seen_s) for session in sessions)
        return 1

    def _is_unfit(self, key: str) -> bool:
        """Whether nothing was heard of the session *key* since it could not be packed."""
        session = self.sessions.hot.get(key)
        return session is not None and session.seen_s == self._unfit[key]

    def _has_room(self, sessions: Iterable[Session], traces: Iterable[Trace]) -> bool:
        keys, ids = [item.key for item in sessions], [item.trace_id for item in traces]
        rooms = (self.sessions.shelf.has_room(key) for key in keys), (self.traces.shelf.has_room(each) for each in ids)
        return all(map(fits, (*keys, *ids))) and all(rooms[0]) and all(rooms[1])

    def _warm(self, unit: bytes) -> None:
        """All of *unit* that is remembered is back."""
        sessions, traces = self._unpacked(unit)
        for session in sessions:
            if self.sessions.shelf.get(session.key) is unit:
                session.seen_s = self.sessions.shelf.take(session.key)
                self.sessions.put_back(session.key, session)
        for trace in traces:
            if self.traces.shelf.get(trace.trace_id) is unit:
                trace.seen_s = self.traces.shelf.take(trace.trace_id)
                self.traces.put_back(trace.trace_id, trace)
                if not trace.is_folded:
                    self._holder.bring_back(trace)
        self._release(unit)

    def _unpacked(self, unit: bytes) -> Members:
        text = self._press.expand(dictionary_of(unit), rest_of(unit))
        return unpack(text, self._limits, self._counts)

    def _forget(self, among: Shelved[Session] | Shelved[Trace], name: str) -> None:
        unit = among.shelf.get(name)
        assert unit is not None
        among.shelf.take(name)
        if not (_holds(self.sessions, sessions_of(unit), unit) or _holds(self.traces, traces_of(unit), unit)):
            self._release(unit)

    def _release(self, unit: bytes) -> None:
        """*unit* is needed no more."""
        self.packed_bytes -= len(unit)
        self._press.release(dictionary_of(unit))


def _silent(items: Mapping[str, Silent], silent_s: float) -> Iterator[str]:
    for name, item in items.items():
        if item.seen_s > silent_s:
            return
        yield name


def _holds(among: Shelved[Session] | Shelved[Trace], members: Iterable[Member], unit: bytes) -> bool:
    return any(among.shelf.get(member.name) is unit for member in members)
