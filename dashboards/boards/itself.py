"""loopwatch itself: does it see everything, does it keep up, does it tell people?"""

from __future__ import annotations

from dashboards.frame import Board, Row, target_variables
from dashboards.panels import Look, Query, graph, number
from dashboards.queries import grown, only, or_zero, rate, ratio, total
from dashboards.tables import Column, listing

TARGET = 'job=~"$job", instance=~"$instance"'
ALERT_OLDEST_S = 300
"""LoopwatchNotificationsFailing."""
ALERT_WAITING = 64
"""LoopwatchQueueFilling: a quarter of the requests that may wait by default."""
ALERT_UNSCORED = 0.01
"""LoopwatchSpansUnscored, and the same share of requests for LoopwatchSpansRefused."""


def _of(metric: str, *matchers: str) -> str:
    return only(metric, TARGET, *matchers)


def _in_step(metric: str, *by: str) -> str:
    return or_zero(total(f"increase({_of(metric)}[$__rate_interval])", *by), *by)


def _now() -> Row:
    unscored = total(f"increase({_of('loopwatch_spans_unscored_total')}[1h])")
    received = total(grown(_of("loopwatch_spans_received_total"), "1h"))
    failures = total(f"increase({_of('loopwatch_scoring_failures_total')}[1h])")
    unwritten = total(f"""increase({_of("loopwatch_journal_writes_total", 'outcome="failed"')}[1h])""")
    return Row(
        "",
        (
            number(
                (
                    "Instances up",
                    "Share of the scraped loopwatches that answer; LoopwatchDown is a ticket after 5 min.",
                ),
                "percentunit",
                f"avg({_of('up')})",
                steps=((None, "red"), (1.0, "green")),
                decimals=0,
                filled=True,
            ),
            number(
                (
                    "Spans not scored, last hour",
                    "Share of the spans in 1 h that nobody could read; above 1 % of a kind it is a ticket. They are "
                    "forwarded all the same.",
                ),
                "percentunit",
                or_zero(ratio(unscored, received)),
                steps=((ALERT_UNSCORED, "orange"),),
                decimals=1,
            ),
            number(
                ("Failures of our own, last hour", "Detectors, dialects and sinks that raised in 1 h: report them."),
                "short",
                or_zero(failures),
                steps=((1, "orange"),),
                decimals=0,
            ),
            number(
                ("Oldest notification waits", "How long the oldest message to people waits; 300 s are a ticket."),
                "s",
                or_zero(f"max({_of('loopwatch_notifications_oldest_seconds')})"),
                steps=((ALERT_OLDEST_S, "orange"),),
                decimals=0,
            ),
            number(
                ("Journal writes failed, last hour", "Transactions that the database refused in 1 h."),
                "short",
                or_zero(unwritten),
                steps=((1, "orange"),),
                decimals=0,
            ),
            number(
                ("Memory", "Resident memory of all chosen instances together."),
                "bytes",
                total(_of("process_resident_memory_bytes")),
                decimals=1,
            ),
        ),
    )


def _seen() -> Row:
    unscored = total(f"increase({_of('loopwatch_spans_unscored_total')}[$__rate_interval])", "reason")
    received = f"increase({_of('loopwatch_spans_received_total')}[$__rate_interval])"
    return Row(
        "What it sees",
        (
            graph(
                ("Spans and log records by dialect", "Decoded a second, by the dialect that read them."),
                "short",
                Query(total(rate(_of("loopwatch_spans_received_total")), "dialect"), "{{dialect}}"),
                look=Look(stacked=True),
                width=8,
            ),
            graph(
                (
                    "Share of spans not scored",
                    "By reason; unknown_dialect is usual where all of a service's spans arrive, the others are faults.",
                ),
                "percentunit",
                Query(f"{unscored} / on() group_left() ({total(received)} > 0)", "{{reason}}"),
                look=Look(thresholds=((ALERT_UNSCORED, "orange"),), no_value="nothing received"),
                width=8,
            ),
            graph(
                (
                    "Duplicate and untracked spans",
                    "Delivered again and scored once; or beyond the spans that are kept per trace, in each step.",
                ),
                "short",
                Query(_in_step("loopwatch_spans_duplicate_total"), "duplicate"),
                Query(_in_step("loopwatch_spans_untracked_total"), "untracked"),
                width=8,
            ),
        ),
    )


def _keeps_up() -> Row:
    return Row(
        "Whether it keeps up",
        (
            graph(
                (
                    "Requests by outcome",
                    "Export requests answered a second; all but ok and busy are lost for their senders.",
                ),
                "short",
                Query(total(rate(_of("loopwatch_requests_answered_total")), "outcome"), "{{outcome}}"),
                look=Look(colours={"ok": "green"}),
                width=8,
            ),
            graph(
                (
                    "Requests waiting",
                    "Export requests that are read or wait for their turn; ten minutes above 64 are "
                    "LoopwatchQueueFilling.",
                ),
                "short",
                Query(total(_of("loopwatch_requests_waiting"), "instance"), "{{instance}}"),
                look=Look(thresholds=((ALERT_WAITING, "orange"),)),
                width=8,
            ),
            graph(
                ("Bytes received and held", "Uncompressed bytes taken a second, and bytes that waiting requests hold."),
                "bytes",
                Query(total(rate(_of("loopwatch_requests_received_bytes_total"))), "received a second"),
                Query(total(_of("loopwatch_requests_held_bytes")), "held"),
                width=8,
            ),
        ),
    )


def _process() -> Row:
    failures = total(f"increase({_of('loopwatch_scoring_failures_total')}[$__rate_interval])", "part", "name")
    return Row(
        "Process and state",
        (
            graph(
                ("Failures of our own", "What raised, in each step. The spans themselves went on; please report it."),
                "short",
                Query(or_zero(f"{failures} > 0", "part"), "{{part}} {{name}}"),
                look=Look(bars=True),
                width=6,
            ),
            graph(
                ("Memory", "Resident memory by instance; sessions.max_sessions and max_spans bound it."),
                "bytes",
                Query(_of("process_resident_memory_bytes"), "{{instance}}"),
                width=6,
            ),
            graph(
                ("CPU", "Share of one CPU that each instance uses: scoring runs on one."),
                "percentunit",
                Query(rate(_of("process_cpu_seconds_total")), "{{instance}}"),
                look=Look(thresholds=((0.8, "orange"),)),
                width=6,
            ),
            graph(
                ("Open files", "Share of the file descriptors that a process may have."),
                "percentunit",
                Query(f"{_of('process_open_fds')} / {_of('process_max_fds')}", "{{instance}}"),
                look=Look(thresholds=((0.8, "orange"),)),
                width=6,
            ),
            graph(
                ("Sessions open", "Sessions whose state each instance holds."),
                "short",
                Query(_of("loopwatch_sessions_open"), "{{instance}}"),
                width=8,
            ),
            graph(
                (
                    "Sessions and traces dropped",
                    "Sessions that fell silent for long, and sessions and traces that a bound on memory dropped, in "
                    "each step.",
                ),
                "short",
                Query(_in_step("loopwatch_sessions_expired_total"), "sessions idle"),
                Query(_in_step("loopwatch_sessions_evicted_total"), "sessions evicted"),
                Query(_in_step("loopwatch_traces_evicted_total"), "traces evicted"),
                look=Look(colours={"sessions evicted": "orange", "traces evicted": "red"}),
                width=8,
            ),
            graph(
                (
                    "Bounds that bite",
                    "What open sessions forgot, and label values that became other, because a bound was reached; in "
                    "each step.",
                ),
                "short",
                Query(_in_step("loopwatch_state_forgotten_total", "reason"), "forgotten {{reason}}"),
                Query(_in_step("loopwatch_label_overflow_total", "label"), "label {{label}}"),
                width=8,
            ),
        ),
    )


def _tells() -> Row:
    return Row(
        "Whether it tells people",
        (
            graph(
                (
                    "Notifications by outcome",
                    "Attempts in each step: failed ones are tried again, refused ones never. 0 where no channel is "
                    "set up.",
                ),
                "short",
                Query(_in_step("loopwatch_notifications_total", "channel", "outcome"), "{{channel}} {{outcome}}"),
                look=Look(bars=True),
                width=8,
            ),
            graph(
                (
                    "Notifications waiting",
                    "Messages that are not delivered yet, by channel; 0 where no channel is set.",
                ),
                "short",
                Query(or_zero(total(_of("loopwatch_notifications_waiting"), "channel"), "channel"), "{{channel}}"),
                width=8,
            ),
            graph(
                ("Journal writes", "Transactions of the journal in each step, written and failed."),
                "short",
                Query(_in_step("loopwatch_journal_writes_total", "outcome"), "{{outcome}}"),
                look=Look(colours={"ok": "green", "failed": "red"}),
                width=8,
            ),
        ),
    )


def _in_line() -> Row:
    return Row(
        "In-line only (0 beside a Collector)",
        (
            graph(
                ("Forwarded requests", "Requests to the downstream in each step, by what became of them."),
                "short",
                *(
                    Query(_in_step(f"loopwatch_forward_{what}_total"), what)
                    for what in ("delivered", "unavailable", "full", "refused")
                ),
                look=Look(colours={"delivered": "green", "full": "orange", "refused": "red"}),
                width=8,
            ),
            graph(
                (
                    "On the way downstream",
                    "Bytes that were sent and not answered yet; LoopwatchQueueFilling when full.",
                ),
                "bytes",
                Query(or_zero(total(_of("loopwatch_forward_in_flight_bytes"))), "in flight"),
                width=8,
            ),
            graph(
                ("Rejected downstream", "Spans and records that the downstream refused for good in batches it took."),
                "short",
                Query(_in_step("loopwatch_forward_rejected_total"), "rejected"),
                width=8,
            ),
        ),
    )


def _builds() -> Row:
    age = f"time() - {_of('process_start_time_seconds')}"
    return Row(
        "Instances",
        (
            listing(
                ("Instances", "What runs where, and for how long: after a restart scoring state starts anew."),
                ("instance", "job", "version", "python"),
                Column(
                    "Up for",
                    f"({age}) * on (job, instance) group_left (version, python) {_of('loopwatch_build_info')}",
                    "dtdurations",
                ),
                sort_by="Up for",
            ),
        ),
    )


BOARD = Board(
    uid="loopwatch-self",
    title="loopwatch itself",
    description="Whether loopwatch sees everything, keeps up, and tells people.",
    rows=(_now(), _seen(), _keeps_up(), _process(), _tells(), _in_line(), _builds()),
    variables=target_variables(),
    marks_incidents=False,
)
