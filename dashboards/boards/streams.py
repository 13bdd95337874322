"""Streams: the time to the first token, and the silence between tokens, apart."""

from __future__ import annotations

from dashboards.frame import Board, Row, agent_variables
from dashboards.open_incidents import incident_table
from dashboards.panels import Look, Query, graph, heat, number
from dashboards.queries import RANGE, grown, known, of, open_incidents, or_zero, quantile, rate, total
from dashboards.tables import Column, listing

TTFT = "loopwatch_stream_ttft_seconds"
GAP = "loopwatch_stream_largest_gap_seconds"
SLOW_S, STALLED_S = 60, 30
"""Where the stream detector warns of a late first token, and of a gap, by default."""
NONE = "no stream"


def _beyond(metric: str, limit_s: float) -> str:
    """The model calls in 1 h whose time was beyond *limit_s*."""
    within = total(grown(of(f"{metric}_bucket", f'le="{limit_s:.1f}"'), "1h"))
    return or_zero(f"{total(grown(of(f'{metric}_count'), '1h'))} - {within}")


def _quantile(metric: str, q: float) -> str:
    return known(quantile(q, grown(of(f"{metric}_bucket"), "1h")))


def _now() -> Row:
    return Row(
        "",
        (
            number(
                ("Stream incidents open", "Open incidents of every severity that the stream detector leads."),
                "short",
                open_incidents('detector="stream"'),
                steps=((1, "orange"),),
                filled=True,
            ),
            number(
                (
                    "First token after 60 s, last hour",
                    "Model calls in 1 h that waited over 60 s for their first token: the default limit of the "
                    "detector.",
                ),
                "short",
                _beyond(TTFT, SLOW_S),
                steps=((1, "orange"),),
                decimals=0,
            ),
            number(
                (
                    "Gaps over 30 s, last hour",
                    "Model calls in 1 h that were silent for over 30 s between two tokens: the default limit of the "
                    "detector.",
                ),
                "short",
                _beyond(GAP, STALLED_S),
                steps=((1, "orange"),),
                decimals=0,
            ),
            number(
                ("First token, median", "Half of the streamed model calls in the last hour had it sooner."),
                "s",
                _quantile(TTFT, 0.5),
                no_value=NONE,
            ),
            number(
                ("First token, 90 %", "Nine of ten streamed model calls in the last hour had it sooner."),
                "s",
                _quantile(TTFT, 0.9),
                no_value=NONE,
                steps=((SLOW_S, "orange"),),
            ),
            number(
                ("Longest gap, 90 %", "Nine of ten streamed model calls in the last hour had no longer one."),
                "s",
                _quantile(GAP, 0.9),
                no_value=NONE,
                steps=((STALLED_S, "orange"),),
            ),
        ),
    )


def _row(heading: str, what: str, metric: str, limits: tuple[tuple[float, str], ...], limit: str) -> Row:
    rates = rate(of(f"{metric}_bucket"))
    look = Look(thresholds=limits, min_step="5m", no_value="no streamed model call")
    return Row(
        heading,
        (
            heat(
                (
                    heading,
                    f"How many streamed model calls had which {what}. An exemplar leads to the trace of one of them.",
                ),
                "s",
                total(grown(of(f"{metric}_bucket")), "le"),
                exemplars=True,
                width=9,
            ),
            graph(
                (f"{heading}, quantiles", f"The {what} of streamed model calls, and {limit}."),
                "s",
                Query(quantile(0.5, rates), "50%", exemplars=True),
                *(Query(quantile(q, rates), f"{q:.0%}") for q in (0.9, 0.99)),
                look=look,
                width=8,
            ),
            graph(
                (
                    f"{heading} by model, 90 %",
                    f"Nine of ten calls of a model had a shorter {what}; the ten slowest models, and {limit}.",
                ),
                "s",
                Query(f"topk(10, {quantile(0.9, rates, 'model')})", "{{model}}"),
                look=look,
                width=7,
            ),
        ),
    )


def _who() -> Row:
    by = ("model", "agent")
    return Row(
        "Models, agents, incidents",
        (
            listing(
                (
                    "Streams by model and agent",
                    "Streamed model calls in the chosen time, and what nine of ten of them stayed below.",
                ),
                by,
                Column("Calls", total(grown(of(f"{TTFT}_count"), RANGE), *by), decimals=0),
                Column("First token, 90 %", known(quantile(0.9, grown(of(f"{TTFT}_bucket"), RANGE), *by)), "s"),
                Column("Longest gap, 90 %", known(quantile(0.9, grown(of(f"{GAP}_bucket"), RANGE), *by)), "s"),
                sort_by="First token, 90 %",
                width=12,
            ),
            incident_table("Open stream incidents", 'detector="stream"', width=12),
        ),
    )


BOARD = Board(
    uid="loopwatch-streams",
    title="Streams",
    description="How long streamed model calls wait for their first token, and how long they fall silent after it.",
    rows=(
        _now(),
        _row(
            "Time to first token",
            "time to its first token",
            TTFT,
            ((SLOW_S, "orange"),),
            "the detector's default limit of 60 s",
        ),
        _row(
            "Time between tokens",
            "longest silence between two tokens",
            GAP,
            ((STALLED_S, "orange"),),
            "the detector's default limit of 30 s",
        ),
        _who(),
    ),
    variables=agent_variables(),
)
