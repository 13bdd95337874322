"""The rules of Grafana's dashboard-linter, and some of our own, for every panel and query."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.boards import FILES, Target, load, marks, panels, targets, variables

UNITS = {"short", "percentunit", "currencyUSD", "s", "bytes", "dtdurations"}
"""Those that are used, of the linter's list."""
WINDOWS = {
    "5m": r"5 min",
    "10m": r"",
    "1h": r"\b1 h\b|\bhour\b",
    "6h": r"\b6 h\b",
    "1d": r"\b24 h\b|\b1 d\b|\bday\b",
    "3d": r"\b3 d",
    "7d": r"\b7 d",
    "30d": r"\b30 d",
}
"""Fixed windows, and what a panel's text must say of them."""
_WINDOW = re.compile(r"\b(\w+)\([^()]*?\[([^\]]+)\]")
_COUNTER = re.compile(r"(\w+)\(\s*(loopwatch_\w+_(?:total|bucket|count|sum)|process_\w+_total)\b")
each_board = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
each_target = pytest.mark.parametrize("target", tuple(targets()), ids=str)
PANELS = [(file.stem, panel) for file in FILES for panel in panels(load(file))]
each_panel = pytest.mark.parametrize(
    ("board", "panel"), PANELS, ids=[f"{board} / {p.get('title')}" for board, p in PANELS]
)


@each_board
def test_the_data_source_is_chosen_once(file: Path) -> None:
    """template-datasource: the first variable is the data source, and it is a Prometheus."""
    first = load(file)["templating"]["list"][0]

    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")


@each_board
def test_variables_offer_several_values_and_all(file: Path) -> None:
    """Every query variable asks the chosen data source.

    "All" also matches an agent that has no name yet, but no target of Prometheus that is another program.
    """
    queried = [item for item in variables(load(file)).values() if item["type"] == "query"]

    assert queried
    for item in queried:
        assert item["datasource"]["uid"] == "${datasource}"
        assert (item["multi"], item["includeAll"]) == (True, True)
        assert item.get("allValue") == (None if item["name"] in ("job", "instance") else ".*")
        assert item["query"]["query"] == item["definition"]


@each_board
def test_no_variable_is_unused_or_undeclared(file: Path) -> None:
    """Each variable of our own in a query or link exists, and each one that exists is used."""
    built_in = {"__rate_interval", "__range", "__interval", "__url_time_range", "__all_variables", "__value"}
    text = file.read_text("utf-8")
    used = {one or other for one, other in re.findall(r"\$\{(\w+)[^}]*\}|\$(\w+)", text)} - built_in - {"__all"}

    assert used == set(variables(load(file)))


@each_board
def test_nobody_edits_it_in_place(file: Path) -> None:
    """uneditable: a change belongs into a copy, or it is lost with the next version."""
    assert load(file)["editable"] is False


@each_board
def test_annotations_use_the_chosen_data_source(file: Path) -> None:
    """Critical incidents are marked from the same Prometheus that the panels ask."""
    assert all(item["datasource"]["uid"] == "${datasource}" for item in marks(load(file)))


@each_board
def test_panels_have_ids_of_their_own(file: Path) -> None:
    """Links to a panel lead to one."""
    ids = [panel["id"] for panel in load(file)["panels"]]

    assert len(ids) == len(set(ids))


@each_board
def test_panels_do_not_overlap(file: Path) -> None:
    """Every panel has a place of its own within the 24 columns, and no row has a hole at its end."""
    board = load(file)["panels"]

    for one, other in combinations(board, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    width_by_line: dict[int, int] = {}
    for panel in board:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        width_by_line[place["y"]] = width_by_line.get(place["y"], 0) + place["w"]
    assert set(width_by_line.values()) == {24}


@each_panel
def test_panels_say_what_they_show(board: str, panel: dict[str, Any]) -> None:
    """panel-title-description: a title, and a sentence for those who do not know the metric."""
    assert panel["title"]
    assert len(panel["description"].split()) >= 5
    assert panel["description"].endswith(".")


@each_panel
def test_panels_use_the_chosen_data_source(board: str, panel: dict[str, Any]) -> None:
    """panel-datasource, for the panel and each of its queries."""
    for holder in (panel, *panel["targets"]):
        assert holder["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@each_panel
def test_panels_have_a_unit(board: str, panel: dict[str, Any]) -> None:
    """panel-units: one that Grafana knows, for the panel and for columns of their own."""
    properties = [item for override in panel["fieldConfig"]["overrides"] for item in override["properties"]]
    units = [item["value"] for item in properties if item["id"] == "unit"]

    assert {panel["fieldConfig"]["defaults"]["unit"], *units} <= UNITS


@each_panel
def test_panels_have_queries(board: str, panel: dict[str, Any]) -> None:
    """panel-no-targets; and each query has a name of its own."""
    refs = [target["refId"] for target in panel["targets"]]

    assert refs
    assert len(refs) == len(set(refs))


@each_panel
def test_graphs_have_a_legend_with_figures(board: str, panel: dict[str, Any]) -> None:
    """Who reads a graph wants its last and its largest value as numbers."""
    if panel["type"] == "timeseries":
        legend = panel["options"]["legend"]
        assert legend["showLegend"] is True
        assert {"lastNotNull", "max"} <= set(legend["calcs"])


@each_panel
def test_drawn_thresholds_rise(board: str, panel: dict[str, Any]) -> None:
    """Grafana wants them sorted, the first without a value."""
    if "thresholds" in panel["fieldConfig"]["defaults"]:
        first, *steps = (step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"])
        assert first is None
        assert steps == sorted(set(steps))


@each_target
def test_rates_follow_the_resolution(target: Target) -> None:
    """target-rate-interval: a fixed window is one that the panel speaks of, and no rate has one."""
    text = f"{target.panel['title']} {target.panel['description']}"
    for function, window in _WINDOW.findall(target.expr):
        if function in ("rate", "irate"):
            assert window == "$__rate_interval"
        elif function in ("increase", "avg_over_time"):
            assert window in ("$__rate_interval", "$__range") or re.search(WINDOWS[window], text), window


@each_target
def test_counters_are_never_shown_bare(target: Target) -> None:
    """target-counter-agg: a counter is rated or its increase is taken.

    The one exception is a series that was not there before the window: all it counted, it counted in the window.
    """
    born = re.compile(r"\((loopwatch_\w+(?:\{[^}]*\})?) unless last_over_time\(\1\[1h\] offset [^)]+\)\)")
    rest = born.sub("", target.expr)
    counters = re.findall(r"\b(?:loopwatch|process)_\w+_(?:total|bucket|count|sum)\b", rest)
    rated = re.findall(r"\b(?:rate|increase|irate)\((?:loopwatch|process)_\w+_(?:total|bucket|count|sum)\b", rest)

    assert len(counters) == len(rated)


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (apart_x or apart_y)
