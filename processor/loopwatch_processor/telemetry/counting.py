"""Counts what the pipeline, the receivers and the sinks tell, within bounds."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from itertools import product

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.process_collector import ProcessCollector

from loopwatch._counts import REASONS
from loopwatch.attributes import AgentType, StopReason, ToolErrorClass
from loopwatch_processor import unread
from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.incident import ChangeKind
from loopwatch_processor.kinds import MODEL_CALL, TOOL_CALL
from loopwatch_processor.run import Run
from loopwatch_processor.session import Place, Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import ModelCall, Step, StreamTimings
from loopwatch_processor.telemetry import table
from loopwatch_processor.telemetry.agent_series import AgentSeries, Who
from loopwatch_processor.telemetry.distribution import Distribution
from loopwatch_processor.telemetry.labels import Family, LabelLimits, Labels
from loopwatch_processor.telemetry.metric import Metric
from loopwatch_processor.telemetry.readings import Read, Readings, Series
from loopwatch_processor.telemetry.tally import Branch, Tallies

# The time of creation of each series would double their number and tells nothing that is asked here.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

UNKNOWN_DIALECT = "unknown"
NOTIFICATION_OUTCOMES = ("delivered", "failed", "refused", "dry_run")
"""A failed attempt is repeated, a refused message never sent again."""
JOURNAL_OUTCOMES = ("ok", "failed")
FORGETTABLE = (
    *("agents", "baselines", "chains", "findings", "messages", "requests", "runs"),
    *("trace_sessions", "trace_tools"),
    *("large_values", "large_texts", "long_names", "open_spans", "abandoned_spans"),
    *("incidents", "incident_findings", "incident_sessions"),
    *("journal_incidents", "journal_messages", "journal_marks", "journal_sessions", "journal_documents"),
    *("journal_steps", "journal_transitions", "journal_snapshots", "journal_unwritable"),
    *("snapshots", "snapshots_late", "snapshots_unreadable", "snapshots_unwritable"),
)
"""Every `reason` of what is forgotten because a bound was reached."""
_ERROR_CLASSES = ("", *(error_class.value for error_class in ToolErrorClass))
_USUAL_STOP_REASONS = (StopReason.COMPLETED.value, StopReason.UNKNOWN.value)
_NO_STREAM = StreamTimings()
_NO_MODEL = ModelCall()


class Telemetry:
    """One registry and everything that is counted in it. Not for threads: one event loop feeds and scrapes it."""

    def __init__(self, limits: LabelLimits | None = None) -> None:
        self.registry = CollectorRegistry()
        overflow = Counter(table.LABEL_OVERFLOW.name, table.LABEL_OVERFLOW.help, ("label",), registry=self.registry)
        self._labels = Labels(limits or LabelLimits(), lambda label: overflow.labels(label).inc())
        self._readings = Readings(self._labels)
        self.registry.register(self._readings)
        self._agents: dict[Who, AgentSeries] = {}
        self._tallies = tallies = Tallies(self._labels)
        self.registry.register(tallies)
        ProcessCollector(registry=self.registry)
        self._spans = Branch(tallies.of(table.SPANS_RECEIVED), ("traces",))
        self._records = Branch(tallies.of(table.SPANS_RECEIVED), ("logs",))
        self._unscored = tallies.of(table.SPANS_UNSCORED)
        self._failures = tallies.of(table.SCORING_FAILURES)
        for counter in table.OF_AGENTS:  # served before there is any
            tallies.of(counter)
        self._unpriced = Branch(tallies.of(table.UNPRICED))
        self._unknown_window = tallies.of(table.UNKNOWN_WINDOW)
        self._utilization = self._histogram(table.CONTEXT_UTILIZATION)
        self._ttft = self._histogram(table.STREAM_TTFT)
        self._max_gap = self._histogram(table.STREAM_MAX_GAP)
        self._run_cost = self._histogram(table.RUN_COST)
        self._run_duration = self._histogram(table.RUN_DURATION)
        self._run_steps = self._histogram(table.RUN_STEPS)
        self._fleet_cost = Branch(tallies.of(table.FLEET_COST))
        self._workers_lost = tallies.of(table.WORKERS_LOST)
        self._left_out = tallies.of(table.LEFT_OUT)
        self._incident_changes = tallies.of(table.INCIDENT_CHANGES)
        self._notifications = tallies.of(table.NOTIFICATIONS)
        self._journal_writes = tallies.of(table.JOURNAL_WRITES)
        self._findings = self._counter(table.FINDINGS)
        self._requests = tallies.of(table.REQUESTS)
        self._request_bytes = tallies.of(table.REQUEST_BYTES)
        self._connections_refused = tallies.of(table.CONNECTIONS_REFUSED)
        self.begin(table.INCIDENT_CHANGES, product(ChangeKind, (severity.label for severity in Severity)))
        self._say_build()
        for label in (*table.LABELS, "series"):
            overflow.labels(label)

    def begin(self, counter: Metric, series: Iterable[tuple[str, ...]]) -> None:
        """Serve *series* of *counter* from 0 on: one that appears with its first event never increased."""
        tally = self._tallies.of(counter)
        for values in series:
            tally.begin(values)

    def received(self, signal: str, dialect: str) -> None:
        """One span or record was decoded; *dialect* is "" where nobody knows it."""
        if signal != "traces":
            self._records.add(dialect)
        elif dialect:
            self._spans.add(dialect)
        else:
            self._spans.add(UNKNOWN_DIALECT)
            self.unscored(signal, "unknown_dialect")

    def unscored(self, signal: str, reason: str) -> None:
        """One span or record was forwarded without being scored."""
        self._unscored.add((signal, reason))

    def failed(self, part: str, name: str) -> None:
        """A dialect, detector or sink raised: a bug of ours."""
        self._failures.add((part, name))

    def stepped(self, step: Step, place: Place) -> None:
        """A step was counted in a session: only what `place.before` did not tell yet is counted here."""
        who = step.environment, step.service, place.agent.key[0] or place.session.agent
        agent, before, kind, tool, model = self._agents.get(who), place.before, step.kind, step.tool, step.model
        if agent is None:
            agent = self._meet(who)
        if before is None:
            if kind is MODEL_CALL:
                agent.steps.add("model_call")
            elif kind is TOOL_CALL:
                agent.steps.add("tool_call")
            if tool is not None:
                agent.called(tool.name, step.error.tool_class if step.error is not None else "")
        if step.usage is not None or step.cost_usd is not None:
            self._spent(step, place, agent)
        if model is not None and model.stream is not None:
            self._streamed(step, model.stream, before, who)

    def raised(self, item: RaisedFinding) -> None:
        """A finding is new or more severe."""
        finding = item.finding
        who = (item.environment, item.service, item.agent)
        self._findings.of(*who, finding.detector, finding.severity.label).inc(exemplar={"trace_id": item.trace_id})

    def run_ended(self, session: Session, run: Run) -> None:
        """A run became terminal."""
        who = (session.environment, session.service, run.agent or session.agent)
        agent = self._agents.get(who) or self._meet(who)
        agent.runs_ended.add(run.stop_reason or "unknown")
        newest = run.root or run.last_step
        trace_id = newest.trace_id if newest is not None else ""
        self._run_cost.of(*who).observe(run.totals.cost_usd, trace_id)
        self._run_duration.of(*who).observe(run.duration_s, trace_id)
        self._run_steps.of(*who).observe(run.totals.steps, trace_id)

    def filled(self, step: Step, place: Place, utilization: float | None) -> None:
        """The input of a model call filled the share *utilization* of its window; None where nobody knows that."""
        if place.before is not None and place.before.usage is not None:
            return
        if utilization is None:
            self._unknown_window.add((_model(step),))
        else:
            self._utilization.of(*_who(step, place)).observe(utilization)

    def incident_changed(self, kind: str, severity: str) -> None:
        """An incident was opened, escalated, updated or resolved."""
        self._incident_changes.add((kind, severity))

    def begin_channel(self, channel: str) -> None:
        """Notifications go out over *channel*: serve every outcome from 0 on."""
        self.begin(table.NOTIFICATIONS, ((channel, outcome) for outcome in NOTIFICATION_OUTCOMES))

    def begin_journal(self) -> None:
        """There is a journal: serve both outcomes of writing it from 0 on."""
        self.begin(table.JOURNAL_WRITES, ((outcome,) for outcome in JOURNAL_OUTCOMES))

    def begin_workers(self, environment: str, service: str) -> None:
        """A process tells of its open spans: serve the loss of one like it from 0 on."""
        self._workers_lost.add((environment, service), 0)
        for reason in REASONS:
            self._left_out.add((environment, service, reason), 0)

    def left_out(self, environment: str, service: str, reason: str, number: int) -> None:
        """A process says that it left something out, *number* times more than before."""
        self._left_out.add((environment, service, reason), number)

    def worker_lost(self, environment: str, service: str) -> None:
        """A process fell silent with spans still open."""
        self._workers_lost.add((environment, service))

    def notified(self, channel: str, outcome: str) -> None:
        """One attempt to send a notification had an *outcome* of `NOTIFICATION_OUTCOMES`."""
        self._notifications.add((channel, outcome))

    def journal_wrote(self, outcome: str) -> None:
        """One transaction of the journal had an *outcome* of `JOURNAL_OUTCOMES`."""
        self._journal_writes.add((outcome,))

    def answered(self, signal: str, outcome: str) -> None:
        """One export request was answered."""
        self._requests.add((signal, outcome))

    def refused_connection(self, reason: str) -> None:
        """One connection was closed on its client."""
        self._connections_refused.add((reason,))

    def taken(self, signal: str, size_bytes: int) -> None:
        """One export request of *size_bytes*, uncompressed, was taken."""
        self._request_bytes.add((signal,), size_bytes)

    def watch(self, metric: Metric, read: Read) -> None:
        """Serve *metric* with what *read* says at each scrape."""
        self._readings.add(metric, read)

    def watch_series(self, metric: Metric, read: Callable[[], Series]) -> None:
        """Serve *metric* with what *read* says at each scrape, by all its label values, which are bounded here."""
        self._readings.add_series(metric, read)

    def plan_fleet(self, usd_per_30d: Mapping[str, float], agent_types: Iterable[str] = ()) -> None:
        """Serve the budgets by agent type ("": the whole fleet), and the money of these types from 0 on."""
        types = {"", *(each.value for each in AgentType), *usd_per_30d, *agent_types}
        self.begin(table.FLEET_COST, ((agent_type,) for agent_type in sorted(types)))
        self.watch_series(table.FLEET_BUDGET, lambda: {(each,): usd for each, usd in usd_per_30d.items()})

    def watch_sessions(self, sessions: Sessions) -> None:
        """Serve the size and the counts of the session store."""
        counts = sessions.counts
        self.watch(table.SESSIONS_OPEN, lambda: len(sessions.open))
        self.watch(table.SESSIONS_PACKED, lambda: len(sessions.open.shelf))
        self.watch(table.SESSIONS_UNPACKABLE, lambda: sessions.cold.unfit_sessions)
        self.watch(table.PACKED_SIZE, lambda: sessions.cold.packed_bytes)
        self.watch(table.SESSIONS_EVICTED, lambda: counts.evicted_sessions)
        self.watch(table.SESSIONS_EXPIRED, lambda: counts.expired_sessions)
        self.watch(table.TRACES_EVICTED, lambda: counts.evicted_traces)
        self.watch(table.SPANS_DUPLICATE, lambda: counts.duplicates)
        self.watch(table.STATE_FORGOTTEN, lambda: dict.fromkeys(FORGETTABLE, 0) | counts.forgotten | unread.forgotten)
        self.watch(table.SPANS_UNTRACKED, lambda: counts.untracked_spans)

    def _meet(self, who: Who) -> AgentSeries:
        """An agent is seen for the first time: serve from 0 on what `increase()` must see the first event of."""
        agent = AgentSeries(self._tallies, who)
        if len(self._agents) >= self._labels.limits.series:
            return agent
        self._agents[who] = agent
        for error_class in _ERROR_CLASSES:
            agent.tool_results.add(error_class, 0)
        for stop_reason in _USUAL_STOP_REASONS:
            agent.runs_ended.add(stop_reason, 0)
        for histogram in (self._run_cost, self._run_duration, self._run_steps):
            histogram.of(*who)
        return agent

    def _spent(self, step: Step, place: Place, agent: AgentSeries) -> None:
        model, before = _model(step), place.before
        usage = step.usage
        if usage is not None:
            if before is not None and before.usage is not None:
                usage = usage - before.usage
            agent.used(model, usage)
        cost_usd = step.cost_usd or 0.0
        if before is not None:
            cost_usd -= before.cost_usd or 0.0
        if cost_usd > 0:
            agent.cost.add(model, cost_usd)
            self._fleet_cost.add(place.session.agent_type, cost_usd)
        if step.cost_usd is None and (before is None or before.usage is None):
            self._unpriced.add(model)

    def _streamed(self, step: Step, stream: StreamTimings, before: Step | None, who: Who) -> None:
        known = ((before.model if before else None) or _NO_MODEL).stream or _NO_STREAM
        if stream.ttft_s is not None and known.ttft_s is None:
            self._ttft.of(*who, _model(step)).observe(stream.ttft_s, step.trace_id)
        if stream.max_gap_s is not None and known.max_gap_s is None:
            self._max_gap.of(*who, _model(step)).observe(stream.max_gap_s, step.trace_id)

    def _counter(self, metric: Metric) -> Family[Counter]:
        parent = Counter(metric.name, metric.help, metric.labels, unit=metric.served_unit, registry=self.registry)
        return Family(metric.labels, lambda values: parent.labels(*values), self._labels)

    def _histogram(self, metric: Metric) -> Distribution:
        histogram = Distribution(metric, self._labels)
        self.registry.register(histogram)
        return histogram

    def _say_build(self) -> None:
        build = Gauge(table.BUILD.name, table.BUILD.help, table.BUILD.labels, registry=self.registry)
        build.labels(version("loopwatch"), platform.python_version()).set(1)


def _who(step: Step, place: Place) -> Who:
    return step.environment, step.service, place.agent.key[0] or place.session.agent


def _model(step: Step) -> str:
    call = step.model
    return call.response_model or call.request_model if call is not None else ""
