"""Money and budgets: how fast it goes, whether it will do, and where it went."""

from __future__ import annotations

from dashboards.frame import Board, Row, agent_variables
from dashboards.open_incidents import incident_table
from dashboards.panels import Look, Query, graph, heat, number, ranking
from dashboards.queries import (
    RANGE,
    WHO,
    grown,
    known,
    named,
    of,
    only,
    open_incidents,
    or_zero,
    quantile,
    rate,
    ratio,
    total,
)
from dashboards.tables import Column, listing

SPENT = "loopwatch_cost_usd_total"
FLEET_SPENT = "loopwatch_fleet_cost_usd_total"
BUDGET = "loopwatch_fleet_budget_usd"
RUN_COST = "loopwatch_run_cost_usd"
UNPRICED = "loopwatch_model_calls_unpriced_total"
ENTIRE, TYPED = 'agent_type=""', 'agent_type!=""'
NO_BUDGET = "budgets.fleet_usd_per_30d is not set"
BURN_WINDOWS = (("1 h", "1h", 720), ("6 h", "6h", 120), ("24 h", "1d", 30), ("3 d", "3d", 10))
"""Label, window, and how many such windows the 30 days of a budget have."""
BURN_LIMITS = ((1, "yellow"), (3, "orange"), (6, "red"), (14.4, "dark-red"))
"""FleetBudgetBurn: 1 over 3 d and 3 over 24 h are tickets, 6 over 6 h and 14.4 over 1 h are pages."""


def _budget(matcher: str) -> str:
    return f"max by (agent_type) (last_over_time({only(BUDGET, matcher)}[10m]))"


def _burn(window: str, windows: int) -> str:
    spent = total(f"increase({FLEET_SPENT}[{window}])")
    return f"{windows} * {spent} / on() {_budget(ENTIRE)}"


def _type_burn(window: str, windows: int) -> str:
    spent = total(f"increase({only(FLEET_SPENT, TYPED)}[{window}])", "agent_type")
    return f"{windows} * {spent} / on (agent_type) {_budget(TYPED)}"


def _now() -> Row:
    month = total(f"increase({FLEET_SPENT}[30d])")
    return Row(
        "",
        (
            number(
                ("Spend, last hour", "US dollars of model calls and priced tools of the chosen agents in 1 h."),
                "currencyUSD",
                or_zero(total(grown(of(SPENT), "1h"))),
                decimals=2,
            ),
            number(
                ("Spend, last 24 h", "US dollars of model calls and priced tools of the chosen agents in 24 h."),
                "currencyUSD",
                or_zero(total(grown(of(SPENT), "1d"))),
                decimals=2,
            ),
            number(
                (
                    "Forecast for 30 d",
                    "What the whole fleet spends in 30 d at the rate of the last 24 h; the choice of agents does not "
                    "apply.",
                ),
                "currencyUSD",
                or_zero(f"30 * {total(f'increase({FLEET_SPENT}[1d])')}"),
                decimals=0,
            ),
            number(
                (
                    "Budget left",
                    "Share of budgets.fleet_usd_per_30d that the last 30 d left over; Prometheus must keep that much.",
                ),
                "percentunit",
                f"1 - {month} / on() {_budget(ENTIRE)}",
                steps=((None, "red"), (0.1, "orange"), (0.25, "green")),
                decimals=1,
                no_value="no budget",
            ),
            number(
                (
                    "Burn rate, last hour",
                    "How many times faster than the budget allows the whole fleet spent in 1 h; 14.4 pages.",
                ),
                "short",
                _burn("1h", 720),
                steps=BURN_LIMITS,
                decimals=2,
                no_value="no budget",
            ),
            number(
                ("Budget incidents open", "Open incidents of single agents beyond a limit of theirs."),
                "short",
                open_incidents('detector="budget"'),
                steps=((1, "orange"),),
                filled=True,
            ),
        ),
    )


def _budget_row() -> Row:
    fleet = total(f"increase({FLEET_SPENT}[1d])")
    return Row(
        "Budget of the whole fleet",
        (
            graph(
                (
                    "Burn rate",
                    "1 spends exactly the budget in 30 d. FleetBudgetBurn is a ticket above 1 over 3 d or 3 over 24 h, "
                    "a page above 6 over 6 h or 14.4 over 1 h. Windows longer than what Prometheus has seen start low.",
                ),
                "short",
                *(Query(_burn(window, windows), label) for label, window, windows in BURN_WINDOWS),
                look=Look(thresholds=BURN_LIMITS, min_step="5m", no_value=NO_BUDGET),
                width=9,
            ),
            graph(
                (
                    "Forecast against budget",
                    "What 30 d cost at the rate of the 24 h and of the 3 d before each moment, and the budget.",
                ),
                "currencyUSD",
                Query(or_zero(f"30 * {fleet}"), "at the rate of 24 h"),
                Query(or_zero(f"10 * {total(f'increase({FLEET_SPENT}[3d])')}"), "at the rate of 3 d"),
                Query(_budget(ENTIRE), "budget"),
                look=Look(min_step="5m", colours={"budget": "red"}),
                width=8,
            ),
            graph(
                (
                    "Burn rate by agent type",
                    "The same over 6 h for agent types with a budget of their own: AgentTypeBudgetBurn pages above 6.",
                ),
                "short",
                Query(_type_burn("6h", 120), "{{agent_type}}"),
                look=Look(
                    thresholds=BURN_LIMITS, min_step="5m", no_value="budgets.fleet_usd_per_30d_by_type is not set"
                ),
                width=7,
            ),
        ),
    )


def _where() -> Row:
    return Row(
        "Where it goes",
        (
            graph(
                ("Spend rate by agent", "US dollars an hour, the ten agents that spend most."),
                "currencyUSD",
                Query(named("agent", f"topk(10, 3600 * {total(rate(of(SPENT)), 'agent')})"), "{{agent}}"),
                look=Look(stacked=True, min_step="5m"),
            ),
            ranking(
                ("Top agents", "US dollars in the chosen time, the ten agents that spent most."),
                "currencyUSD",
                Query(named("agent", f"topk(10, {total(grown(of(SPENT), RANGE), 'agent')})"), "{{agent}}"),
                width=4,
            ),
            ranking(
                ("Top models", "US dollars in the chosen time, the ten models that cost most."),
                "currencyUSD",
                Query(f"topk(10, {total(grown(of(SPENT), RANGE), 'model')})", "{{model}}"),
                width=4,
            ),
            ranking(
                ("Agent types", "US dollars of the whole fleet in the chosen time, by the type of the agent."),
                "currencyUSD",
                Query(named("agent_type", total(f"increase({FLEET_SPENT}[{RANGE}])", "agent_type")), "{{agent_type}}"),
                width=4,
            ),
        ),
    )


def _runs() -> Row:
    by = tuple(WHO.split(", "))
    mean = {
        window: ratio(
            total(f"increase({of(f'{RUN_COST}_sum')}[{window}])", *by),
            total(f"increase({of(f'{RUN_COST}_count')}[{window}])", *by),
        )
        for window in ("1h", "7d", RANGE)
    }
    runs = f"increase({of(f'{RUN_COST}_count')}[{RANGE}])"
    return Row(
        "Cost of a run",
        (
            graph(
                (
                    "Cost per finished run by agent",
                    "Mean of the runs that ended in 1 h, the ten dearest agents. AgentRunCostRising is a ticket above "
                    "twice the mean of 7 d, while as many runs complete as before.",
                ),
                "currencyUSD",
                Query(named("agent", f"topk(10, {mean['1h']})"), "{{agent}}"),
                look=Look(min_step="5m", no_value="no run ended"),
                width=8,
            ),
            graph(
                (
                    "Cost per run against its week",
                    "Mean of 1 h divided by the mean of 7 d, by agent; 2 is the limit of AgentRunCostRising.",
                ),
                "short",
                Query(named("agent", f"topk(10, ({mean['1h']}) / ({mean['7d']}))"), "{{agent}}"),
                look=Look(thresholds=((2, "orange"),), min_step="5m", no_value="no run ended"),
                width=8,
            ),
            heat(
                ("Cost of runs", "How many runs that ended cost how much: look for what moves to the top."),
                "currencyUSD",
                total(grown(of(f"{RUN_COST}_bucket")), "le"),
                width=8,
            ),
            listing(
                (
                    "Cost of runs by agent",
                    "Runs that ended in the chosen time; the dearest agents first.",
                ),
                by[::-1],
                Column("Mean", mean[RANGE], "currencyUSD", 4),
                Column(
                    "90 %",
                    known(quantile(0.9, f"increase({of(f'{RUN_COST}_bucket')}[{RANGE}])", *by)),
                    "currencyUSD",
                    4,
                ),
                Column("Runs", f"{total(runs, *by)} > 0", decimals=0),
                sort_by="Mean",
                width=10,
            ),
            ranking(
                (
                    "Models without a price",
                    "Calls in the chosen time, of all agents, that cost an unknown amount: name these models under "
                    "prices.",
                ),
                "short",
                Query(or_zero(f"topk(10, {total(grown(UNPRICED, RANGE), 'model')} > 0)", "model"), "{{model}}"),
                colour="orange",
                width=4,
            ),
            incident_table("Open budget incidents", 'detector="budget"', width=10),
        ),
    )


BOARD = Board(
    uid="loopwatch-money",
    title="Money and budgets",
    description="What agents spend, how fast the budget burns, what a run costs.",
    rows=(_now(), _budget_row(), _where(), _runs()),
    variables=agent_variables(),
    period="now-24h",
)
