"""Context and tokens: how full windows get, and what goes in and out."""

from __future__ import annotations

from dashboards.frame import Board, Row, agent_variables
from dashboards.open_incidents import incident_table
from dashboards.panels import Look, Query, graph, heat, number, ranking
from dashboards.queries import RANGE, grown, named, of, open_incidents, or_zero, quantile, rate, ratio, total
from dashboards.tables import Column, listing

FILLED = "loopwatch_context_window_utilization_ratio_bucket"
CALLS = "loopwatch_context_window_utilization_ratio_count"
TOKENS = "loopwatch_tokens_total"
DETAILS = "loopwatch_token_details_total"
UNKNOWN = "loopwatch_model_calls_unknown_window_total"
INPUT = 'direction="input"'
CACHED = 'detail="cache_read"'
LIMITS = ((0.7, "orange"), (0.9, "red"))
"""The context detector says so from 70 % on, and warns from 90 % on."""


def _above(bound: str, gained: str) -> str:
    """The share of model calls that filled more than *bound* of their window; *gained* has a place for the series."""
    below = total(gained.format(of(FILLED, f'le="{bound}"')))
    return f"1 - {ratio(below, total(gained.format(of(CALLS))))}"


def _now() -> Row:
    hour = "increase({}[1h])"
    cached = ratio(total(grown(of(DETAILS, CACHED), "1h")), total(grown(of(TOKENS, INPUT), "1h")))
    unknown = total(grown(UNKNOWN, "1h"))
    return Row(
        "",
        (
            number(
                ("Context incidents open", "Open incidents of every severity that the context detector leads."),
                "short",
                open_incidents('detector="context"'),
                steps=((1, "orange"),),
                filled=True,
            ),
            number(
                ("Calls above 70 %, last hour", "Share of the model calls in 1 h that filled over 70 % of a window."),
                "percentunit",
                or_zero(_above("0.7", hour)),
                decimals=1,
            ),
            number(
                (
                    "Calls above 90 %, last hour",
                    "Share of the model calls in 1 h that filled over 90 % of a window: the next steps of their agents "
                    "may not fit.",
                ),
                "percentunit",
                or_zero(_above("0.9", hour)),
                steps=((0.001, "orange"),),
                decimals=1,
            ),
            number(
                ("Tokens, last hour", "Tokens into and out of models in 1 h."),
                "short",
                or_zero(total(grown(of(TOKENS), "1h"))),
                decimals=1,
            ),
            number(
                ("Input from cache, last hour", "Share of the input tokens in 1 h that the provider had cached."),
                "percentunit",
                or_zero(cached),
                decimals=1,
            ),
            number(
                (
                    "Calls with unknown window, last hour",
                    "Model calls in 1 h, of all agents, whose model's window nobody knows: their context is not "
                    "watched. Name the model under windows.",
                ),
                "short",
                or_zero(unknown),
                steps=((1, "orange"),),
                decimals=0,
            ),
        ),
    )


def _filling() -> Row:
    rates = rate(of(FILLED))
    return Row(
        "Context windows",
        (
            heat(
                (
                    "Utilisation of context windows",
                    "How many model calls filled which share of their model's window; the detector speaks from 70 % "
                    "and from 90 % on.",
                ),
                "percentunit",
                total(grown(of(FILLED)), "le"),
            ),
            graph(
                ("Utilisation, quantiles", "Which share of a window model calls filled, with the detector's limits."),
                "percentunit",
                *(Query(quantile(q, rates), f"{q:.0%}") for q in (0.5, 0.9, 0.99)),
                look=Look(thresholds=LIMITS, max=1, min_step="5m", no_value="no model call"),
            ),
            graph(
                (
                    "Utilisation by agent, 90 %",
                    "Nine of ten model calls of an agent filled less than this share; the ten fullest agents.",
                ),
                "percentunit",
                Query(named("agent", f"topk(10, {quantile(0.9, rates, 'agent')})"), "{{agent}}"),
                look=Look(thresholds=LIMITS, max=1, min_step="5m", no_value="no model call"),
            ),
            incident_table("Open context incidents", 'detector="context"', width=12),
        ),
    )


def _tokens() -> Row:
    cached = ratio(total(rate(of(DETAILS, CACHED))), total(rate(of(TOKENS, INPUT))))
    return Row(
        "Tokens",
        (
            graph(
                ("Tokens in and out", "Tokens a second; input has the cached ones, output the reasoning ones."),
                "short",
                Query(total(rate(of(TOKENS)), "direction"), "{{direction}}"),
                width=8,
            ),
            graph(
                (
                    "Cached and reasoning tokens",
                    "Tokens a second that were read from or written to the provider's cache, or spent on reasoning.",
                ),
                "short",
                Query(or_zero(total(rate(of(DETAILS)), "detail"), "detail"), "{{detail}}"),
                width=8,
            ),
            graph(
                (
                    "Share of input from cache",
                    "A fall means that the beginning of prompts changes from call to call, and costs money.",
                ),
                "percentunit",
                Query(or_zero(cached), "from cache"),
                look=Look(max=1, min_step="5m"),
                width=8,
            ),
        ),
    )


def _who() -> Row:
    by = ("agent", "service", "environment")
    sent, got = of(TOKENS, INPUT), of(TOKENS, 'direction="output"')
    return Row(
        "Agents and models",
        (
            listing(
                ("Tokens by agent", "Tokens of each agent in the chosen time; those with the most input first."),
                by,
                Column("Input", total(grown(sent, RANGE), *by), decimals=1),
                Column("Output", total(grown(got, RANGE), *by), decimals=1),
                Column("From cache", total(grown(of(DETAILS, CACHED), RANGE), *by), decimals=1),
                sort_by="Input",
                width=12,
            ),
            ranking(
                ("Tokens by model", "The ten models with the most tokens in the chosen time."),
                "short",
                Query(f"topk(10, {total(grown(of(TOKENS), RANGE), 'model')})", "{{model}}"),
                width=6,
            ),
            ranking(
                (
                    "Models with unknown window",
                    "Calls in the chosen time, of all agents. Name these models under windows in the configuration.",
                ),
                "short",
                Query(or_zero(f"topk(10, {total(grown(UNKNOWN, RANGE), 'model')} > 0)", "model"), "{{model}}"),
                colour="orange",
                width=6,
            ),
        ),
    )


BOARD = Board(
    uid="loopwatch-context",
    title="Context and tokens",
    description="How full the context windows of agents get, and the tokens that go in and out.",
    rows=(_now(), _filling(), _tokens(), _who()),
    variables=agent_variables(),
)
