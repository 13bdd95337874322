"""Counts what the pipeline, the receivers and the sinks tell, within bounds."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from itertools import product

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from loopwatch._counts import REASONS
from loopwatch.attributes import AgentType, StopReason, ToolErrorClass
from loopwatch_processor import unread
from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.incident import ChangeKind
from loopwatch_processor.run import Run
from loopwatch_processor.session import Place, Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import ModelCall, Step, StepKind, StreamTimings, Usage
from loopwatch_processor.telemetry import table
from loopwatch_processor.telemetry.labels import Family, LabelLimits, Labels
from loopwatch_processor.telemetry.metric import Metric
from loopwatch_processor.telemetry.readings import Read, Readings, Series
from loopwatch_processor.telemetry.tally import Tallies

# The time of creation of each series would double their number and tells nothing that is asked here.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

UNKNOWN_DIALECT = "unknown"
NOTIFICATION_OUTCOMES = ("delivered", "failed", "refused", "dry_run")
"""A failed attempt is repeated, a refused message never sent again."""
JOURNAL_OUTCOMES = ("ok", "failed")
_CALLS = (StepKind.MODEL_CALL, StepKind.TOOL_CALL)
FORGETTABLE = (
    *("agents", "baselines", "chains", "findings", "messages", "requests", "runs"),
    *("large_values", "large_texts", "long_names", "open_spans", "abandoned_spans"),
    *("incidents", "incident_findings", "incident_sessions"),
    *("journal_incidents", "journal_messages", "journal_marks", "journal_sessions", "journal_documents"),
    *("journal_steps", "journal_transitions", "journal_snapshots", "journal_unwritable"),
    *("snapshots", "snapshots_late", "snapshots_unreadable", "snapshots_unwritable"),
)
"""Every `reason` of what is forgotten because a bound was reached."""
_ERROR_CLASSES = ("", *(error_class.value for error_class in ToolErrorClass))
_USUAL_STOP_REASONS = (StopReason.COMPLETED.value, StopReason.UNKNOWN.value)
_NO_USAGE = Usage()
_NO_STREAM = StreamTimings()
_NO_MODEL = ModelCall()
_Who = tuple[str, str, str]
"""Environment, service, agent."""


class Telemetry:
    """One registry and everything that is counted in it. Not for threads: one event loop feeds and scrapes it."""

    def __init__(self, limits: LabelLimits | None = None) -> None:
        self.registry = CollectorRegistry()
        overflow = Counter(table.LABEL_OVERFLOW.name, table.LABEL_OVERFLOW.help, ("label",), registry=self.registry)
        self._labels = Labels(limits or LabelLimits(), lambda label: overflow.labels(label).inc())
        self._readings = Readings(self._labels)
        self.registry.register(self._readings)
        self._known: set[_Who] = set()
        self._tallies = tallies = Tallies(self._labels)
        self.registry.register(tallies)
        ProcessCollector(registry=self.registry)
        self._received = tallies.of(table.SPANS_RECEIVED)
        self._unscored = tallies.of(table.SPANS_UNSCORED)
        self._failures = tallies.of(table.SCORING_FAILURES)
        self._steps = tallies.of(table.STEPS)
        self._tokens = tallies.of(table.TOKENS)
        self._token_details = tallies.of(table.TOKEN_DETAILS)
        self._cost = tallies.of(table.COST)
        self._unpriced = tallies.of(table.UNPRICED)
        self._unknown_window = tallies.of(table.UNKNOWN_WINDOW)
        self._utilization = self._histogram(table.CONTEXT_UTILIZATION)
        self._ttft = self._histogram(table.STREAM_TTFT)
        self._max_gap = self._histogram(table.STREAM_MAX_GAP)
        self._tool_calls = tallies.of(table.TOOL_CALLS)
        self._tool_results = tallies.of(table.TOOL_RESULTS)
        self._runs_ended = tallies.of(table.RUNS_ENDED)
        self._run_cost = self._histogram(table.RUN_COST)
        self._run_duration = self._histogram(table.RUN_DURATION)
        self._run_steps = self._histogram(table.RUN_STEPS)
        self._fleet_cost = tallies.of(table.FLEET_COST)
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
        if dialect == "" and signal == "traces":
            dialect = UNKNOWN_DIALECT
            self.unscored(signal, "unknown_dialect")
        self._received.add((signal, dialect))

    def unscored(self, signal: str, reason: str) -> None:
        """One span or record was forwarded without being scored."""
        self._unscored.add((signal, reason))

    def failed(self, part: str, name: str) -> None:
        """A dialect, detector or sink raised: a bug of ours."""
        self._failures.add((part, name))

    def stepped(self, step: Step, place: Place) -> None:
        """A step was counted in a session: only what `place.before` did not tell yet is counted here."""
        who = _who(step, place)
        if who not in self._known:
            self._meet(who)
        before = place.before
        if before is None and step.kind in _CALLS:
            self._steps.add((*who, str(step.kind)))
        if step.tool is not None and before is None:
            error_class = step.error.tool_class if step.error else ""
            self._tool_calls.add((*who, step.tool.name, error_class))
            self._tool_results.add((*who, error_class))
        if step.usage is not None or step.cost_usd is not None:
            self._spent(step, place, who)
        if step.model is not None and step.model.stream is not None:
            self._streamed(step, step.model.stream, before, who)

    def raised(self, item: RaisedFinding) -> None:
        """A finding is new or more severe."""
        finding = item.finding
        who = (item.environment, item.service, item.agent)
        self._findings.of(*who, finding.detector, finding.severity.label).inc(exemplar=_exemplar(item))

    def run_ended(self, session: Session, run: Run) -> None:
        """A run became terminal."""
        who = (session.environment, session.service, run.agent or session.agent)
        if who not in self._known:
            self._meet(who)
        self._runs_ended.add((*who, run.stop_reason or "unknown"))
        newest = run.root or run.last_step
        exemplar = _exemplar(newest) if newest is not None else None
        self._run_cost.of(*who).observe(run.totals.cost_usd, exemplar)
        self._run_duration.of(*who).observe(run.duration_s, exemplar)
        self._run_steps.of(*who).observe(run.totals.steps, exemplar)

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
        self.watch(table.SESSIONS_EVICTED, lambda: counts.evicted_sessions)
        self.watch(table.SESSIONS_EXPIRED, lambda: counts.expired_sessions)
        self.watch(table.TRACES_EVICTED, lambda: counts.evicted_traces)
        self.watch(table.SPANS_DUPLICATE, lambda: counts.duplicates)
        self.watch(table.STATE_FORGOTTEN, lambda: dict.fromkeys(FORGETTABLE, 0) | counts.forgotten | unread.forgotten)
        self.watch(table.SPANS_UNTRACKED, lambda: counts.untracked_spans)

    def _meet(self, who: _Who) -> None:
        """An agent is seen for the first time: serve from 0 on what `increase()` must see the first event of."""
        if len(self._known) >= self._labels.limits.series:
            return
        self._known.add(who)
        for error_class in _ERROR_CLASSES:
            self._tool_results.add((*who, error_class), 0)
        for stop_reason in _USUAL_STOP_REASONS:
            self._runs_ended.add((*who, stop_reason), 0)
        for histogram in (self._run_cost, self._run_duration, self._run_steps):
            histogram.of(*who)

    def _spent(self, step: Step, place: Place, who: _Who) -> None:
        model, before = _model(step), place.before
        usage, known = step.usage or _NO_USAGE, (before.usage if before else None) or _NO_USAGE
        for direction, tokens in (
            ("input", usage.input_tokens - known.input_tokens),
            ("output", usage.output_tokens - known.output_tokens),
        ):
            if tokens > 0:
                self._tokens.add((*who, direction, model), tokens)
        for detail, tokens in (
            ("cache_read", usage.cache_read_tokens - known.cache_read_tokens),
            ("cache_write", usage.cache_write_tokens - known.cache_write_tokens),
            ("reasoning", usage.reasoning_tokens - known.reasoning_tokens),
        ):
            if tokens > 0:
                self._token_details.add((*who, detail, model), tokens)
        cost_usd = (step.cost_usd or 0.0) - ((before.cost_usd if before else None) or 0.0)
        if cost_usd > 0:
            self._cost.add((*who, model), cost_usd)
            self._fleet_cost.add((place.session.agent_type,), cost_usd)
        if step.cost_usd is None and (before is None or before.usage is None):
            self._unpriced.add((model,))

    def _streamed(self, step: Step, stream: StreamTimings, before: Step | None, who: _Who) -> None:
        known = ((before.model if before else None) or _NO_MODEL).stream or _NO_STREAM
        if stream.ttft_s is not None and known.ttft_s is None:
            self._ttft.of(*who, _model(step)).observe(stream.ttft_s, _exemplar(step))
        if stream.max_gap_s is not None and known.max_gap_s is None:
            self._max_gap.of(*who, _model(step)).observe(stream.max_gap_s, _exemplar(step))

    def _counter(self, metric: Metric) -> Family[Counter]:
        parent = Counter(metric.name, metric.help, metric.labels, unit=metric.served_unit, registry=self.registry)
        return Family(metric.labels, lambda values: parent.labels(*values), self._labels)

    def _histogram(self, metric: Metric) -> Family[Histogram]:
        parent = Histogram(
            metric.name,
            metric.help,
            metric.labels,
            unit=metric.served_unit,
            buckets=metric.buckets,
            registry=self.registry,
        )
        return Family(metric.labels, lambda values: parent.labels(*values), self._labels)

    def _say_build(self) -> None:
        build = Gauge(table.BUILD.name, table.BUILD.help, table.BUILD.labels, registry=self.registry)
        build.labels(version("loopwatch"), platform.python_version()).set(1)


def _who(step: Step, place: Place) -> _Who:
    return step.environment, step.service, place.agent.name or place.session.agent


def _model(step: Step) -> str:
    return step.model.model if step.model is not None else ""


def _exemplar(of: Step | RaisedFinding) -> dict[str, str]:
    return {"trace_id": of.trace_id}
