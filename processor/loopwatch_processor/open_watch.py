"""Judges what has not ended: findings of open spans, and their end when life returns."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from loopwatch_processor.detectors.base import OpenDetector, OpenPlace
from loopwatch_processor.detectors.lifecycle import NAME as LIFECYCLE
from loopwatch_processor.detectors.lifecycle import WORKER_LOST
from loopwatch_processor.finding import Finding, RaisedFinding
from loopwatch_processor.incident import Change, ChangeKind
from loopwatch_processor.incidents import Incidents
from loopwatch_processor.open_span import Key, OpenSpan, Raised, Said, What
from loopwatch_processor.open_spans import OpenSpans, Process
from loopwatch_processor.policy import Policies, Policy
from loopwatch_processor.session import Place, Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import Step, StepKind
from loopwatch_processor.telemetry import Telemetry

ABANDONED_S = 300.0
"""A span that its living process does not tell of any more for so long is forgotten: its end was lost."""
GIVEN_UP_S = 3_600.0
"""What a lost worker left open is forgotten after so long: a warning that says nothing new is worse than none."""
_LEAST_SILENCE_S = 5.0
"""Nobody is asked about less."""
_MAX_AT_ONCE = 256
"""Findings of lost workers between two ticks, about: the rest waits for the next one, and scoring does not."""
_SWEEP_S = 10.0
_MAX_ENDING = 1_024
_LOST: What = (LIFECYCLE, WORKER_LOST)

OnFault = Callable[[str, str], None]
_T = TypeVar("_T", OpenSpan, Process)


class OpenWatch:
    """The open spans under the eyes of the detectors that look at such.

    Findings come with time (`tick`), never with a request; they last until the span shows life again, or has ended.
    """

    def __init__(
        self,
        spans: OpenSpans,
        *,
        policies: Policies,
        sessions: Sessions,
        incidents: Incidents,
        telemetry: Telemetry,
        on_fault: OnFault,
    ) -> None:
        self.spans = spans
        self._policies = policies
        self._sessions = sessions
        self._incidents = incidents
        self._telemetry = telemetry
        self._on_fault = on_fault
        self._ending: OrderedDict[Key, OpenSpan] = OrderedDict()
        """Spans whose end was said, in which something was found: they themselves are on their way."""
        self._raised: list[RaisedFinding] = []
        self._changes: list[Change] = []
        self._swept_s = 0.0

    def __bool__(self) -> bool:
        """Whether a span that arrives may be one of these."""
        return bool(self.spans or self._ending)

    def hear(self, said: Said, now: float) -> None:
        """Take in what a process *said* of a span of its own, arrived at *now*."""
        self._telemetry.begin_workers(said.environment, said.service)
        if not said.is_over and self._sessions.has_seen(said.trace_id, said.span_id):
            return
        span = self.spans.hear(said, now)
        if span is not None and said.is_over:
            span.is_over = True
            self._conclude(span, None, now)
            self._keep_ending(span)

    def ended(self, trace_id: str, span_id: str) -> OpenSpan | None:
        """A span arrived; returns what was known of it while it was open."""
        return self.spans.ended(trace_id, span_id) or self._ending.pop((trace_id, span_id), None)

    def rejoin(self, span: OpenSpan, place: Place, now: float) -> None:
        """*span* has ended, and belongs to *place*: so does what was found in it."""
        for raised in span.raised.values():
            if raised.finding is None:
                continue
            agent = place.agent.name or place.session.agent or raised.finding.agent
            new = replace(raised.finding, session_key=place.session.key, run_key=place.run.key, agent=agent)
            self._move(raised, new, now)

    def conclude(self, span: OpenSpan, step: Step | None, now: float) -> None:
        """*span* has ended, with *step* where a dialect knows it: all that was wrong with it is over."""
        span.is_over = True
        self._conclude(span, step, now)

    def session_key(self, span: OpenSpan) -> str:
        """The session that *span* belongs to, as far as is known by now."""
        return self._key(span.said)

    def tick(self, now: float) -> tuple[list[RaisedFinding], list[Change]]:
        """Let time pass to *now*; returns what was found, and what that changed about incidents."""
        self.spans.watch(now)
        for span in self.spans.evicted:
            self._clear(span, span.holding(), "it is not watched any more", now)
        self.spans.evicted.clear()
        if self.spans.is_settled:
            for span in self.spans.news():
                self._try(self._judge, span, now)
            for process in self.spans.processes.values():
                if len(self._raised) >= _MAX_AT_ONCE:
                    break
                self._try(self._judge_process, process, now)
            self._sweep(now)
        raised, self._raised = self._raised, []
        changes, self._changes = self._changes, []
        return raised, merged(changes)

    def _try(self, judge: Callable[[_T, float], None], what: _T, now: float) -> None:
        try:
            judge(what, now)
        except Exception:  # noqa: BLE001 - what cannot be judged must not keep the others from being
            self._on_fault("pipeline", "open_spans")

    def _judge(self, span: OpenSpan, now: float) -> None:
        """Something was heard of *span*: what is wrong with it, and what no longer is."""
        if not span.is_live or span.is_late:
            return
        self._follow(span, now)
        session, policy = self._around(span)
        place = self._place(span, session)
        found: dict[What, Finding] = {}
        for detector in policy.open_detectors:
            found.update({(item.detector, item.pattern): item for item in self._watched(detector, span, place)})
        for finding in found.values():
            self._raise(span, finding, session, now)
        self._clear(
            span, [(what, raised) for what, raised in span.holding() if what not in found and what != _LOST], "", now
        )

    def _judge_process(self, process: Process, now: float) -> None:
        if process.lost_s is not None and process.heard_s > process.lost_s:
            self._found_again(process, now)
        silence_s = self.spans.silence_s(process.heard_s)
        if silence_s < max(process.patience_s, _LEAST_SILENCE_S):
            return
        groups: dict[tuple[str, str], list[OpenSpan]] = {}
        for span in process.spans.values():
            if span.is_live:
                groups.setdefault((span.said.agent, self._key(span.said)), []).append(span)
        patience_s = [self._judge_silent(process, spans, silence_s, now) for spans in groups.values()]
        process.patience_s = min(patience_s, default=0.0)

    def _found_again(self, process: Process, now: float) -> None:
        process.lost_s, process.patience_s = None, 0.0
        for span in process.spans.values():
            self._clear(span, [(what, raised) for what, raised in span.holding() if what == _LOST], "", now)

    def _judge_silent(self, process: Process, spans: list[OpenSpan], silence_s: float, now: float) -> float:
        """Look at *spans* of one agent and session; returns from which silence on to look at them again."""
        session, policy = self._around(spans[0])
        if policy.lifecycle is None:
            return math.inf
        try:
            finding, patience_s = policy.lifecycle.lost(spans, silence_s), policy.lifecycle.patience_s(spans, silence_s)
        except Exception:  # noqa: BLE001 - one faulty detector must not silence the others
            self._on_fault("detector", policy.lifecycle.name)
            return 0.0
        if finding is not None:
            self._lose(process, spans, now)
            self._raise(spans[0], finding, session, now)
        return patience_s

    def _lose(self, process: Process, spans: list[OpenSpan], now: float) -> None:
        if process.lost_s is None:
            process.lost_s = self.spans.watched_s
            if not any(_LOST in span.raised for span in process.spans.values()):
                self._telemetry.worker_lost(*process.worker[:2])
        for span in spans:
            others = [(what, raised) for what, raised in span.holding() if what != _LOST]
            self._clear(span, others, "its worker was lost", now)

    def _sweep(self, now: float) -> None:
        """Forget what nobody tells of any more."""
        if self.spans.watched_s - self._swept_s < _SWEEP_S:
            return
        self._swept_s = self.spans.watched_s
        for key, span in list(self._ending.items()):
            if self._swept_s - span.heard_s < GIVEN_UP_S:
                break
            del self._ending[key]
        for span in self._abandoned():
            self.spans.forget(span.said.key)
            self.spans.counts.forgotten["abandoned_spans"] += 1
            self._clear(span, span.holding(), "nothing was heard of it any more", now)

    def _abandoned(self) -> list[OpenSpan]:
        found = []
        for span in self.spans.open.values():
            silence_s = self.spans.silence_s(span.heard_s)
            if silence_s < ABANDONED_S:
                break
            process = self.spans.processes[span.said.worker]
            usual_s = max(ABANDONED_S, 6 * (span.said.interval_s or 0.0))
            if silence_s >= (GIVEN_UP_S if process.lost_s is not None else usual_s):
                found.append(span)
        return found

    def _raise(self, span: OpenSpan, finding: Finding, session: Session | None, now: float) -> None:
        what = finding.detector, finding.pattern
        known = span.raised.get(what)
        is_new = known is None or known.severity < finding.severity
        still = known.finding if known is not None and known.holds and not is_new else None
        if still is not None and self._incidents.holds(still):
            return
        item = self._item(span, finding, session)
        if session is not None:
            is_new = (kept := session.keep(item)) is not None
            item = kept or item
        severity = max(known.severity, finding.severity) if known is not None else finding.severity
        span.raised[what] = Raised(severity, item, holds=True)
        track = self._incidents.find if is_new else self._incidents.see
        if (change := track(item, now)) is not None:
            self._changes.append(change)
        if is_new:
            self._telemetry.raised(item)
            self._raised.append(item)

    def _item(self, span: OpenSpan, finding: Finding, session: Session | None) -> RaisedFinding:
        said = span.said
        step = 1 + (session.totals.steps if session is not None else 0)
        return RaisedFinding(
            finding=finding,
            session_key=self._key(said),
            run_key=said.trace_id,
            agent=said.agent or (session.agent if session is not None else ""),
            service=said.service,
            environment=said.environment,
            trace_id=said.trace_id,
            span_id=said.span_id,
            step=step,
            at_ns=said.at_ns,
            since=step,
        )

    def _conclude(self, span: OpenSpan, step: Step | None, now: float) -> None:
        found = [(what, raised) for what, raised in span.raised.items() if raised.finding is not None]
        self._clear(span, found, "", now, step)

    def _clear(
        self,
        span: OpenSpan,
        over: Iterable[tuple[What, Raised]],
        why: str,
        now: float,
        step: Step | None = None,
    ) -> None:
        """What was found as *over* is so no more: *why*, or as its detector says."""
        for _, raised in over:
            raised.holds = False
            if raised.finding is None:
                continue
            said = raised.finding.finding.summary
            truth = f"{said.rstrip('.')}; {why}." if why else self._truth(span, raised, step) or said
            self._incidents.cleared(raised.finding, now, truth)
            self._retell(raised.finding, truth)
            raised.finding = replace(raised.finding, finding=replace(raised.finding.finding, summary=truth))

    def _truth(self, span: OpenSpan, raised: Raised, step: Step | None) -> str:
        assert raised.finding is not None
        finding = raised.finding.finding
        _, policy = self._around(span)
        detector = next((item for item in policy.open_detectors if item.name == finding.detector), None)
        return detector.over(finding, span, step) if detector is not None else ""

    def _retell(self, item: RaisedFinding, summary: str) -> None:
        session = self._sessions.open.get(item.session_key)
        key = item.finding.detector, item.finding.pattern, item.agent
        known = session.findings.get(key) if session is not None else None
        if session is not None and known is not None and known.span_id == item.span_id and summary:
            session.findings[key] = replace(known, finding=replace(known.finding, summary=summary))

    def _follow(self, span: OpenSpan, now: float) -> None:
        """Where *span* belongs may have become known since something was found in it, or its session begun."""
        key = self._key(span.said)
        for raised in span.raised.values():
            if raised.finding is not None:
                agent = span.said.agent or raised.finding.agent
                self._move(raised, replace(raised.finding, session_key=key, agent=agent), now)

    def _move(self, raised: Raised, new: RaisedFinding, now: float) -> None:
        old, raised.finding = raised.finding, new
        if old is None:
            return
        left, into = self._sessions.open.get(old.session_key), self._sessions.open.get(new.session_key)
        key = old.finding.detector, old.finding.pattern, old.agent
        if left is not None and (known := left.findings.get(key)) is not None and known.span_id == old.span_id:
            del left.findings[key]
        if into is not None:
            into.keep(new)
        if old != new:
            self._sessions.watcher.moved(old, new, now)

    def _keep_ending(self, span: OpenSpan) -> None:
        if span.raised:
            self._ending[span.said.key] = span
            if len(self._ending) > _MAX_ENDING:
                self._ending.popitem(last=False)

    def _key(self, said: Said) -> str:
        return said.session_id or self._sessions.key_of(said.trace_id)

    def _around(self, span: OpenSpan) -> tuple[Session | None, Policy]:
        said = span.said
        session = self._sessions.open.get(self._key(said))
        agent = said.agent or (session.agent if session is not None else "")
        return session, self._policies.of(said.service, agent, said.environment, said.agent_type)

    def _place(self, span: OpenSpan, session: Session | None) -> OpenPlace:
        if span.said.kind is StepKind.AGENT_TURN:
            return OpenPlace(idle_s=self.spans.idle_s(span))
        return OpenPlace(_context_tokens(session, span.said.agent) if session is not None else 0)

    def _watched(self, detector: OpenDetector, span: OpenSpan, place: OpenPlace) -> Iterator[Finding]:
        try:
            yield from detector.watch(span, place)
        except Exception:  # noqa: BLE001 - one faulty detector must not silence the others
            self._on_fault("detector", detector.name)


def merged(changes: Iterable[Change]) -> list[Change]:
    """One change an incident, as it stands in the end: a worker with fifty sessions that dies is told of once."""
    newest: dict[str, Change] = {}
    for change in changes:
        known = newest.get(change.incident.id)
        kind = change.kind if known is None or _RANK[change.kind] > _RANK[known.kind] else known.kind
        newest[change.incident.id] = replace(change, kind=kind)
    return list(newest.values())


_RANK = {ChangeKind.UPDATED: 0, ChangeKind.ESCALATED: 1, ChangeKind.OPENED: 2}


def _context_tokens(session: Session, agent: str) -> int:
    """The input of the newest ended model call of *agent*; without a name, of whoever called last."""
    calls = [
        state.model_calls[-1]
        for state in session.agents.values()
        if state.model_calls and (not agent or state.name == agent)
    ]
    newest = max(calls, key=lambda call: call.end_ns, default=None)
    return newest.usage.input_tokens if newest is not None and newest.usage is not None else 0
