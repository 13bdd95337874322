"""Loops and progress: what was found, which incidents are open, how many steps runs take."""

from __future__ import annotations

from dashboards.frame import Board, Row, agent_variables
from dashboards.open_incidents import incident_table
from dashboards.panels import SEVERITY_COLOURS, Look, Query, board_url, graph, heat, number, ranking
from dashboards.queries import (
    RANGE,
    grown,
    incidents,
    known,
    named,
    of,
    open_incidents,
    or_zero,
    quantile,
    rate,
    ratio,
    total,
)
from dashboards.tables import Column, listing

FOUND = "loopwatch_findings_raised_total"
ENDED = "loopwatch_runs_ended_total"
STEPS = "loopwatch_run_steps_bucket"
STUCK = 'stop_reason=~"loop_detected|no_progress|step_budget|tool_budget|retry_limit|time_budget"'


def _now() -> Row:
    stuck = ratio(total(grown(of(ENDED, STUCK), "1d")), total(grown(of(ENDED), "1d")))
    return Row(
        "",
        (
            number(
                ("Loops open", "Open incidents of every severity that the loop detector leads."),
                "short",
                open_incidents('detector="loop"'),
                steps=((1, "orange"),),
                filled=True,
            ),
            number(
                ("Agents without progress", "Open incidents of every severity that the progress detector leads."),
                "short",
                open_incidents('detector="progress"'),
                steps=((1, "orange"),),
                filled=True,
            ),
            number(
                ("Findings, last hour", "Findings of every detector that were new or got worse in 1 h."),
                "short",
                or_zero(total(grown(of(FOUND), "1h"))),
                decimals=0,
            ),
            number(
                (
                    "Runs that got stuck, last 24 h",
                    "Share of the runs that ended in 24 h because they looped, made no progress, or used up their "
                    "steps, tool calls, retries or time.",
                ),
                "percentunit",
                or_zero(stuck),
                decimals=1,
                link=("Jobs and reliability", board_url("loopwatch-jobs")),
            ),
            number(
                ("Steps of a run, median", "Half of the runs that ended in 24 h took fewer steps."),
                "short",
                known(quantile(0.5, f"increase({of(STEPS)}[1d])")),
                no_value="no run",
                decimals=0,
            ),
            number(
                ("Steps of a run, 99 %", "99 of 100 runs that ended in 24 h took fewer steps."),
                "short",
                known(quantile(0.99, f"increase({of(STEPS)}[1d])")),
                no_value="no run",
                decimals=0,
            ),
        ),
    )


def _incidents() -> Row:
    return Row(
        "Incidents",
        (
            incident_table("Open incidents", width=15),
            graph(
                ("Open incidents by detector", "How many are open at each moment, by the detector that leads."),
                "short",
                Query(or_zero(total(incidents(), "detector"), "detector"), "{{detector}}"),
                look=Look(stacked=True),
                width=9,
            ),
        ),
    )


def _findings() -> Row:
    return Row(
        "Findings",
        (
            graph(
                (
                    "Findings by detector",
                    "New or worse findings in each step of the graph. An exemplar leads to the trace of the step "
                    "that raised one.",
                ),
                "short",
                Query(total(grown(of(FOUND)), "detector"), "{{detector}}", exemplars=True),
                look=Look(stacked=True, bars=True),
                width=9,
            ),
            graph(
                ("Findings by severity", "The same findings by severity: only critical ones wake anybody."),
                "short",
                Query(total(grown(of(FOUND)), "severity"), "{{severity}}"),
                look=Look(stacked=True, bars=True, colours=SEVERITY_COLOURS),
                width=9,
            ),
            ranking(
                ("Findings by agent", "The ten agents with the most findings in the chosen time."),
                "short",
                Query(named("agent", f"topk(10, {total(grown(of(FOUND), RANGE), 'agent')})"), "{{agent}}"),
                colour="orange",
                width=6,
            ),
        ),
    )


def _steps() -> Row:
    rates = rate(of(STEPS))
    return Row(
        "Steps",
        (
            heat(
                ("Steps of runs", "How many runs that ended took how many steps: a loop is an island high up."),
                "short",
                total(grown(of(STEPS)), "le"),
            ),
            graph(
                (
                    "Steps of runs, quantiles",
                    "How many steps runs took that ended. A run above three times its type's 99 % of seven days is "
                    "an AgentStepsUnusual.",
                ),
                "short",
                *(Query(quantile(q, rates), f"{q:.0%}") for q in (0.5, 0.9, 0.99)),
                look=Look(min_step="5m", no_value="no run ended"),
            ),
        ),
    )


def _life() -> Row:
    by = ("agent", "detector")
    return Row(
        "The life of incidents",
        (
            graph(
                (
                    "Incidents opened, escalated, resolved",
                    "What happened to the incidents of all agents in each step of the graph.",
                ),
                "short",
                Query(total("increase(loopwatch_incident_changes_total[$__rate_interval])", "kind"), "{{kind}}"),
                look=Look(bars=True, colours={"opened": "orange", "escalated": "red", "resolved": "green"}),
            ),
            listing(
                (
                    "Mutes that hold",
                    "Agents and detectors that somebody muted with `loopwatch mute`: their incidents are shown here "
                    "and sent to nobody.",
                ),
                by,
                Column("Mutes", or_zero(f"max by ({', '.join(by)}) (loopwatch_mutes_active)", *by), decimals=0),
                width=12,
            ),
        ),
    )


BOARD = Board(
    uid="loopwatch-loops",
    title="Loops and progress",
    description="Agents that go round in circles or get no further: findings, incidents, steps.",
    rows=(_now(), _incidents(), _findings(), _steps(), _life()),
    variables=agent_variables(),
)
