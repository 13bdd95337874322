"""Bytes in, findings out: decode → dialect → step → session → detectors. No I/O, no threads, no clock."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from loopwatch_processor.arrivals import Arrivals
from loopwatch_processor.baselines import Baselines, peers_of
from loopwatch_processor.conversation import Heard
from loopwatch_processor.diagnosis import Diagnosis
from loopwatch_processor.dialects import (
    EVENTS,
    LOGS_DIALECT,
    DialectFault,
    read,
    read_log,
    read_open_event,
    session_id_of,
)
from loopwatch_processor.dialects.reading import error_of, step_of
from loopwatch_processor.finding import Finding, RaisedFinding
from loopwatch_processor.incident import Change
from loopwatch_processor.incidents import Incidents
from loopwatch_processor.jobs.reading import EVENTS as JOB_EVENTS
from loopwatch_processor.jobs.reading import of_log as job_of_log
from loopwatch_processor.jobs.span_reading import SpanReading
from loopwatch_processor.jobs.transition import Transition
from loopwatch_processor.left_out import LeftOut
from loopwatch_processor.node import Node
from loopwatch_processor.open_span import OpenSpan
from loopwatch_processor.open_spans import OpenSpans
from loopwatch_processor.open_watch import OpenWatch
from loopwatch_processor.otlp import Broken, LogRecord, Span, decode_logs, decode_traces
from loopwatch_processor.policy import Policies, Policy
from loopwatch_processor.prices import Prices
from loopwatch_processor.run import Run
from loopwatch_processor.session import Place, Session
from loopwatch_processor.sessions import Counting, Sessions
from loopwatch_processor.step import Step, StepKind
from loopwatch_processor.telemetry import Telemetry
from loopwatch_processor.values import replace
from loopwatch_processor.verdict import SpanKey, Verdict, due

_log = logging.getLogger(__name__)

SLICE = 32
"""Spans of one request that are scored in one go, some 5 ms: a full one would hold up probes and others for long."""
_PACE_CALLS = 8
"""The newest calls that tell how fast an agent goes."""
OF_ONE_CALL = frozenset({"stream", "budget"})
"""The detectors that have something to say of a call which belongs to no session."""


@dataclass(slots=True)
class Scored:
    """What came of one request."""

    raised: list[RaisedFinding] = field(default_factory=list)
    """Findings that are new or more severe."""
    changes: list[Change] = field(default_factory=list)
    """What they change about incidents, in order."""
    verdicts: dict[SpanKey, Verdict] = field(default_factory=dict)
    """What to write on which of its spans, where they are forwarded."""
    told: list[Session] = field(default_factory=list)
    """The sessions whose verdicts these are."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """What came of time that passed."""

    ended: list[Session]
    """The sessions that idled out, or were ended."""
    changes: list[Change]
    """What became of incidents, in order."""
    raised: list[RaisedFinding] = field(default_factory=list)
    """Findings of what has not ended that are new or more severe."""


class _Feeding(Counting):
    """One request, as far as it was fed to *pipeline*."""

    __slots__ = ("ended", "pipeline", "scored")

    def __init__(self, pipeline: Pipeline, scored: Scored, now: float) -> None:
        super().__init__(now)
        self.pipeline = pipeline
        self.scored = scored
        self.ended: OpenSpan | None = None
        """What was known, while it was open, of the span that is being fed."""

    def give(self, place: Place, step: Step) -> None:
        """Look at *step*, which has just been counted at its *place*."""
        if self.pipeline.writes_verdicts:
            self.placed.append((place, step))
        self.pipeline.score(self, place, step)


class Pipeline:
    """The scorer. One owner, one thread: feed it bodies and ticks in the order they come.

    With *writes_verdicts* it also says what to write on which span: only in-line does anybody read that.
    """

    def __init__(
        self,
        policies: Policies,
        prices: Prices,
        sessions: Sessions,
        telemetry: Telemetry,
        *,
        writes_verdicts: bool = False,
        baselines: Baselines | None = None,
        incidents: Incidents | None = None,
    ) -> None:
        self.sessions = sessions
        self.incidents = incidents or Incidents()
        sessions.watcher = self.incidents
        self.baselines = baselines or Baselines()
        self.diagnosis = Diagnosis()
        self.writes_verdicts = writes_verdicts
        self._faults: set[tuple[str, str]] = set()
        self._policies = policies
        self._prices = prices
        self.telemetry = telemetry
        self.on_job: Callable[[Transition], None] = lambda _item: None
        """Hears what is said of jobs."""
        self._left_out = LeftOut()
        self.job_spans: SpanReading | None = None
        """Reads jobs from spans, where somebody hears of them."""
        spans = OpenSpans(sessions.limits.open_spans, sessions.counts, sessions.limits.open_grace_s)
        self.open = OpenWatch(
            spans,
            policies=policies,
            sessions=sessions,
            incidents=self.incidents,
            telemetry=telemetry,
            on_fault=self._fault,
        )
        """What has not ended."""

    def feed_traces(self, body: bytes, now: float) -> Scored:
        """Score one encoded ExportTraceServiceRequest that arrived at *now* (seconds).

        Raises `Undecodable` where the envelope is not such a request.
        """
        scored = Scored()
        deque(self.feeding_traces(body, lambda: now, scored), maxlen=0)
        return scored

    def feeding_traces(self, body: bytes, clock: Callable[[], float], scored: Scored) -> Iterator[None]:
        """The same into *scored*, by *clock*; it gives way after every `SLICE` spans.

        Meanwhile others may be fed, time may pass, and what is in *scored* may be taken out.
        """
        feeding = _Feeding(self, scored, clock())
        # Only between slices may a process tell of a span that it has not ended.
        watches = bool(self.open)
        arrivals = Arrivals(self.open.spans, feeding.now) if watches else None
        for number, span in enumerate(decode_traces(body, self.sessions.limits.parts_per_span), 1):
            if isinstance(span, Broken):
                self.telemetry.unscored("traces", span.reason)
            elif not span.has_ids:
                self.telemetry.unscored("traces", "invalid_id")
            else:
                if arrivals is not None:
                    arrivals.add(span)
                if self.job_spans is not None:
                    self._jobs_of(self.job_spans, span, feeding.now)
                feeding.ended = self.open.ended(span.trace_id, span.span_id) if watches else None
                self._span(span, feeding)
            if number % SLICE == 0:
                yield
                feeding.now, watches = clock(), bool(self.open)
        if arrivals is not None:
            arrivals.close()

    def feed_logs(self, body: bytes, now: float) -> Scored:
        """Take the messages that some instrumentations send as log records; see `feed_traces`."""
        scored = Scored()
        deque(self.feeding_logs(body, lambda: now, scored), maxlen=0)
        return scored

    def feeding_logs(self, body: bytes, clock: Callable[[], float], scored: Scored) -> Iterator[None]:
        """The same in slices; see `feeding_traces`."""
        now = clock()
        for number, record in enumerate(decode_logs(body, self.sessions.limits.parts_per_span), 1):
            if isinstance(record, Broken):
                self.telemetry.unscored("logs", record.reason)
            else:
                self._record(record, now, scored)
            if number % SLICE == 0:
                yield
                now = clock()

    def _record(self, record: LogRecord, now: float, scored: Scored) -> None:
        if record.event_name in EVENTS:
            self._hear(record, now)
        elif record.event_name in JOB_EVENTS:
            self._job(record, now)
        else:
            self.telemetry.received("logs", "")
            heard = self._read_log(record)
            if heard is not None and record.span_id:
                self.sessions.hear(record.trace_id, record.span_id, heard, _Feeding(self, scored, now))

    def _read_log(self, record: LogRecord) -> Heard | None:
        try:
            return read_log(record)
        except Exception:  # noqa: BLE001 - a fault of ours must not cost the user's other records
            self._fault("dialect", LOGS_DIALECT)
            return None

    def _job(self, record: LogRecord, now: float) -> None:
        """Take what a submitter or worker says of a job."""
        try:
            item = job_of_log(record, now)
            if item is None:
                self.telemetry.unscored("logs", "invalid_id")
                return
            self.telemetry.received("logs", "loopwatch")
            self.on_job(item)
        except Exception:  # noqa: BLE001 - a fault of ours must not cost the user's other records
            self._fault("pipeline", "jobs")

    def _jobs_of(self, reading: SpanReading, span: Span, now: float) -> None:
        try:
            for item in reading.read(span, now):
                self.on_job(item)
        except Exception:  # noqa: BLE001 - a fault of ours must not cost the user's other spans
            self._fault("pipeline", "jobs")

    def _hear(self, record: LogRecord, now: float) -> None:
        """Take what a process says of a span that it has not ended."""
        try:
            said = read_open_event(record)
            if said is None:
                self.telemetry.unscored("logs", "invalid_id")
                return
            self.telemetry.received("logs", "loopwatch")
            self.open.hear(said, now)
            for reason, number in self._left_out.more(record, said):
                self.telemetry.left_out(said.environment, said.service, reason, number)
        except Exception:  # noqa: BLE001 - a fault of ours must not cost the user's other records
            self._fault("pipeline", "open_spans")

    def tick(self, now: float) -> Ticked:
        """Let time pass to *now*: ends what was silent for too long, and judges what has not ended."""
        self.baselines.pass_time(now)
        for session, run in self.sessions.settled_runs(now):
            self._run_ended(session, run)
            self.incidents.run_ended(session.key, run.key, now, is_only=len(session.runs) == 1)
        ended = self._ended(self.sessions.expire(now))
        for session in ended:
            self.incidents.session_ended(session.key, now)
        raised, changes = self._watch(now)
        return Ticked(ended, [*changes, *self.incidents.tick(now)], raised)

    def cool(self, now: float) -> bool:
        """Pack some of what was silent by *now*, for about as long as scoring a slice takes; whether more waits."""
        return self.sessions.cool(now, SLICE)

    def shift(self, by_s: float) -> None:
        """The clock went on *by_s*, or back, without anybody having listened: nobody was silent for that."""
        self.sessions.shift(by_s)
        self.incidents.shift(by_s)

    def _watch(self, now: float) -> tuple[list[RaisedFinding], list[Change]]:
        try:
            return self.open.tick(now)
        except Exception:  # noqa: BLE001 - incidents and sessions go on without
            self._fault("pipeline", "open_spans")
            return [], []

    def close(self) -> Ticked:
        """Nothing more comes: end every session that is still open, and resolve every incident."""
        return Ticked(self._ended(self.sessions.end_all()), self.incidents.close())

    def _ended(self, sessions: list[Session]) -> list[Session]:
        for session in sessions:
            for run in session.runs.values():
                if not run.told:
                    self._run_ended(session, run)
        return sessions

    def _run_ended(self, session: Session, run: Run) -> None:
        try:
            self.telemetry.run_ended(session, run)
            if session.is_scorable:
                self.baselines.learn(peers_of(session, run), run)
        except Exception:  # noqa: BLE001 - neither the other runs nor the ends of incidents wait for this one
            self._fault("pipeline", "tick")

    def _span(self, span: Span, feeding: _Feeding) -> None:
        read_as = self._read(span)
        self.diagnosis.add(span, read_as)
        step = read_as or self._unknown(span)
        node = Node(step.span_id, step.parent_id, step.end_ns, step.session_id, step)
        self.sessions.take(node, span.trace_id, feeding)
        if feeding.ended is not None:
            self.open.conclude(feeding.ended, read_as, feeding.now)
        if self.writes_verdicts:
            self._say(span, feeding)

    def _say(self, span: Span, feeding: _Feeding) -> None:
        """Note what is due to be written on *span*, which has just been taken."""
        here = (place.session for place, counted in feeding.placed if counted.span_id == span.span_id)
        session = next(here, None) or self.sessions.session_of(span.trace_id, span.span_id)
        if session is not None and (verdict := due(session, span.trace_id)) is not None:
            feeding.scored.verdicts[span.trace_id, span.span_id] = verdict
            feeding.scored.told.append(session)
        feeding.placed.clear()

    def _read(self, span: Span) -> Step | None:
        try:
            step = read(span)
        except DialectFault as fault:  # a fault of ours must not cost the user's other spans
            self._fault("dialect", fault.name)
            return None
        self.telemetry.received("traces", step.dialect if step is not None else "")
        if step is None:
            return None
        if step.cost_usd is None and step.usage is not None and step.kind is StepKind.MODEL_CALL:
            step = replace(step, cost_usd=self._prices.cost_usd(step), cost_is_ours=True)
        return step

    def _unknown(self, span: Span) -> Step:
        """A span that nobody knows is no step, but its place in the tree, its session id and its end still tell."""
        error = error_of(span) if not span.parent_id else None
        return step_of(span, "", StepKind.OTHER, session_id_of(span), error=error)

    def score(self, feeding: _Feeding, place: Place, step: Step) -> None:
        """Look at *step* at its *place*, where a span of the request puts it."""
        ended = feeding.ended
        if ended is not None and (step.trace_id, step.span_id) != ended.said.key:
            ended = None
        if ended is not None:
            self.open.rejoin(ended, place, feeding.now)
        # Before anything is counted: it may tell the type of the agent, which money is counted by.
        session, usage = place.session, step.usage
        policy = self._policies.of(step.service, place.agent.key[0], step.environment, session.agent_type)
        if policy.agent_type and not session.agent_type:
            session.agent_type = policy.agent_type
        self.telemetry.stepped(step, place)
        if usage is not None and step.model is not None:
            window = self._prices.window(step)
            self.telemetry.filled(step, place, usage.input_tokens / window.tokens if window else None)
        for finding in self._findings(step, place, policy):
            self._find(finding, step, place, feeding, ended)

    def _find(self, finding: Finding, step: Step, place: Place, feeding: _Feeding, ended: OpenSpan | None) -> None:
        """Take in a *finding* of *step*, whose span was *ended* while it was open."""
        item = _raised(finding, step, place)
        is_new = (kept := place.session.keep(item)) is not None
        if kept is not None:
            item = kept
            self.telemetry.raised(item)
            feeding.scored.raised.append(item)
        # What was found while the span was open is over now that it has ended.
        if ended is not None and ended.has_told(finding):
            return
        # What is found again in a step that only moved says nothing of how things are now.
        if (is_new or not place.moved) and (change := self._track(item, place, feeding.now, is_new=is_new)):
            feeding.scored.changes.append(change)

    def _track(self, item: RaisedFinding, place: Place, now: float, *, is_new: bool) -> Change | None:
        track = self.incidents.find if is_new else self.incidents.see
        try:
            return track(item, now, run_over=place.run.told)
        except Exception:  # noqa: BLE001 - a fault of ours must not cost the findings, which go out by other ways too
            self._fault("pipeline", "incidents")
            return None

    def _findings(self, step: Step, place: Place, policy: Policy) -> list[Finding]:
        found: list[Finding] = []
        is_scorable = place.session.is_scorable
        for name, update in policy.looking[step.kind]:
            if is_scorable or name in OF_ONE_CALL:
                try:
                    if given := update(step, place):
                        found.extend(given)
                except Exception:  # noqa: BLE001 - one faulty detector must not silence the others
                    self._fault("detector", name)
        return found

    def _fault(self, part: str, name: str) -> None:
        """Count the exception that is being handled: a bug of ours. The first of each kind is logged as well."""
        self.telemetry.failed(part, name)
        if (part, name) not in self._faults:
            self._faults.add((part, name))
            _log.exception("the %s %s failed: a bug; it goes on, and further failures are only counted", part, name)


def _raised(finding: Finding, step: Step, place: Place) -> RaisedFinding:
    own = finding.span_ids
    # A call recovered from messages has no span of its own: the model call that asked for it is what one can look up.
    spans = tuple(dict.fromkeys([span_id.partition("/")[0] for span_id in own]))
    calls = place.agent.tool_calls if step.tool is not None else place.agent.model_calls
    mine = set(own)
    ends = [call.end_ns for call in calls if call.span_id in mine]
    return RaisedFinding(
        finding=finding if spans == own else replace(finding, span_ids=spans),
        session_key=place.session.key,
        run_key=place.run.key,
        agent=place.agent.name or place.session.agent,
        service=step.service,
        environment=step.environment,
        trace_id=step.trace_id,
        span_id=step.span_id.partition("/")[0],
        step=place.step_index,
        at_ns=step.end_ns,
        since=place.step_index,
        pace_s=_pace_s(ends if len(ends) > 1 else [call.end_ns for call in calls[-_PACE_CALLS:]]),
        across_runs=bool(ends) and ends[0] < place.run.started_ns,
    )


def _pace_s(ends_ns: Sequence[int]) -> float:
    """Median time between the newest of some calls, of which *ends_ns* are the ends in order."""
    gaps = sorted([later - earlier for earlier, later in pairwise(ends_ns[-_PACE_CALLS:])])
    return gaps[len(gaps) // 2] / 1e9 if gaps else 0.0
