"""Fleet overview: is anything wrong, where, and what does it cost?"""

from __future__ import annotations

from dashboards.frame import Board, Row, agent_variables
from dashboards.open_incidents import incident_table
from dashboards.panels import SEVERITY_COLOURS, Look, Query, board_url, graph, number, ranking
from dashboards.queries import CRITICAL, RANGE, grown, incidents, named, of, open_incidents, or_zero, rate, ratio, total
from dashboards.tables import Column, listing

ENDED = "loopwatch_runs_ended_total"
SPENT = "loopwatch_cost_usd_total"
RESULTS = "loopwatch_tool_results_total"
FAILED = 'error_class!=""'
UNKNOWN_SHARE = 0.05
"""From here AgentStopReasonsUnknown is a ticket."""


def _now() -> Row:
    unknown = total(grown(of(ENDED, 'stop_reason="unknown"'), "6h"))
    failed = total(f"increase({of(RESULTS, FAILED)}[1h])")
    return Row(
        "",
        (
            number(
                ("Critical incidents open", "Each of them wakes a person. One incident is one agent's problem."),
                "short",
                open_incidents(CRITICAL),
                steps=((1, "red"),),
                filled=True,
                link=("Loops and progress", board_url("loopwatch-loops")),
            ),
            number(
                ("Warnings open", "Each of them is a ticket for office hours."),
                "short",
                open_incidents('severity="warning"'),
                steps=((1, "orange"),),
                filled=True,
                link=("Loops and progress", board_url("loopwatch-loops")),
            ),
            number(
                ("Spend, last hour", "US dollars of model calls and priced tools of the chosen agents in 1 h."),
                "currencyUSD",
                or_zero(total(grown(of(SPENT), "1h"))),
                decimals=2,
                link=("Money and budgets", board_url("loopwatch-money")),
            ),
            number(
                (
                    "Unknown stop reasons, last 6 h",
                    "Share of the runs that ended in 6 h of which nobody can tell why: they were lost, or their "
                    "instrumentation ends no root span. From 5 % on it is a ticket.",
                ),
                "percentunit",
                or_zero(ratio(unknown, total(grown(of(ENDED), "6h")))),
                steps=((UNKNOWN_SHARE, "orange"),),
                decimals=1,
                link=("Jobs and reliability", board_url("loopwatch-jobs")),
            ),
            number(
                (
                    "Failed tool calls, last hour",
                    "Share of the tool calls in 1 h that failed in any way, by schema, permission, rate limit, "
                    "timeout or fault.",
                ),
                "percentunit",
                or_zero(ratio(failed, total(f"increase({of(RESULTS)}[1h])"))),
                decimals=1,
                link=("Jobs and reliability", board_url("loopwatch-jobs")),
            ),
            number(
                ("Sessions open", "Sessions whose state is held now, of all agents: the choice above does not apply."),
                "short",
                "sum(loopwatch_sessions_open)",
                link=("loopwatch itself", board_url("loopwatch-self")),
            ),
        ),
    )


def _incidents() -> Row:
    return Row(
        "Incidents",
        (
            incident_table("Open incidents", width=15),
            graph(
                ("Open incidents by severity", "How many are open at each moment, by severity."),
                "short",
                Query(or_zero(total(incidents(), "severity"), "severity"), "{{severity}}"),
                look=Look(stacked=True, colours=SEVERITY_COLOURS),
                width=9,
            ),
        ),
    )


def _runs() -> Row:
    return Row(
        "Runs and tools",
        (
            graph(
                (
                    "Runs ended by stop reason",
                    "Why runs ended, counted in each step of the graph. Reasons have runbooks of their own: see Jobs "
                    "and reliability.",
                ),
                "short",
                Query(total(grown(of(ENDED)), "stop_reason"), "{{stop_reason}}"),
                look=Look(stacked=True, bars=True, colours={"completed": "green", "unknown": "text"}),
            ),
            graph(
                ("Failed tool calls by class", "Tool calls that failed, by class of the error, in each step."),
                "short",
                Query(
                    or_zero(total(f"increase({of(RESULTS, FAILED)}[$__rate_interval])", "error_class"), "error_class"),
                    "{{error_class}}",
                ),
                look=Look(stacked=True, bars=True),
            ),
        ),
    )


def _use() -> Row:
    return Row(
        "Money, tokens, steps",
        (
            graph(
                ("Spend rate by agent", "US dollars an hour, the ten agents that spend most."),
                "currencyUSD",
                Query(named("agent", f"topk(10, 3600 * {total(rate(of(SPENT)), 'agent')})"), "{{agent}}"),
                look=Look(stacked=True, min_step="5m"),
                width=8,
            ),
            graph(
                ("Tokens", "Tokens a second into and out of models."),
                "short",
                Query(total(rate(of("loopwatch_tokens_total")), "direction"), "{{direction}}"),
                width=8,
            ),
            graph(
                ("Steps", "Model calls and tool calls a second."),
                "short",
                Query(total(rate(of("loopwatch_steps_total")), "kind"), "{{kind}}"),
                width=8,
            ),
        ),
    )


def _agents() -> Row:
    by = ("agent", "service", "environment")
    failed = f"increase({of(RESULTS, FAILED)}[{RANGE}])"
    agent = "var-agent=${__value.raw:percentencode}&var-datasource=${datasource}"
    return Row(
        "Agents",
        (
            listing(
                ("Agents", "What each agent used and did in the chosen time; those that spent most first."),
                by,
                Column("Spend", total(grown(of(SPENT), RANGE), *by), "currencyUSD", 2),
                Column("Tokens", total(grown(of("loopwatch_tokens_total"), RANGE), *by), decimals=0),
                Column("Steps", total(grown(of("loopwatch_steps_total"), RANGE), *by), decimals=0),
                Column("Runs ended", total(grown(of(ENDED), RANGE), *by), decimals=0),
                Column("Failed tool calls", total(failed, *by), decimals=0),
                Column("Open incidents", total(incidents(), *by), decimals=0),
                links={
                    "agent": [
                        ("This agent only", board_url("loopwatch-fleet", agent)),
                        ("Its money", board_url("loopwatch-money", agent)),
                    ]
                },
                sort_by="Spend",
                width=18,
            ),
            ranking(
                ("Open incidents by agent", "The ten agents with the most open incidents."),
                "short",
                Query(or_zero(named("agent", f"topk(10, {total(incidents(), 'agent')} > 0)"), "agent"), "{{agent}}"),
                colour="orange",
                width=6,
            ),
        ),
    )


BOARD = Board(
    uid="loopwatch-fleet",
    title="Fleet",
    description="All agents at a glance: open incidents, how runs end, what they cost. Start here.",
    rows=(_now(), _incidents(), _runs(), _use(), _agents()),
    variables=agent_variables(),
)
