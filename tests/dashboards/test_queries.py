"""The rules of Grafana's dashboard-linter, for every query."""

from __future__ import annotations

import re

from tests.dashboards.boards import targets

WINDOWS = {
    "1h": r"\b1 h\b|\bhour\b",
    "6h": r"\b6 h\b",
    "1d": r"\b24 h\b|\b1 d\b|\bday\b",
    "3d": r"\b3 d",
    "7d": r"\b7 d",
    "30d": r"\b30 d",
}
"""Fixed windows, and what a panel's text must say of them."""
_WINDOW = re.compile(r"\b(\w+)\([^()]*?\[([^\]]+)\]")
_COUNTER = re.compile(r"\b(?:loopwatch|process)_\w+_(?:total|bucket|count|sum)\b")
_RATED = re.compile(rf"\b(?:rate|irate|increase)\({_COUNTER.pattern}")
_BORN = re.compile(r"\((loopwatch_\w+(?:\{[^}]*\})?) unless last_over_time\(\1\[1h\] offset [^)]+\)\)")


def test_rates_follow_the_resolution() -> None:
    """target-rate-interval: a fixed window is one that the panel speaks of, and no rate has one."""
    for target in targets():
        text = f"{target.panel['title']} {target.panel['description']}"
        for function, window in _WINDOW.findall(target.expr):
            if function in ("rate", "irate"):
                assert window == "$__rate_interval", target
            elif function == "increase" and window not in ("$__rate_interval", "$__range"):
                assert re.search(WINDOWS[window], text), f"{target}: {window}"


def test_counters_are_never_shown_bare() -> None:
    """target-counter-agg: a counter is rated or its increase is taken.

    The one exception is a series that was not there before the window: all it counted, it counted in the window.
    """
    for target in targets():
        rest = _BORN.sub("", target.expr)
        assert len(_COUNTER.findall(rest)) == len(_RATED.findall(rest)), target
