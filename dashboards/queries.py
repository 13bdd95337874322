"""The PromQL that panels share."""

from __future__ import annotations

FLEET = 'environment=~"$environment", service=~"$service", agent=~"$agent"'
"""Keeps the dashboard's choice of agents."""
WHO = "environment, service, agent"
INCIDENT = f"{WHO}, detector, pattern, severity"
"""What tells one open incident from another; replicas that see the same spans agree on it."""
CRITICAL = 'severity="critical"'
RATE = "$__rate_interval"
RANGE = "$__range"
_BORN_WITHIN = "1h"


def of(metric: str, *matchers: str) -> str:
    """The series of *metric* for the chosen agents that *matchers* keep as well."""
    return f"{metric}{{{', '.join((FLEET, *matchers))}}}"


def only(metric: str, *matchers: str) -> str:
    """The series of *metric* that *matchers* keep, of all agents."""
    return f"{metric}{{{', '.join(matchers)}}}" if matchers else metric


def total(expression: str, *by: str) -> str:
    """The sum of *expression*, for each value of the labels in *by* where there are any."""
    return f"sum by ({', '.join(by)}) ({expression})" if by else f"sum({expression})"


def grown(series: str, window: str = RATE) -> str:
    """What counters gained in *window*, with those that appeared in it.

    `increase` alone never sees the first event of a series, which for a rare one is the only event. What was not there
    in the hour before the window is new, so that a gap between scrapes is no birth.
    """
    born = f"{series} unless last_over_time({series}[{_BORN_WITHIN}] offset {window})"
    return f"({born}) or increase({series}[{window}])"


def rate(series: str) -> str:
    """What counters gain a second."""
    return f"rate({series}[{RATE}])"


def or_zero(expression: str, *labels: str) -> str:
    """*expression*, or 0 where it has no series but loopwatch is being scraped: silence is not health.

    The 0 says "none" in *labels*, for a graph that names its series by them.
    """
    zero = "0 * max(loopwatch_build_info)"
    for label in labels:
        zero = f'label_replace({zero}, "{label}", "none", "", "")'
    return f"{expression} or on() {zero}"


def named(label: str, expression: str) -> str:
    """*expression* with a word where *label* is empty: an agent whose name nobody told."""
    return f'label_replace({expression}, "{label}", "(unnamed)", "{label}", "")'


def ratio(part: str, whole: str) -> str:
    """*part* of *whole*; no value where there is no whole."""
    return f"{part} / ({whole} > 0)"


def quantile(q: float, buckets: str, *by: str) -> str:
    """The *q* quantile of a histogram of which *buckets* are the series' gains."""
    return f"histogram_quantile({q:g}, {total(buckets, 'le', *by)})"


def known(expression: str) -> str:
    """*expression* where it is a number: the quantile of nothing is none."""
    return f"({expression} >= 0)"


def incidents(*matchers: str) -> str:
    """Open incidents as 1, those just resolved as 0, each once however many replicas tell of it.

    A scrape that fails for a while resolves nothing.
    """
    return f"max by ({INCIDENT}) (last_over_time({of('loopwatch_open_incidents', *matchers)}[10m]))"


def open_incidents(*matchers: str) -> str:
    """How many incidents are open."""
    return or_zero(total(incidents(*matchers)))
