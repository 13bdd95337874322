"""Every metric that loopwatch serves: name, kind, unit, labels and meaning, declared here and nowhere else.

The convention (semconv/model) holds the same metrics by their OpenTelemetry names, with the cardinality of each.

No label is ever a session, user or trace id; every label's values are bounded (see `telemetry.labels`).
"""

from __future__ import annotations

from collections.abc import Mapping

from loopwatch_processor.telemetry.metric import Kind, Metric

_FLEET = ("environment", "service", "agent")

TTFT_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""A first token comes in 0.2 s to 3 s from a small model and in tens of seconds from a reasoning one; 60 s warns."""
GAP_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Chunks come tens of milliseconds apart; a gap of 30 s warns, one of 300 s pages."""
UTILIZATION_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""With bounds at the 70 % and 90 % of the context detector."""
RUN_COST_BUCKETS_USD = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""A chat turn costs tenths of a cent, a long coding or research run tens of dollars."""
RUN_DURATION_BUCKETS_S = (
    *(1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0),
    *(1_200.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 86_400.0),
)
"""From a chat turn of a second to a job of a day."""
RUN_STEPS_BUCKETS = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 50.0, 80.0, 120.0, 200.0, 300.0, 500.0, 1_000.0)
"""Three quarters of healthy coding runs pass 25 calls."""

LABELS: Mapping[str, str] = {
    "environment": "deployment.environment.name",
    "service": "service.name",
    "agent": "gen_ai.agent.name",
    "model": "gen_ai.response.model",
    "tool": "gen_ai.tool.name",
    "error_class": "loopwatch.tool.error.class",
    "kind": "loopwatch.step.kind",
    "direction": "gen_ai.token.type",
    "detail": "loopwatch.token.detail",
    "stop_reason": "loopwatch.stop.reason",
    "detector": "loopwatch.finding.detector",
    "pattern": "loopwatch.finding.pattern",
    "severity": "loopwatch.finding.severity",
    "agent_type": "loopwatch.agent.type",
    "channel": "loopwatch.notification.channel",
    "signal": "loopwatch.signal",
    "dialect": "loopwatch.dialect",
    "reason": "error.type",
    "part": "loopwatch.component.type",
    "name": "loopwatch.component.name",
    "outcome": "loopwatch.request.outcome",
    "label": "loopwatch.metric.label",
    "job_type": "loopwatch.job.type",
    "standing": "loopwatch.job.standing",
    "version": "service.version",
    "python": "process.runtime.version",
}
"""The attribute of the convention that each label serves: short names are what people type in queries.

`model` is the one that was asked for where the span does not say which one answered."""
OTHERWISE: Mapping[tuple[str, str], str] = {
    ("loopwatch_incident_changes", "kind"): "loopwatch.incident.change",
    ("loopwatch_notifications", "outcome"): "loopwatch.notification.outcome",
    ("loopwatch_journal_writes", "outcome"): "loopwatch.journal.outcome",
}
"""The attribute of a label, by metric and label, where it is another one than `LABELS` has."""


def attributes(metric: Metric) -> tuple[str, ...]:
    """The attributes of the convention that the labels of *metric* serve, in their order."""
    return tuple(OTHERWISE.get((metric.name, label), LABELS[label]) for label in metric.labels)


SPANS_RECEIVED = Metric(
    "loopwatch_spans_received",
    Kind.COUNTER,
    "{span}",
    ("signal", "dialect"),
    "Spans and log records decoded, by the dialect that read them; dialect is unknown where nobody knows the span.",
)
SPANS_UNSCORED = Metric(
    "loopwatch_spans_unscored",
    Kind.COUNTER,
    "{span}",
    ("signal", "reason"),
    "Spans and log records that could not be scored; they are forwarded all the same.",
)
SPANS_DUPLICATE = Metric(
    "loopwatch_spans_duplicate", Kind.COUNTER, "{span}", (), "Spans delivered again and scored only once."
)
SPANS_UNTRACKED = Metric(
    "loopwatch_spans_untracked",
    Kind.COUNTER,
    "{span}",
    (),
    "Spans that their trace forgot beyond the bound of spans per trace: they stay counted in the session they are in.",
)
SCORING_FAILURES = Metric(
    "loopwatch_scoring_failures",
    Kind.COUNTER,
    "{failure}",
    ("part", "name"),
    "Dialects, detectors and sinks that raised: a fault of loopwatch, the telemetry itself went on.",
)
STEPS = Metric(
    "loopwatch_steps", Kind.COUNTER, "{step}", (*_FLEET, "kind"), "Model calls and tool calls, each counted once."
)
TOKENS = Metric(
    "loopwatch_tokens",
    Kind.COUNTER,
    "{token}",
    (*_FLEET, "direction", "model"),
    "Tokens of model calls: input (the cached ones included) and output (the reasoning ones included).",
)
TOKEN_DETAILS = Metric(
    "loopwatch_token_details",
    Kind.COUNTER,
    "{token}",
    (*_FLEET, "detail", "model"),
    "Parts of the tokens of model calls: cache_read and cache_write of the input, reasoning of the output.",
)
COST = Metric(
    "loopwatch_cost_usd",
    Kind.COUNTER,
    "{USD}",
    (*_FLEET, "model"),
    "US dollars spent on model calls and priced tools, each counted once.",
)
UNPRICED = Metric(
    "loopwatch_model_calls_unpriced",
    Kind.COUNTER,
    "{call}",
    ("model",),
    "Model calls with tokens whose price is not known: the cost is a lower bound while this grows.",
)
UNKNOWN_WINDOW = Metric(
    "loopwatch_model_calls_unknown_window",
    Kind.COUNTER,
    "{call}",
    ("model",),
    "Model calls whose model's context window is not known, so that context is not watched.",
)
CONTEXT_UTILIZATION = Metric(
    "loopwatch_context_window_utilization_ratio",
    Kind.HISTOGRAM,
    "1",
    _FLEET,
    "Share of the model's context window that the input of a model call fills.",
    UTILIZATION_BUCKETS,
)
STREAM_TTFT = Metric(
    "loopwatch_stream_ttft_seconds",
    Kind.HISTOGRAM,
    "s",
    (*_FLEET, "model"),
    "Seconds from the start of a streamed model call to its first content chunk.",
    TTFT_BUCKETS_S,
)
STREAM_MAX_GAP = Metric(
    "loopwatch_stream_largest_gap_seconds",
    Kind.HISTOGRAM,
    "s",
    (*_FLEET, "model"),
    "The longest silence in seconds between two chunks of a streamed model call.",
    GAP_BUCKETS_S,
)
TOOL_CALLS = Metric(
    "loopwatch_tool_calls",
    Kind.COUNTER,
    "{call}",
    (*_FLEET, "tool", "error_class"),
    "Tool calls; error_class is empty where the call did not fail.",
)
RUNS_ENDED = Metric(
    "loopwatch_runs_ended", Kind.COUNTER, "{run}", (*_FLEET, "stop_reason"), "Runs that ended, by why they ended."
)
TOOL_RESULTS = Metric(
    "loopwatch_tool_results",
    Kind.COUNTER,
    "{call}",
    (*_FLEET, "error_class"),
    "Tool calls, whatever the tool; error_class is empty where the call did not fail.",
)
OF_AGENTS = (STEPS, TOKENS, TOKEN_DETAILS, COST, TOOL_CALLS, TOOL_RESULTS, RUNS_ENDED)
"""Counters of what single agents do."""
RUN_COST = Metric(
    "loopwatch_run_cost_usd",
    Kind.HISTOGRAM,
    "{USD}",
    _FLEET,
    "US dollars spent by a run that ended, the agents that it called included.",
    RUN_COST_BUCKETS_USD,
)
RUN_DURATION = Metric(
    "loopwatch_run_duration_seconds",
    Kind.HISTOGRAM,
    "s",
    _FLEET,
    "Seconds from the first start to the last end in a run that ended.",
    RUN_DURATION_BUCKETS_S,
)
RUN_STEPS = Metric(
    "loopwatch_run_steps",
    Kind.HISTOGRAM,
    "{step}",
    _FLEET,
    "Model calls and tool calls of a run that ended.",
    RUN_STEPS_BUCKETS,
)
FLEET_COST = Metric(
    "loopwatch_fleet_cost_usd",
    Kind.COUNTER,
    "{USD}",
    ("agent_type",),
    "US dollars spent by agents of a type, each counted once; agent_type is empty where nobody tells it.",
)
FLEET_BUDGET = Metric(
    "loopwatch_fleet_budget_usd",
    Kind.GAUGE,
    "{USD}",
    ("agent_type",),
    "US dollars to spend in 30 days at most, where that is set; agent_type is empty for the whole fleet.",
)
FINDINGS = Metric(
    "loopwatch_findings_raised",
    Kind.COUNTER,
    "{finding}",
    (*_FLEET, "detector", "severity"),
    "Findings that are new in a session, or more severe than before.",
)
OPEN_INCIDENTS = Metric(
    "loopwatch_open_incidents",
    Kind.GAUGE,
    "{incident}",
    (*_FLEET, "detector", "pattern", "severity"),
    "1 while an incident is open; then 0 for 15 minutes, as after a change of its severity or leading pattern.",
)
INCIDENT_AGE = Metric(
    "loopwatch_open_incident_age_seconds",
    Kind.GAUGE,
    "s",
    (*_FLEET, "detector", "pattern", "severity"),
    "Seconds since an open incident was opened, muted or not: a warning that nobody ends is worse than none.",
)
INCIDENT_CHANGES = Metric(
    "loopwatch_incident_changes",
    Kind.COUNTER,
    "{change}",
    ("kind", "severity"),
    "What happened to incidents: opened, escalated, updated or resolved.",
)
MUTES_ACTIVE = Metric(
    "loopwatch_mutes_active",
    Kind.GAUGE,
    "{mute}",
    ("agent", "detector"),
    "Mutes that hold now, by the patterns of whom they are about; * is any.",
)
SNAPSHOT_AGE = Metric(
    "loopwatch_snapshot_age_seconds",
    Kind.GAUGE,
    "s",
    (),
    "How far back kill -9 would throw sums and findings of open sessions: since the last round of snapshots began.",
)
OPEN_SPANS = Metric(
    "loopwatch_open_spans",
    Kind.GAUGE,
    "{span}",
    ("kind",),
    "Spans that have not ended, by what their processes say; kind is the step's.",
)
WORKERS_LOST = Metric(
    "loopwatch_workers_lost",
    Kind.COUNTER,
    "{process}",
    ("environment", "service"),
    "Processes that fell silent with spans still open.",
)
LEFT_OUT = Metric(
    "loopwatch_reporter_left_out",
    Kind.COUNTER,
    "{item}",
    ("environment", "service", "reason"),
    "What processes left out of what they tell of their open spans and streams, by their own word.",
)
JOBS = Metric(
    "loopwatch_jobs_known",
    Kind.GAUGE,
    "{job}",
    (*_FLEET, "job_type", "standing"),
    "Jobs submitted in the last 24 hours (jobs.window_s), by how they stand; swept and overdue ones are lost.",
)
JOBS_LOST = Metric(
    "loopwatch_jobs_lost_ratio",
    Kind.GAUGE,
    "1",
    (*_FLEET, "job_type"),
    "Share of the jobs of 24 hours that should have ended, of which no worker has reported an end.",
)
JOBS_SUCCEEDED = Metric(
    "loopwatch_jobs_succeeded_ratio",
    Kind.GAUGE,
    "1",
    (*_FLEET, "job_type"),
    "Share of the jobs of 24 hours that should have ended, of which a worker reported that they are completed.",
)
JOBS_ILLEGAL = Metric(
    "loopwatch_jobs_illegal_transitions",
    Kind.GAUGE,
    "{transition}",
    (),
    "Transitions of the jobs of 24 hours that cannot have happened, such as an end after the end.",
)
SESSIONS_OPEN = Metric("loopwatch_sessions_open", Kind.GAUGE, "{session}", (), "Sessions whose state is held now.")
SESSIONS_PACKED = Metric(
    "loopwatch_sessions_packed",
    Kind.GAUGE,
    "{session}",
    (),
    "Open sessions that were silent for sessions.cool_s and are packed.",
)
SESSIONS_UNPACKABLE = Metric(
    "loopwatch_sessions_unpackable",
    Kind.GAUGE,
    "{session}",
    (),
    "Open sessions that were silent for as long and stay as they are: they remember too much to be packed in one go.",
)
PACKED_SIZE = Metric(
    "loopwatch_sessions_packed_size_bytes", Kind.GAUGE, "By", (), "Bytes of packed sessions and traces, names included."
)
SESSIONS_EVICTED = Metric(
    "loopwatch_sessions_evicted",
    Kind.COUNTER,
    "{session}",
    (),
    "Sessions dropped before their end, because sessions.max_sessions was reached.",
)
SESSIONS_EXPIRED = Metric(
    "loopwatch_sessions_expired", Kind.COUNTER, "{session}", (), "Sessions that ended because nothing came for long."
)
TRACES_EVICTED = Metric(
    "loopwatch_traces_evicted",
    Kind.COUNTER,
    "{trace}",
    (),
    "Traces forgotten because sessions.max_traces or sessions.max_spans was reached; later spans lose their place.",
)
STATE_FORGOTTEN = Metric(
    "loopwatch_state_forgotten",
    Kind.COUNTER,
    "{item}",
    ("reason",),
    "What was forgotten, or not taken up, because a bound was reached, by what it was.",
)
REQUESTS = Metric(
    "loopwatch_requests_answered",
    Kind.COUNTER,
    "{request}",
    ("signal", "outcome"),
    "Export requests answered over HTTP and gRPC, each once, by how.",
)
REQUEST_BYTES = Metric(
    "loopwatch_requests_received_bytes",
    Kind.COUNTER,
    "By",
    ("signal",),
    "Bytes of the export requests taken, uncompressed.",
)
CONNECTIONS_REFUSED = Metric(
    "loopwatch_connections_refused",
    Kind.COUNTER,
    "{connection}",
    ("reason",),
    "Connections over HTTP that were closed on their client: too many were open, or the headers took too long.",
)
REQUESTS_WAITING = Metric(
    "loopwatch_requests_waiting", Kind.GAUGE, "{request}", (), "Export requests being read or waiting for their turn."
)
REQUESTS_HELD = Metric(
    "loopwatch_requests_held_bytes", Kind.GAUGE, "By", (), "Bytes held by the export requests that wait."
)
FORWARD_IN_FLIGHT = Metric(
    "loopwatch_forward_requests_in_flight",
    Kind.GAUGE,
    "{request}",
    (),
    "Requests on their way to the downstream (in-line only).",
)
FORWARD_IN_FLIGHT_BYTES = Metric(
    "loopwatch_forward_in_flight_bytes", Kind.GAUGE, "By", (), "Bytes on their way to the downstream (in-line only)."
)
FORWARD_DELIVERED = Metric(
    "loopwatch_forward_delivered", Kind.COUNTER, "{request}", (), "Requests that the downstream took (in-line only)."
)
FORWARD_UNAVAILABLE = Metric(
    "loopwatch_forward_unavailable",
    Kind.COUNTER,
    "{request}",
    (),
    "Requests that the downstream could not take now; their senders keep the data and retry (in-line only).",
)
FORWARD_FULL = Metric(
    "loopwatch_forward_full",
    Kind.COUNTER,
    "{request}",
    (),
    "Requests not tried because too much was on its way; their senders keep the data and retry (in-line only).",
)
FORWARD_REFUSED = Metric(
    "loopwatch_forward_refused",
    Kind.COUNTER,
    "{request}",
    ("reason",),
    "Requests that the downstream will never take, by its status code; their senders were told so (in-line only).",
)
FORWARD_REJECTED = Metric(
    "loopwatch_forward_rejected",
    Kind.COUNTER,
    "{item}",
    (),
    "Spans and records that the downstream rejected for good in batches it took (in-line only).",
)
NOTIFICATIONS = Metric(
    "loopwatch_notifications",
    Kind.COUNTER,
    "{attempt}",
    ("channel", "outcome"),
    "Attempts to send a notification; a failed one is tried again, a refused one never.",
)
NOTIFICATIONS_WAITING = Metric(
    "loopwatch_notifications_waiting",
    Kind.GAUGE,
    "{message}",
    ("channel",),
    "Messages that are not delivered yet.",
)
NOTIFICATIONS_OLDEST = Metric(
    "loopwatch_notifications_oldest_seconds",
    Kind.GAUGE,
    "s",
    ("channel",),
    "Age in seconds of the oldest message that is not delivered yet; 0 where there is none.",
)
JOURNAL_WRITES = Metric(
    "loopwatch_journal_writes",
    Kind.COUNTER,
    "{transaction}",
    ("outcome",),
    "Transactions that the journal wrote, or failed to.",
)
LABEL_OVERFLOW = Metric(
    "loopwatch_label_overflow",
    Kind.COUNTER,
    "{value}",
    ("label",),
    "Times a label value became other because the bound on distinct values (label series: on series) was reached.",
)
BUILD = Metric(
    "loopwatch_build_info", Kind.GAUGE, "{build}", ("version", "python"), "Always 1; the labels tell what is running."
)

METRICS: tuple[Metric, ...] = tuple(item for item in list(globals().values()) if isinstance(item, Metric))
"""All of them, in the order of this file."""
