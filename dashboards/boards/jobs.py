"""Jobs and reliability: which jobs are lost, why runs end, how long they take, which tools fail."""

from __future__ import annotations

from dashboards.frame import Board, Row, agent_variables
from dashboards.panels import Look, Query, graph, heat, number
from dashboards.queries import RANGE, WHO, grown, known, named, of, or_zero, quantile, rate, ratio, total
from dashboards.tables import Column, listing

ENDED = "loopwatch_runs_ended_total"
RUNS = "loopwatch_run_duration_seconds_count"
DURATION = "loopwatch_run_duration_seconds_bucket"
RESULTS = "loopwatch_tool_results_total"
CALLS = "loopwatch_tool_calls_total"
WRONG = 'stop_reason!~"completed|cancelled|user_paused|user_killed"'
"""All but what nobody has to look at: a run that is done, or that a person stopped."""
UNKNOWN = 'stop_reason="unknown"'
FAILED = 'error_class!=""'
SCHEMA = 'error_class="schema"'
SCHEMA_LIMIT, FAILED_LIMIT, UNKNOWN_LIMIT = 0.05, 0.2, 0.05
"""AgentToolSchemaErrors, AgentToolErrors, AgentStopReasonsUnknown."""
BY = tuple(WHO.split(", "))
KNOWN, LOST, SUCCEEDED = "loopwatch_jobs_known", "loopwatch_jobs_lost_ratio", "loopwatch_jobs_succeeded_ratio"
DUE = 'standing=~"completed|failed|swept|overdue"'
MISSING = 'standing=~"swept|overdue"'
COMPLETED = 'standing="completed"'
OPEN = "loopwatch_open_incidents"
OF_JOB = (*BY, "job_type")


def _hour(metric: str, *matchers: str) -> str:
    return f"increase({of(metric, *matchers)}[1h])"


def _now() -> Row:
    unknown = ratio(total(grown(of(ENDED, UNKNOWN), "6h")), total(grown(of(ENDED), "6h")))
    return Row(
        "",
        (
            number(
                (
                    "Runs that went wrong, last hour",
                    "Share of the runs that ended in 1 h for any reason but being done or being stopped by a person.",
                ),
                "percentunit",
                or_zero(ratio(total(grown(of(ENDED, WRONG), "1h")), total(grown(of(ENDED), "1h")))),
                decimals=1,
            ),
            number(
                (
                    "Unknown stop reasons, last 6 h",
                    "Share of the runs that ended in 6 h of which nobody can tell why. AgentStopReasonsUnknown is a "
                    "ticket above 5 % of an agent's.",
                ),
                "percentunit",
                or_zero(unknown),
                steps=((UNKNOWN_LIMIT, "orange"),),
                decimals=1,
            ),
            number(
                ("Runs ended, last hour", "Runs of the chosen agents that ended in 1 h, for whatever reason."),
                "short",
                or_zero(total(grown(of(ENDED), "1h"))),
                decimals=0,
            ),
            number(
                ("Duration of a run, 95 %", "19 of 20 runs that ended in the last hour took less time."),
                "s",
                known(quantile(0.95, _hour(DURATION))),
                no_value="no run",
            ),
            number(
                ("Failed tool calls, last hour", "Share of the tool calls in 1 h that failed, in whatever way."),
                "percentunit",
                or_zero(ratio(total(_hour(RESULTS, FAILED)), total(_hour(RESULTS)))),
                steps=((FAILED_LIMIT, "orange"),),
                decimals=1,
            ),
            number(
                (
                    "Refused arguments, last hour",
                    "Share of the tool calls in 1 h whose arguments the tool refused: the tool or the prompt changed.",
                ),
                "percentunit",
                or_zero(ratio(total(_hour(RESULTS, SCHEMA)), total(_hour(RESULTS)))),
                steps=((SCHEMA_LIMIT, "orange"),),
                decimals=1,
            ),
        ),
    )


def _questions() -> Row:
    """What `loopwatch status` answers, from the same jobs and incidents."""
    submitted = total(_most(of(KNOWN), "standing"))
    missing, due, done = (total(_most(of(KNOWN, which), "standing")) for which in (MISSING, DUE, COMPLETED))
    late = total(of(OPEN, 'detector="jobs"', 'pattern="queue_wait"'))
    stream, bounds = (total(of(OPEN, which)) for which in ('detector="stream"', 'detector=~"budget|context"'))
    succeeded = ratio(done, due)
    none_open = ((1, "orange"),)
    return Row(
        "Work in the background: six questions",
        (
            number(
                ("1. Entered the queue", "Jobs submitted in the last day."),
                "short",
                or_zero(submitted),
                decimals=0,
            ),
            number(
                ("2. Not picked up in time", "Open incidents of jobs that nobody took within what is promised."),
                "short",
                or_zero(late),
                steps=none_open,
                decimals=0,
            ),
            number(
                ("3. Never ended", "Jobs of the last day that should have ended, and no worker has reported an end."),
                "short",
                or_zero(missing),
                steps=none_open,
                decimals=0,
            ),
            number(
                ("4. Streams not delivered", "Open incidents of streams: silent, broken off, or without an end."),
                "short",
                or_zero(stream),
                steps=none_open,
                decimals=0,
            ),
            number(
                ("5. Succeeded", "Share of the jobs of the last day that should have ended, and are completed."),
                "percentunit",
                succeeded,
                no_value="no job",
                decimals=2,
            ),
            number(
                ("6. Bounds not respected", "Open incidents of budgets and of context windows."),
                "short",
                or_zero(bounds),
                steps=none_open,
                decimals=0,
            ),
        ),
    )


def _jobs() -> Row:
    """Replicas that share a journal say the same, so the most that one says counts."""
    missing, due = (total(_most(of(KNOWN, standing), "standing")) for standing in (MISSING, DUE))
    worst = f"topk(10, {_most(of(LOST))})"
    return Row(
        "Jobs of the last day",
        (
            number(
                (
                    "Lost jobs",
                    "Jobs of the last day that should have ended, and no worker has reported an end. AgentJobsLost is "
                    "a ticket for any; `loopwatch reconcile` names them.",
                ),
                "short",
                or_zero(missing),
                steps=((1, "orange"),),
                decimals=0,
            ),
            number(
                ("Lost", "Share of the jobs of the last day that should have ended, and are lost."),
                "percentunit",
                or_zero(ratio(missing, due)),
                steps=((0.000001, "orange"),),
                decimals=2,
            ),
            graph(
                (
                    "Jobs by how they stand",
                    "Jobs of the last day; those in flight and early ones are too young to be judged.",
                ),
                "short",
                Query(or_zero(total(_most(of(KNOWN), "standing"), "standing"), "standing"), "{{standing}}"),
                look=Look(
                    stacked=True,
                    colours={"completed": "green", "failed": "orange", "swept": "red", "overdue": "dark-red"},
                ),
                width=8,
            ),
            graph(
                ("Lost by type", "Share of a type's jobs that is lost; the worst ten."),
                "percentunit",
                Query(or_zero(worst, "job_type"), "{{job_type}} {{agent}}"),
                look=Look(max=1, no_value="no job"),
                width=8,
            ),
            listing(
                (
                    "Job types",
                    "Jobs of the last day that should have ended: a type that fails beside others that do not.",
                ),
                ("job_type", "agent", "service", "environment"),
                Column("Jobs", or_zero(total(_most(of(KNOWN, DUE), "standing"), *OF_JOB), "job_type"), decimals=0),
                Column("Succeeded", or_zero(_most(of(SUCCEEDED)), "job_type"), "percentunit", 2),
                Column("Lost", or_zero(_most(of(LOST)), "job_type"), "percentunit", 2),
                sort_by="Lost",
                width=24,
            ),
        ),
    )


def _most(series: str, *more: str) -> str:
    return f"max by ({', '.join((*OF_JOB, *more))}) ({series})"


def _ends() -> Row:
    wrong = ratio(total(grown(of(ENDED, WRONG), "1h"), "agent"), total(grown(of(ENDED), "1h"), "agent"))
    unknown = ratio(total(grown(of(ENDED, UNKNOWN), "6h"), "agent"), total(grown(of(ENDED), "6h"), "agent"))
    return Row(
        "How runs end",
        (
            graph(
                ("Runs ended by stop reason", "Why runs ended, counted in each step of the graph."),
                "short",
                Query(total(grown(of(ENDED)), "stop_reason"), "{{stop_reason}}"),
                look=Look(stacked=True, bars=True, colours={"completed": "green", "unknown": "text"}),
                width=9,
            ),
            graph(
                (
                    "Runs that went wrong by agent",
                    "Share of an agent's runs in the 1 h before; the worst ten.",
                ),
                "percentunit",
                Query(named("agent", f"topk(10, {wrong})"), "{{agent}}"),
                look=Look(max=1, min_step="5m", no_value="no run ended"),
                width=8,
            ),
            graph(
                (
                    "Unknown stop reasons by agent",
                    "Share of an agent's runs in the 6 h before each moment, and the limit of AgentStopReasonsUnknown.",
                ),
                "percentunit",
                Query(named("agent", f"topk(10, {unknown})"), "{{agent}}"),
                look=Look(thresholds=((UNKNOWN_LIMIT, "orange"),), max=1, min_step="5m", no_value="no run ended"),
                width=7,
            ),
            listing(
                (
                    "Stop reasons",
                    "All reasons for which runs ended in the chosen time, with a runbook for each: what it means and "
                    "what to do.",
                ),
                ("stop_reason",),
                Column("Runs", total(grown(of(ENDED), RANGE), "stop_reason"), decimals=0),
                links={"stop_reason": [("Runbook", "${runbooks}/stop-reasons/${__value.raw}.md")]},
                sort_by="Runs",
                width=9,
            ),
            listing(
                ("Runs that went wrong", "Agents and reasons, but for runs that were done or that a person stopped."),
                ("agent", "stop_reason", "service", "environment"),
                Column(
                    "Runs",
                    or_zero(f"{total(grown(of(ENDED, WRONG), RANGE), *BY, 'stop_reason')} > 0", "stop_reason"),
                    decimals=0,
                ),
                links={"stop_reason": [("Runbook", "${runbooks}/stop-reasons/${__value.raw}.md")]},
                sort_by="Runs",
                width=15,
            ),
        ),
    )


def _durations() -> Row:
    rates = rate(of(DURATION))
    week = quantile(0.95, f"increase({of(DURATION)}[7d])", *BY)
    hour = quantile(0.95, _hour(DURATION), *BY)
    return Row(
        "How long runs take",
        (
            heat(
                ("Duration of runs", "How many runs that ended took how long."),
                "s",
                total(grown(of(DURATION)), "le"),
                width=8,
            ),
            graph(
                ("Duration of runs, quantiles", "How long runs took that ended."),
                "s",
                *(Query(quantile(q, rates), f"{q:.0%}") for q in (0.5, 0.9, 0.95)),
                look=Look(min_step="5m", no_value="no run ended"),
                width=8,
            ),
            graph(
                (
                    "Duration against its week",
                    "95 % of an agent's runs in 1 h divided by the same of 7 d; AgentRunsSlow is a ticket above 2.",
                ),
                "short",
                Query(named("agent", f"topk(10, {known(hour)} / ({week} > 0))"), "{{agent}}"),
                look=Look(thresholds=((2, "orange"),), min_step="5m", no_value="no run ended"),
                width=8,
            ),
        ),
    )


def _tools() -> Row:
    share = ratio(total(_hour(RESULTS, FAILED), "agent"), total(_hour(RESULTS), "agent"))
    by = ("tool", "agent")
    called, failed = total(grown(of(CALLS), RANGE), *by), total(grown(of(CALLS, FAILED), RANGE), *by)
    return Row(
        "Tools",
        (
            graph(
                ("Failed tool calls by class", "Tool calls that failed, by class of the error, in each step."),
                "short",
                Query(total(f"increase({of(RESULTS, FAILED)}[$__rate_interval])", "error_class"), "{{error_class}}"),
                look=Look(stacked=True, bars=True),
                width=8,
            ),
            graph(
                (
                    "Failed tool calls by agent",
                    "Share of an agent's tool calls in the 1 h before each moment. AgentToolErrors is a ticket above "
                    "20 % of one class, AgentToolSchemaErrors above 5 %, of at least 20 calls.",
                ),
                "percentunit",
                Query(named("agent", f"topk(10, {share})"), "{{agent}}"),
                look=Look(
                    thresholds=((SCHEMA_LIMIT, "yellow"), (FAILED_LIMIT, "orange")),
                    max=1,
                    min_step="5m",
                    no_value="no tool call",
                ),
                width=8,
            ),
            listing(
                ("Tools", "Tool calls in the chosen time; the tools that failed most often first."),
                by,
                Column("Calls", called, decimals=0),
                Column("Failed", f"{failed} or 0 * {called}", decimals=0),
                Column("Share", ratio(failed, called), "percentunit", 1),
                sort_by="Failed",
                width=8,
            ),
        ),
    )


BOARD = Board(
    uid="loopwatch-jobs",
    title="Jobs and reliability",
    description="Which jobs are lost, why runs end, how long they take, and which tools fail them.",
    rows=(_now(), _questions(), _jobs(), _ends(), _durations(), _tools()),
    variables=agent_variables(),
)
