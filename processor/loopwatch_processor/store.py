"""The open sessions and the remembered traces, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from operator import attrgetter
from typing import Protocol

from loopwatch_processor.bounds import Counts, SeenIds, SessionLimits
from loopwatch_processor.cold.cooler import Cooler
from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.node import Address, Node
from loopwatch_processor.run import Run
from loopwatch_processor.session import Session
from loopwatch_processor.step import Step
from loopwatch_processor.trace import Trace
from loopwatch_processor.twins import Twins

SETTLE_S = 10.0
"""A run's end is given out so much later: the span of an agent that called it may still be on its way."""
_FORGET_SHARE = 8
"""A trace that is full forgets this part of its spans at once, so that it is not searched for each span."""
_LOOKED_AT = 4_096
"""Traces that are searched for bare ones: of those that go on at once few have no call yet. 4 ms."""


class Watcher(Protocol):
    """Somebody who keeps something by session key, or by what was found in a session."""

    def moved(self, old: RaisedFinding, new: RaisedFinding, now: float) -> None:
        """What was found as *old* belongs to the session, run or agent of *new*."""

    def session_ended(self, session_key: str, now: float) -> None:
        """A session is gone: nothing of it is remembered."""


class _Nobody:
    def moved(self, old: RaisedFinding, new: RaisedFinding, now: float) -> None:
        pass

    def session_ended(self, session_key: str, now: float) -> None:
        pass


class Store:
    """Opens, forgets and ends sessions and traces: those that were active least recently go first."""

    def __init__(self, limits: SessionLimits | None = None) -> None:
        self.limits = limits or SessionLimits()
        self.counts = Counts()
        self.watcher: Watcher = _Nobody()
        """Is told of sessions that are evicted or dissolved, not of those that `expire` and `end_all` give out."""
        self._twins = Twins(self.trace)
        self.cold = Cooler(self.limits, self.counts, self._twins)
        """Packs those that are silent."""
        self.open = self.cold.sessions
        """By key, the least recently active first."""
        self._traces = self.cold.traces
        self._spans = 0
        self._has_more_traces = False
        """Than when their bounds were looked at last."""
        self._serial = 0
        self.shrunk: set[str] = set()
        """Keys of sessions that steps moved out of since somebody cleared this: nothing arrived there."""
        self._seen = SeenIds(self.limits.span_ids)
        self._ending: deque[tuple[float, str, str]] = deque()

    def expire(self, now: float) -> list[Session]:
        """End and give out the sessions that heard nothing for `idle_s` by *now*."""
        silent = []
        while (packed := self.open.shelf.oldest()) is not None and now - packed.seen_s >= self.limits.idle_s:
            silent.append(self.open[packed.name])
        for session in self.open.hot.values():
            if now - session.seen_s < self.limits.idle_s:
                break
            silent.append(session)
        silent = sorted({session.key: session for session in silent}.values(), key=lambda session: session.seen_s)
        self.counts.expired_sessions += len(silent)
        return [self._close(session) for session in silent]

    def cool(self, now: float, most_steps: int) -> bool:
        """Pack what was silent for `cool_s` by *now*, some *most_steps* steps of it; whether more waits."""
        return self.cold.cool(now, most_steps)

    def shift(self, by_s: float) -> None:
        """The clock went on *by_s* without anybody having listened: what was heard then counts as heard now."""
        self.cold.shift(by_s)
        self._ending = deque((seen_s + by_s, session_key, run_key) for seen_s, session_key, run_key in self._ending)

    def end_all(self) -> list[Session]:
        """End and give out every session."""
        return [self._close(session) for session in list(self.open.values())]

    def settled_runs(self, now: float) -> list[tuple[Session, Run]]:
        """The runs that have become terminal, each once, `SETTLE_S` after their end was seen."""
        settled = []
        while self._ending and self._ending[0][0] + SETTLE_S <= now:
            _, session_key, run_key = self._ending.popleft()
            session = self.open.get(session_key)
            run = session.runs.get(run_key) if session is not None else None
            if session is not None and run is not None and not run.told:
                run.told = True
                settled.append((session, run))
        return settled

    def trace(self, trace_id: str) -> Trace | None:
        """The trace of that id, where it is remembered."""
        return self._traces.get(trace_id)

    def bare_traces(self) -> Iterator[Trace]:
        """Traces of which only structure has come, the newest first: among the newest that are not packed, and those
        that are spared from packing.
        """
        hot = self._traces.hot
        newest = dict(islice(reversed(hot.items()), _LOOKED_AT))
        spared = [hot[name] for name in self.cold.spared if name in hot and name not in newest]
        spared.sort(key=attrgetter("seen_s"), reverse=True)
        return (trace for trace in (*newest.values(), *spared) if trace.is_bare)

    def current(self, session: Session) -> Session:
        """*session*, which somebody held on to, as it is now; itself where it is not open any more."""
        found = self.open.get(session.key)
        return found if found is not None and found.serial == session.serial else session

    def take_up(self, session: Session, now: float) -> None:
        """Go on with *session* of before a restart; it joins what has begun under its key since."""
        begun = self.open.get(session.key)
        if begun is not None:
            begun.absorb(session)
            return
        if len(self.open) >= self.limits.sessions:
            self.counts.evicted_sessions += 1
            return
        self._serial += 1
        session.serial = self._serial
        self.open[session.key] = session
        for run in session.runs.values():
            if run.root is not None and not run.told:
                self._ends(session, run, now)

    def take_up_trace(self, trace: Trace, nodes: Iterable[Node], seen_s: float) -> list[Node]:
        """Go on with *trace* of before a restart, of which *nodes* are known, as if it was heard of at *seen_s*;
        returns those that are new.
        """
        known = self._traces.setdefault(trace.trace_id, trace)
        known.seen_s = max(known.seen_s, seen_s)
        self._has_more_traces = True
        if known is trace:
            self.counts.untracked_spans += trace.forgotten
        else:  # What only this copy has forgotten is in its nodes all the same, and cannot be told from them alone.
            known.forgotten = max(known.forgotten, trace.forgotten)
        new = [node for node in nodes if node.span_id not in known.nodes]
        for node in new:
            self._seen.is_new(trace.trace_id + node.span_id)
            self._add(known, node)
        return new

    def hold(self, node: Node, address: Address, step: Step) -> None:
        """*node* is counted at *address* as *step* already."""
        session = self.open.get(address.session_key)
        if session is not None:
            node.count(step, address, session.serial)

    def order_by_arrival(self) -> None:
        """Put sessions that were taken up before those that began since."""
        for session in sorted(self.open.hot.values(), key=lambda item: item.seen_s):
            self.open.hot.move_to_end(session.key)

    def _close(self, session: Session) -> Session:
        del self.open[session.key]
        for run in session.runs.values():
            run.expired = True
        return session

    def _ends(self, session: Session, run: Run, now: float) -> None:
        self._ending.append((now, session.key, run.key))
        if len(self._ending) > self.limits.sessions:
            self._ending.popleft()
            self.counts.forgotten["runs"] += 1

    def _trace(self, trace_id: str, now: float) -> Trace:
        hot = self._traces.hot
        trace = hot.get(trace_id)
        if trace is None:
            trace = self._traces.get(trace_id)  # it may be packed
        if trace is None:
            trace = hot[trace_id] = Trace(trace_id)
            self._has_more_traces = True
        else:
            hot.move_to_end(trace_id)
        trace.seen_s = now
        return trace

    def _add(self, trace: Trace, node: Node) -> list[Node]:
        self._spans += 1
        return trace.add(node)

    def _bound(self, trace: Trace) -> None:
        limits = self.limits
        if trace.size > limits.spans_per_trace:
            if self._twins.awaits(trace.trace_id):
                self._twins.bring_back(trace)
            self._spans -= len(trace.nodes)
            self.counts.untracked_spans += trace.forget(max(1, limits.spans_per_trace // _FORGET_SHARE))
            self._spans += len(trace.nodes)
        self._has_more_traces = False
        traces = self._traces
        count = len(traces)
        while count > limits.traces or (self._spans > limits.spans and count > 1):
            self._evict_trace()
            count = len(traces)

    def _evict_trace(self) -> None:
        self.counts.evicted_traces += 1
        packed = self._traces.oldest_is_packed()
        if packed is not None and not self._twins.awaits(packed.name):
            self._spans -= packed.size
            self.cold.forget_trace(packed.name)
            return
        evicted = self._traces.pop(packed.name if packed is not None else next(iter(self._traces.hot)))
        self._spans -= evicted.size
        if self._twins.awaits(evicted.trace_id):
            self._twins.bring_back(evicted)
        evicted.cut()

    def _session(self, key: str, now: float) -> Session:
        hot = self.open.hot
        session = hot.get(key)
        if session is None:
            session = self.open.get(key) or self._opened(key, now)  # it may be packed
        session.seen_s = now
        hot.move_to_end(key)
        return session

    def _opened(self, key: str, now: float) -> Session:
        self._serial += 1
        session = self.open.hot[key] = Session(key, self.limits, self.counts, self._serial, seen_s=now)
        if len(self.open) > self.limits.sessions:
            self._evict_session(now)
        return session

    def _evict_session(self, now: float) -> None:
        packed = self.open.oldest_is_packed()
        if packed is not None:
            self.cold.forget_session(packed.name)
        evicted = packed.name if packed is not None else self.open.hot.popitem(last=False)[0]
        self.counts.evicted_sessions += 1
        self.watcher.session_ended(evicted, now)

    def _dissolve(self, left: Session, into: Session, now: float) -> None:
        """Nothing is left of *left*: all of it, and what was found in it, is in *into* now."""
        self.open.pop(left.key, None)
        for raised in left.findings.values():
            self.watcher.moved(raised, replace(raised, session_key=into.key), now)
        self.watcher.session_ended(left.key, now)

    def _holder(self, node: Node) -> Session | None:
        """The session in which *node* is counted, if it is still open."""
        address = node.address
        if address is None:
            return None
        session = self.open.hot.get(address.session_key) or self.open.get(address.session_key)  # it may be packed
        return session if session is not None and session.serial == node.serial else None
